"""Workspaces for the pages, drawn instead of trained: a model that only looks like one, subsets, and runs in every state."""

import json
import struct
from pathlib import Path

import ftft
from ftft.domain import Run, RunSpec, Selection, Step
from ftft.jobs import Queue

SETTINGS = {"epochs": 3, "lr": 1e-4, "batch_size": 16, "max_length": 32}
EVALUATIONS = ("test", "flips")
LABELS = ("negative", "positive")


def model(folder: Path, layers: int = 2) -> str:
    """What `ws.plan` looks at: a configuration and the header of weights."""
    folder.mkdir(parents=True)
    header = json.dumps({"w": {"dtype": "F32", "shape": [layers], "data_offsets": [0, 4 * layers]}}).encode()
    (folder / "config.json").write_text(json.dumps({"num_hidden_layers": layers}))
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4 * layers))
    return str(folder)


def dataset(ws: ftft.Workspace, folder: Path, name: str = "reviews", rows: int = 48, labels: tuple[str, str] = LABELS) -> str:
    """Half of either label; one test set in distribution, one out of it."""
    for file, n in (("train", rows), ("test", 8), ("flips", 8)):
        lines = [f"{file}-{i},<b>text</b> {i} of {file} {name},{labels[i % 2]}" for i in range(n)]
        (folder / f"{name}-{file}.csv").write_text("\n".join(["id,text,label", *lines]), encoding="utf-8")
    places = {file: folder / f"{name}-{file}.csv" for file in ("train", *EVALUATIONS)}
    evaluations = [f"test={places['test']}:id", f"flips={places['flips']}:ood"]
    ws.data.add(name, train=places["train"], text=["text"], label="label", evaluations=evaluations)
    return name


def subset(ws: ftft.Workspace, name: str, ids: list[str]) -> str:
    """A subset of `reviews` by its ids."""
    ws.subsets.save(name, Selection("reviews", (Step("new", "ids", {"ids": ids}),)))
    return name


def scores(test: float, flips: float) -> dict[str, dict[str, float | None]]:
    """Scores of one run, AUROC missing as where gold has one class."""
    values = dict(zip(EVALUATIONS, (test, flips), strict=True))
    return {name: {"accuracy": value, "macro_f1": value - 0.1, "auroc": None, "loss": 0.5} for name, value in values.items()}


def finish(ws: ftft.Workspace, spec: RunSpec, test: float, flips: float, flops: float = 2e12) -> Run:
    """A run that succeeded with these accuracies."""
    return verdict(ws, spec, state="succeeded", scores=scores(test, flips), cost={"train_flops": flops, "seconds": 75.0})


def fail(ws: ftft.Workspace, spec: RunSpec) -> Run:
    """A run that ran out of memory."""
    error = {"kind": "out_of_memory", "message": "no memory left at step 2", "remedy": "Halve the batch size"}
    return verdict(ws, spec, state="failed", cause="out_of_memory", error=error)


def verdict(ws: ftft.Workspace, spec: RunSpec, **values) -> Run:
    """A run with a verdict and some progress before it."""
    folder = ws.runs.folder(spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    progress(ws, spec)
    folder.publish_verdict({"cause": None, "error": {}, "scores": {}, "cost": {}, "steps_done": 2, "warnings": [], **values})
    return ws.runs.get(spec.run)


def progress(ws: ftft.Workspace, spec: RunSpec) -> None:
    """Two steps, and a log."""
    folder = ws.runs.folder(spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    lines = [{"time": 100.0 + step, "step": step, "steps": 9, "epoch": 1, "loss": 1 / step, "lr": 1e-4} for step in (1, 2)]
    folder.metrics_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    folder.log_file.write_text("the log of this run\n")


def queue(ws: ftft.Workspace, spec: RunSpec) -> Run:
    """A run that waits."""
    ws.runs.folder(spec.run).create(spec, "2026-01-01T00:00:00+00:00")
    Queue(ws.path).submit(spec.run)
    return ws.runs.get(spec.run)
