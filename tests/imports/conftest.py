"""Files as other people's code writes them, all telling of the same run: four reviews, two classes, three epochs."""

import json

import numpy as np
import pytest

IDS = ("a1", "a2", "a3", "a4")
GOLD = (0, 1, 1, 0)  # theirs: 0 is positive
LABELS = ("positive", "negative", "negative", "positive")
LOGITS = np.random.default_rng(3).normal(0, 2, (3, 4, 2)).astype(np.float32)  # epochs, examples, their classes


def p_gold() -> np.ndarray:
    """(E, N), by hand."""
    p = np.exp(LOGITS.astype(float)) / np.exp(LOGITS.astype(float)).sum(axis=2, keepdims=True)
    return np.stack([p[:, n, g] for n, g in enumerate(GOLD)], axis=1)


@pytest.fixture
def dataset(ws, tmp_path) -> str:
    """The reviews in the workspace, with the label that is 0 in the files second, and in another order."""
    rows = [f"{i},text {i},{label}" for i, label in reversed(list(zip(IDS, LABELS, strict=True)))]
    (tmp_path / "train.csv").write_text("\n".join(["id,text,label", *rows]) + "\n")
    ws.data.add("reviews", train=tmp_path / "train.csv", text=["text"], label="label")
    return "reviews"


@pytest.fixture
def write(tmp_path):
    """`write("name.jsonl", rows)`: JSON Lines in a folder of its own."""

    def write(name, rows):
        file = tmp_path / "theirs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return file

    return write


def rows_of(epoch, key="logits_epoch_{}", guid="guid", **more):
    """The lines of dynamics_epoch_N.jsonl."""
    return [{guid: i, key.format(epoch): [float(v) for v in LOGITS[epoch % 3, n]], "gold": GOLD[n], **more} for n, i in enumerate(IDS)]


@pytest.fixture
def cartography(write):
    """A folder of dynamics_epoch_N.jsonl."""

    def make(change=lambda epoch, rows: rows, epochs=(0, 1, 2), **how):
        for epoch in epochs:
            file = write(f"dynamics_epoch_{epoch}.jsonl", change(epoch, rows_of(epoch, **how)))
        return file.parent

    return make


def kinds(found) -> set[str]:
    return {f.kind for f in found}
