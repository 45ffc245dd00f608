"""How near estimates come to what runs then cost.

    python -m benchmarks.estimates --out estimates.json [--data FOLDER] [--rows 4000]

Each case is estimated first, in a workspace where this model was never trained, and then trained in a process of its own, which is
watched twenty times a second: its memory (the highest resident size of the process), and the size of the run's folder. Seconds are from the
start of that process to its end. The last case is the first with another seed: by then a run tells how fast the machine is.

FOLDER holds the contextual abuse dataset (train.jsonl.gz, dev.jsonl.gz; Vidgen et al. 2021). Without it texts are drawn, with lengths like
cad's. The models are those that come with the package.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

import ftft
from benchmarks.training import cad_like_texts
from ftft.domain import Estimate, RunSpec, Selection
from ftft.workspace.training import bundled_models

PAUSE_S = 0.05
CASES: list[dict[str, Any]] = [
    {"model": "bert-2x64", "epochs": 2},
    {"model": "bert-2x128", "epochs": 1, "subset": "long", "precision": "fp32"},
    {"model": "bert-2x128", "epochs": 1, "subset": "short", "precision": "fp32"},
    {"model": "electra-2x64", "epochs": 2, "capture": "epoch_end", "stop": "id_dev", "evals": 4, "patience": 4},
    {"model": "bert-2x64", "epochs": 2, "seed": 2},
]


def cad_rows(folder: Path, name: str, rows: int) -> list[dict[str, str]]:
    """The first rows of a file that have a text."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row["text"].strip()][:rows]


def write(ws: ftft.Workspace, folder: Path, data: Path | None, rows: int) -> None:
    """The dataset "texts", and its subsets "long" and "short": the third with the longest, and with the shortest texts."""
    files = {}
    for name, n in (("train", rows), ("dev", rows // 4)):
        drawn = ({"id": f"{name}-{k}", "text": text, "label": label} for k, (text, label) in enumerate(cad_like_texts(n)))
        made = cad_rows(data, name, n) if data else list(drawn)
        files[name] = folder / f"{name}.jsonl"
        files[name].write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    ws.data.add("texts", train=files["train"], text="text", label="label", evaluations=[f"dev={files['dev']}:id:dev"])
    by_length = ws.data.rows("texts").assign(length=lambda rows: rows["text"].str.len()).sort_values("length")["id"].tolist()
    third = len(by_length) // 3
    for name, ids in (("short", by_length[:third]), ("long", by_length[-third:])):
        ws.select(Selection.from_json({"dataset": "texts", "steps": [{"op": "new", "by": "ids", "ids": ids}]}), name=name)


def train(ws: ftft.Workspace, spec: RunSpec) -> dict[str, float]:
    """Runs it, and says what it took: seconds, memory_bytes, peak_disk_bytes, disk_bytes, flops."""
    folder = ws.runs.folder(spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    memory = peak = 0
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "ftft", "run-spec", str(folder.path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None:
        memory, peak = max(memory, _resident(process.pid)), max(peak, sum(_sizes(folder.path)))
        time.sleep(PAUSE_S)
    seconds = time.perf_counter() - began
    verdict = folder.verdict() or {}
    assert verdict.get("state") == "succeeded", verdict.get("error")
    flops = verdict["cost"]["train_flops"] + verdict["cost"]["eval_flops"]
    size = sum(_sizes(folder.path))
    return {"flops": flops, "seconds": seconds, "memory_bytes": memory, "peak_disk_bytes": max(peak, size), "disk_bytes": size}


def _resident(pid: int) -> int:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0


def _sizes(folder: Path) -> Iterator[int]:
    for file in folder.rglob("*"):
        try:
            if file.is_file():
                yield file.stat().st_size
        except FileNotFoundError:
            continue


def run(data: Path | None, rows: int, out: Path) -> None:
    """All cases; `out` holds those that are done."""
    models = {folder.name: str(folder) for folder in bundled_models()}
    found: dict[str, Any] = {"texts": "cad" if data else "drawn, lengths like cad's", "rows": rows, "cases": []}
    with tempfile.TemporaryDirectory() as name:
        ws = ftft.Workspace(Path(name) / "workspace", runner=False)
        write(ws, Path(name), data, rows)
        for case in CASES:
            settings = {k: v for k, v in case.items() if k not in ("model", "seed")}
            (spec,) = ws.plan("texts", model=models[case["model"]], seeds=(case.get("seed", 1),), lr=5e-4, **settings)
            began = time.perf_counter()
            said = ws.estimate([spec], wait=True)
            assert isinstance(said, Estimate)
            asked = time.perf_counter() - began
            was = train(ws, spec)
            compared = {
                what: {"estimated": getattr(said, what), "actual": was[what], "ratio": getattr(said, what) / was[what]} for what in was
            }
            found["cases"].append({"case": case, "measured": said.measured, "measuring_seconds": asked, **compared})
            line = "  ".join(f"{what} {pair['ratio']:.3f} ({pair['actual']:.4g})" for what, pair in compared.items())
            print(f"{json.dumps(case)}  {said.measured}, in {asked:.1f} s  {line}", file=sys.stderr, flush=True)
            out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rows", type=int, default=4000)
    given = parser.parse_args()
    run(given.data, given.rows, given.out)
