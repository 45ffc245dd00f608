"""A workspace in a temporary folder with small runs, and stores of both kinds."""

import numpy as np
import pandas as pd
import pytest

from ftft.dynamics import Dynamics, Epoch
from ftft.runfolder import RunFolder
from ftft.store import Store

LABELS = ("no", "yes")


def dynamics_of(folder: RunFolder) -> Dynamics:
    """What the files of a run say, read without anything of what is tested here."""
    epochs = [folder.read_epoch(number) for number in folder.epoch_files()]
    logits, hashes = np.array([e.logits_NC for e in epochs]), tuple(e.order_hash for e in epochs)
    return Dynamics(folder.run, epochs[0].ids_N, epochs[0].gold_N, logits, tuple(folder.epoch_files()), epochs[0].capture, hashes)


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path):
    """Everything works the same over a file and over memory."""
    with Store.open(tmp_path / "test.duckdb") if request.param == "file" else Store.memory() as opened:
        yield opened


@pytest.fixture
def make_epoch():
    """`make_epoch(number, n=12, classes=2)`: an epoch with random logits. Example 0, gold 0, is never learnt."""

    def make(number, n=12, classes=2, **changes):
        logits = (2 * np.random.default_rng(number).normal(size=(n, classes))).astype(np.float32)
        logits[0, :2] = [0, 9]
        ids = np.array([f"example-{i:02d}" for i in range(n)], dtype=object)
        gold = np.arange(n) % classes
        known = {"ids_N": ids, "gold_N": gold, "logits_NC": logits, "step_N": np.arange(1, n + 1), "capture": "online"}
        return Epoch(number, **{**known, "order_hash": f"order-{number}", **changes})

    return make


@pytest.fixture
def make_run(tmp_path, make_epoch):
    """`make_run("a", epochs=(1, 2, 3))`: a run's folder with these epochs published."""

    def make(run="a", epochs=(1, 2, 3), **options):
        folder = RunFolder(tmp_path / "runs" / run)
        for number in epochs:
            folder.publish_epoch(make_epoch(number, **options))
        return folder

    return make


@pytest.fixture
def train_file(tmp_path):
    """train.parquet of twelve examples in an order of their own, with two text columns and one without a value."""
    order = np.random.default_rng(7).permutation(12)
    frame = pd.DataFrame(
        {
            "id": [f"example-{i:02d}" for i in order],
            "label": [LABELS[i % 2] for i in order],
            "premise": [f"Premise {i} is 100% {'GOOD' if i < 3 else 'bad'}" for i in order],
            "hypothesis": [None if i == 5 else f"hypothesis {i}" for i in order],
            "year": [2000 + i for i in order],
        }
    )
    frame.to_parquet(tmp_path / "train.parquet")
    return tmp_path / "train.parquet"
