"""How fast a large run is ingested and mapped, and in how much memory.

    python -m benchmarks.store [--rows 1000000] [--epochs 10] [--times 10] [--out FILE.json]

A dataset of so many rows and a run of so many epochs with three classes are drawn into a temporary folder (about 1.5 GB at the default
size), then: *ingest* from files to the database, checks and caches included; *map*, that is confidence, variability and correctness, over
all epochs from the materialised table, over a range by SQL on the fly, and over the same range from the memory-mapped p(gold); a *search*
through all texts, and the texts of a *page*. Ways to the same map take turns. Peak memory is that of a process of its own.
Prints a table; --out keeps every number.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import ftft
from benchmarks.timing import Pairs, pairs, seconds, times
from ftft.curves import DRAWN, read_curves
from ftft.domain import RunSpec, Seeds
from ftft.dynamics import Epoch
from ftft.store import Store, open_database

CLASSES = ("contradiction", "entailment", "neutral")
MODEL = "0" * 64  # fingerprint of a model that nobody has
WORDS = (
    "this is text number {} of a large data set, and it goes on for as many words as the texts of such data sets tend to have, about twenty"
)
INGESTS = 3

MEMORY = {
    "map, all metrics": "found = ws.map(run); found.regions(); dict(found.values)",
    "map over a range": "ws.map(run, (2, ws.map(run).epochs[1])).values['variability']",
    "page of the app": "assert ws.own(); ws.examples('large', run=run, sort='variability')",
    "page beside the app": "ws.examples('large', run=run, sort='variability')",
}
# Not `ru_maxrss`: a child starts with its parent's.
PROCESS = """
import sys
import ftft
ws, run = ftft.Workspace(sys.argv[1], runner=False), sys.argv[2]
{}
ws.close()
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def draw(ws: ftft.Workspace, folder: Path, rows: int, epochs: int) -> str:
    """Fills the workspace; the run's id."""
    dice = np.random.default_rng(0)
    drawn = dice.integers(0, len(CLASSES), rows)
    with (folder / "large.csv").open("w") as file:
        file.write("id,text,label\n")
        file.writelines(f'train-{n:08d},"{WORDS.format(n)}",{CLASSES[gold]}\n' for n, gold in enumerate(drawn))
    about = ws.data.add("large", train=folder / "large.csv", text=["text"], label="label", evaluations=[])
    spec = RunSpec(
        dataset="large", dataset_fingerprint=about.fingerprint, model="/nowhere", model_fingerprint=MODEL, seeds=Seeds.of(1, MODEL, None),
        seed=1, epochs=epochs,
    )  # fmt: skip
    run = ws.runs.folder(spec.run)
    run.create(spec, about.created)
    ids_N, gold_N, easy_N = ws.data.ids("large"), ws.data.gold("large"), dice.normal(1, 1.5, rows)
    for number in range(1, epochs + 1):
        logits_NC = dice.normal(0, 0.5, (rows, len(CLASSES))).astype(np.float32)
        logits_NC[np.arange(rows), gold_N] += easy_N + 0.3 * number + dice.normal(0, 0.8, rows)
        run.publish_epoch(Epoch(number, ids_N, gold_N, logits_NC, np.arange(rows) // 32 + 1, "online", f"order-{number}"))
    run.publish_verdict({"state": "succeeded", "scores": {}, "cost": {}, "steps_done": 1})
    return spec.run


def ingest(ws: ftft.Workspace, run: str, folder: Path, rows: int) -> dict[str, Any]:
    """Rows a second of INGESTS ingests into new databases, each with its caches to be made."""
    taken = []
    for k in range(INGESTS):
        cache = ws.path / "cache" / "curves"
        if cache.exists():
            cache.rename(folder / f"old-cache-{k}")
        with Store.open(folder / f"ingest-{k}.duckdb") as store:
            taken.append(seconds(lambda: store.ingest(ws.runs.folder(run))))
    return {"seconds": taken, "rows_per_second": [round(rows / s) for s in taken], "median": statistics.median(taken)}


def ways(store: Store, ws: ftft.Workspace, run: str, epochs: int) -> dict[str, Callable[[], Any]]:
    """Three ways to a map, what it takes to open the mapped files again, and what pages of examples ask of the database."""
    folder, cache = ws.runs.folder(run), ws.path / "cache"
    curves, chosen = read_curves(folder, cache), (2, epochs - 1)

    def mapped() -> None:
        found = curves.map(CLASSES, chosen)
        assert all(len(found.values[name]) for name in DRAWN)

    return {
        "materialised": lambda: store.metrics(run, DRAWN),
        "on the fly": lambda: store.summary(run, chosen, DRAWN),
        "memory-mapped": mapped,
        "memory-mapped, opened anew": lambda: read_curves(folder, cache).map(CLASSES, chosen).values["confidence"],
        "search": lambda: store.matching("large", "number 77"),
        "search by an expression": lambda: store.matching("large", r"number 77\d*1 ", regex=True),
        "texts of a page": lambda: store.texts("large", np.arange(0, len(curves.ids_N), len(curves.ids_N) // 100)),
    }


def memory(ws: ftft.Workspace, run: str, what: str) -> float:
    """Peak resident memory, GB, of a process that does `what`."""
    holder = open_database(ws.path) if what == "page beside the app" else None
    try:
        words = [sys.executable, "-c", PROCESS.format(MEMORY[what]), str(ws.path), run]
        return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout) / 1e6
    finally:
        if holder:
            holder.close()


def measure(folder: Path, rows: int, epochs: int, n: int) -> dict[str, Any]:
    ws = ftft.Workspace(folder / "workspace", runner=False)
    run = draw(ws, folder, rows, epochs)
    found: dict[str, Any] = {"rows": rows, "epochs": epochs, "classes": len(CLASSES), "machine": machine()}
    found["ingest"] = ingest(ws, run, folder, rows * epochs)
    with ws.store(runs=[run], datasets=["large"]) as store:
        way = ways(store, ws, run, epochs)
        found["seconds"] = {name: times(call, n) for name, call in way.items()}
        for a in ("materialised", "on the fly"):
            compared: Pairs = pairs(way[a], way["memory-mapped"], n)
            found.setdefault("ratios", {})[f"{a} / memory-mapped"] = compared.to_json()
    found["peak_gb"] = {what: memory(ws, run, what) for what in MEMORY}
    return found


def machine() -> dict[str, str]:
    """What the figures depend on, in general words."""
    versions = {name: metadata.version(name) for name in ("duckdb", "numpy", "pyarrow")}
    return {"cores": str(len(os.sched_getaffinity(0))), "processor": platform.machine(), "python": platform.python_version(), **versions}


def table(found: dict[str, Any]) -> str:
    lines = [f"{found['rows']:,} rows x {found['epochs']} epochs, {found['classes']} classes; {found['machine']}", ""]
    lines += ["| | median | interval |", "|---|---|---|"]
    rates = found["ingest"]["rows_per_second"]
    lines.append(f"| ingest, rows of dynamics a second | {statistics.median(rates):,.0f} | {min(rates):,} – {max(rates):,} |")
    for name, t in found["seconds"].items():
        lines.append(f"| {name}, ms | {t['median'] * 1e3:.1f} | {t['low'] * 1e3:.1f} – {t['high'] * 1e3:.1f} |")
    for name, r in found["ratios"].items():
        lines.append(f"| {name}, ratio | {r['median']:.2f} | {r['low']:.2f} – {r['high']:.2f} |")
    lines += [f"| {what}, peak memory in GB | {gb:.2f} | |" for what, gb in found["peak_gb"].items()]
    return "\n".join(lines)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rows", type=int, default=1_000_000)
    words.add_argument("--epochs", type=int, default=10)
    words.add_argument("--times", type=int, default=10)
    words.add_argument("--out", type=Path)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), asked.rows, asked.epochs, asked.times)
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
