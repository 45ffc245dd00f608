"""Experiments without training: each planned run gets the predictions, the bill and the dynamics that a test wants. Only for tests.

Shapes: N examples, C classes.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import ftft
from ftft.domain import RunSpec
from ftft.scores import scores
from ftft.workspace.ftft_design import Plan
from ftft.workspace.training import bundled_models
from tests.synthetic import LABELS, record

MAIN, REFERENCE = (str(model) for model in bundled_models()[:2])
HOW = {"main": MAIN, "reference": REFERENCE, "seeds": 2, "epochs": 3, "batch_size": 16, "max_length": 16}
FLOPS = {"train_flops": 100.0, "repeated_flops": 7.0, "eval_flops": 50.0, "stop_flops": 10.0, "capture_flops": 0.0}
Right = Callable[[RunSpec, str], float]


def add_task(
    ws: ftft.Workspace, folder: Path, rows: int = 60, sets: tuple[str, ...] = ("dev:id:dev", "near:id", "odev:ood:dev", "far:ood")
) -> str:
    """The dataset "task": learnable texts, evaluation sets as NAME:DISTRIBUTION[:ROLE], a column `kind` with two groups."""
    names = [one.partition(":") for one in sets]
    for name, n in (("train", rows), *((name, 40) for name, *_ in names)):
        lines = [f"{name}-{i},text {i} {('dull', 'fine')[i % 2]},{LABELS[i % 2]},{'ab'[i // 2 % 2]}" for i in range(n)]
        (folder / f"{name}.csv").write_text("\n".join(["id,text,label,kind", *lines]) + "\n", encoding="utf-8")
    evaluations = [f"{name}={folder / name}.csv:{what}" for name, _, what in names]
    return ws.data.add("task", train=folder / "train.csv", text=["text"], label="label", evaluations=evaluations).name


def finish(ws: ftft.Workspace, plan: Plan, right: Right = lambda spec, evaluation: 0.7, **bill: Callable[[RunSpec], float]) -> None:
    """Gives every run of a plan that is not there its end. `right`: the chance that it is right about an example of a set."""
    ws.experiment.queue(plan)
    for spec in plan.specs:
        if ws.runs.get(spec.run).state == "queued":
            end(ws, spec, right, **bill)


def end(ws: ftft.Workspace, spec: RunSpec, right: Right, **bill: Callable[[RunSpec], float]) -> None:
    """One run's dynamics, if it records any, its predictions and its verdict."""
    folder, about = ws.runs.folder(spec.run), ws.data.get(spec.dataset)
    if spec.capture != "none":
        record(ws, folder, spec.dataset, spec.seed or 0, spec.epochs or 3)
    if spec.selection or spec.steps_of:
        ws.prepare(spec.run)
    found = {}
    for split in (*about.evaluations, *([about.train] if spec.predict_train else [])):
        ids_N, gold_N, logits_NC = predictions(ws, spec, split.name, right(spec, split.name))
        folder.publish_predictions(split.name, ids_N, gold_N, logits_NC)
        found[split.name] = scores(gold_N, logits_NC)
    found.pop("train", None)
    steps = folder.spec_to_train().total_steps(about.train.rows)
    stop = {"on": spec.stop, "step": steps // 2, "best_step": steps // 3, "best": 0.5, "early": True} if spec.stop else None
    cost = FLOPS | {name: of(spec) for name, of in bill.items()}
    done = stop["step"] if stop else steps
    folder.publish_verdict({"state": "succeeded", "scores": found, "cost": cost, "steps_done": done, "stop": stop})
    ws.jobs._queue.remove(spec.run)


def predictions(ws: ftft.Workspace, spec: RunSpec, split: str, chance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(ids_N, gold_N, logits_NC): right with that chance, by the run's own luck."""
    rows = ws.data.rows(spec.dataset, split)
    gold_N = np.array([LABELS.index(label) for label in rows["label"]])
    draw = np.random.default_rng([int(spec.run[:8], 16), len(split)])
    pred_N = np.where(draw.random(len(rows)) < chance, gold_N, 1 - gold_N)
    logits_NC = draw.normal(0, 0.1, (len(rows), 2)).astype(np.float32)
    logits_NC[np.arange(len(rows)), pred_N] += 2
    return rows["id"].to_numpy(object), gold_N, logits_NC
