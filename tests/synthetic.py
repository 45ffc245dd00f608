"""Runs without training: folders as a training process writes them, with dynamics drawn from a seed. Only for tests.

Shapes: N examples, C classes.
"""

import hashlib

import numpy as np

import ftft
from ftft.domain import Run, RunSpec, Seeds
from ftft.dynamics import Epoch
from ftft.runfolder import RunFolder

LABELS = ("negative", "positive")


def add_dataset(ws: ftft.Workspace, folder, name: str = "reviews", rows: int = 60) -> str:
    """A dataset of `rows` short reviews, half of them positive, with one evaluation set out of distribution."""
    for file, n in (("train", rows), ("ood", 20)):
        lines = [f"{file}-{i},review {i} of {file} {'good' if i % 2 else 'bad'},{LABELS[i % 2]}" for i in range(n)]
        (folder / f"{file}.csv").write_text("\n".join(["id,text,label", *lines]) + "\n", encoding="utf-8")
    ws.data.add(name, train=folder / "train.csv", text=["text"], label="label", evaluations=[f"ood={folder / 'ood.csv'}:ood"])
    return name


def spec_of(ws: ftft.Workspace, dataset: str, seed: int, **settings) -> RunSpec:
    """A spec of a model that does not exist: nothing can train it."""
    about = ws.data.get(dataset)
    print_ = hashlib.sha256(f"model {settings.get('model', '')}".encode()).hexdigest()
    return RunSpec(
        dataset=dataset, dataset_fingerprint=about.fingerprint, model_fingerprint=print_, seeds=Seeds.of(seed, print_, None), seed=seed,
        **({"model": "/nowhere/tiny", "epochs": 3} | settings),
    )  # fmt: skip


def add_run(ws: ftft.Workspace, dataset: str, seed: int = 1, epochs: int = 3, verdict: dict | None = None, **settings) -> Run:
    """A run whose complete epochs are published; with a verdict it has ended."""
    spec = spec_of(ws, dataset, seed, **settings)
    folder = ws.runs.folder(spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    record(ws, folder, dataset, seed, epochs)
    if verdict is not None:
        steps = spec.total_steps(ws.data.get(dataset).train.rows)
        folder.publish_verdict({"state": "succeeded", "scores": {}, "cost": {}, "steps_done": steps, **verdict})
    return ws.runs.get(spec.run)


def record(ws: ftft.Workspace, folder: RunFolder, dataset: str, seed: int, epochs: int) -> None:
    """Publishes complete epochs of dynamics drawn from a seed."""
    draw = np.random.default_rng(seed)
    ids_N, gold_N = ws.data.ids(dataset), ws.data.gold(dataset)
    easiness_N = draw.normal(1, 1.5, len(ids_N))
    for number in range(1, epochs + 1):
        margin_N = easiness_N + 0.4 * number + draw.normal(0, 0.8, len(ids_N))
        logits_NC = np.zeros((len(ids_N), 2), np.float32)
        logits_NC[np.arange(len(ids_N)), gold_N] = margin_N
        step_N = np.arange(len(ids_N)) // 32 + 1
        folder.publish_epoch(Epoch(number, ids_N, gold_N, logits_NC, step_N, "online", f"order-{seed}-{number}"))
