"""A workspace as large as the app must bear: `python -m benchmarks.big_workspace FOLDER [--rows 1000000] [--references 4] [--epochs 10]`.

Nothing trains: logits are drawn such that the maps look like those of real fine-tuning. Most examples are learnt within an epoch or two,
some are not settled to the end, some are never learnt. What an example is like is shared by all references; how it went in one run is not.
Real run folders, written as a training process writes them: 1,000,000 x 4 x 10 take a minute and a half, and 0.6 GB to which the app adds
about 1.5. What is there is used again.

Shapes: N examples, C classes.
"""

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import ftft
from ftft.domain import RunSpec, Seeds
from ftft.dynamics import Epoch

DATASET = "large"
MODELS = ("electra-small", "deberta-v3-small", "tinybert-l4")
SUBJECTS = ("the plot", "this phone", "our hotel room", "the soup", "her first novel", "the last update", "a friend of mine", "the cast")
VERDICTS = (
    "was splendid",
    "could have been better",
    "is a waste of money",
    "made my day",
    "never works",
    "was fine, I suppose",
    "grew on me",
)
ENDINGS = ("", ", frankly", " and I would come again", ", as expected", " until the third week", ", or so they say")


@dataclass(frozen=True)
class Nature:
    """What an example is like, whoever learns it: `goal_N`, the margin of its gold label in the end, in logits; `pace_N`, the epochs that
    it takes; `unrest_N`, how far the margin jumps from one epoch to the next."""

    goal_N: np.ndarray
    pace_N: np.ndarray
    unrest_N: np.ndarray

    @classmethod
    def drawn(cls, rows: int, dice: np.random.Generator) -> "Nature":
        """Seven in ten are easy, two ambiguous, one hard, without a gap between them."""
        kind_N = dice.choice(3, rows, p=(0.7, 0.2, 0.1))
        goal_N = np.array((4.2, 1.0, -2.2))[kind_N] + np.array((1.3, 1.4, 1.1))[kind_N] * dice.normal(size=rows)
        pace_N = dice.exponential(np.array((0.8, 3.0, 2.0))[kind_N]) + 0.15
        return cls(goal_N, pace_N, np.array((0.5, 1.6, 0.6))[kind_N] * dice.lognormal(0, 0.3, rows))


def big_workspace(folder: Path, rows: int = 1_000_000, references: int = 4, epochs: int = 10, classes: int = 2) -> ftft.Workspace:
    """The workspace in `folder`, made if it is not there; what is missing of it is added, so that it can be broken off."""
    folder.mkdir(parents=True, exist_ok=True)
    ws = ftft.Workspace(folder / "workspace", runner=False)
    labels = ("negative", "positive", "neutral")[:classes]
    if DATASET not in ws.data.names():
        _write_texts(folder / "train.csv", rows, labels)
        ws.data.add(DATASET, train=folder / "train.csv", text=["text"], label="label")
        (folder / "train.csv").unlink()
    about = ws.data.get(DATASET)
    if (about.train.rows, len(about.labels)) != (rows, classes):
        raise SystemExit(f"{folder} holds {about.train.rows:,} examples with {len(about.labels)} labels. Name another folder")
    nature = Nature.drawn(rows, np.random.default_rng(0))
    for number in range(references):
        _write_run(ws, nature, MODELS[number // 2 % len(MODELS)], number % 2 + 1 + number // 6 * 2, epochs)
    return ws


def _write_texts(file: Path, rows: int, labels: tuple[str, ...]) -> None:
    dice = np.random.default_rng(1)
    words = [np.array(choices, object)[dice.integers(0, len(choices), rows)] for choices in (SUBJECTS, VERDICTS, ENDINGS, labels)]
    with file.open("w", encoding="utf-8") as out:
        out.write("id,text,topic,label\n")
        for n, (subject, verdict, ending, label) in enumerate(zip(*words, strict=True)):
            out.write(f'train-{n:07d},"{subject} {verdict}{ending} (no. {n})",{subject.split()[-1]},{label}\n')


def _write_run(ws: ftft.Workspace, nature: Nature, model: str, seed: int, epochs: int) -> None:
    """One reference; its epochs that are there stay."""
    about = ws.data.get(DATASET)
    print_ = hashlib.sha256(model.encode()).hexdigest()
    spec = RunSpec(
        dataset=DATASET, dataset_fingerprint=about.fingerprint, model=f"/models/{model}", model_fingerprint=print_,
        seeds=Seeds.of(seed, print_, None), seed=seed, epochs=epochs,
    )  # fmt: skip
    run = ws.runs.folder(spec.run)
    if run.verdict():
        return
    run.create(spec, f"2026-01-01T00:00:0{seed}+00:00")
    ids_N, gold_N, rows = ws.data.ids(DATASET), ws.data.gold(DATASET), about.train.rows
    model_dice = np.random.default_rng(int(print_[:8], 16))  # what a model makes of an example is shared by its seeds
    bias_N = 0.6 * model_dice.normal(size=rows)
    dice = np.random.default_rng([int(print_[:8], 16), seed])
    goal_N, step_N = nature.goal_N + bias_N + 0.5 * dice.normal(size=rows), (np.arange(rows) // 32 + 1).astype(np.int32)
    for number in range(1, epochs + 1):
        margin_N = goal_N * (1 - np.exp(-(number - 0.5) / nature.pace_N)) + nature.unrest_N * dice.normal(size=rows)
        if number not in run.epoch_files():
            logits_NC = (0.3 * dice.normal(size=(rows, len(about.labels)))).astype(np.float32)
            logits_NC[np.arange(rows), gold_N] += margin_N.astype(np.float32)
            run.publish_epoch(Epoch(number, ids_N, gold_N, logits_NC, step_N, "online", f"order-{model}-{seed}-{number}"))
    run.publish_verdict({"state": "succeeded", "scores": {}, "cost": {}, "steps_done": spec.total_steps(rows)})


def arguments(words: argparse.ArgumentParser) -> None:
    """How large: what every benchmark on such a workspace asks."""
    words.add_argument("--rows", type=int, default=1_000_000)
    words.add_argument("--references", type=int, default=4)
    words.add_argument("--epochs", type=int, default=10)


def main(given: list[str] | None = None) -> Any:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    arguments(words)
    asked = words.parse_args(given)
    ws = big_workspace(asked.folder, asked.rows, asked.references, asked.epochs)
    print(ws.path, *(run.id for run in ws.runs.list()), sep="\n")


if __name__ == "__main__":
    main()
