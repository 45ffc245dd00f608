"""Ingest is killed at random, again and again; and many write at once. In the end the tables are those of an undisturbed ingest."""

import multiprocessing
import random
import subprocess
import sys
import time

import numpy as np
import pytest

import ftft
from ftft.dynamics import Epoch
from ftft.runfolder import RunFolder
from ftft.store import Store, open_database
from tests.synthetic import add_dataset, spec_of

N, EPOCHS, RUNS = 20_000, 4, ("a", "b")
TABLES = ("ingested", "epochs", "members", "dynamics", "metrics", "results")
INGESTING = """
import shutil, sys
from pathlib import Path
from ftft.runfolder import RunFolder
from ftft.store import open_database
workspace = Path(sys.argv[1])
folders = [RunFolder(workspace / "runs" / run) for run in sys.argv[2:]]
store = open_database(workspace)
for folder in folders:
    store.ingest(folder)
print("begun", flush=True)
while True:
    for folder in folders:
        store.forget(folder.run)
        shutil.rmtree(workspace / "cache", ignore_errors=True)
        store.ingest(folder)
"""


def publish(folder: RunFolder, numbers) -> None:
    ids_N = np.array([f"example-{k:06d}" for k in range(N)], dtype=object)
    for number in numbers:
        logits_NC = np.random.default_rng([len(folder.run), number]).normal(size=(N, 2)).astype(np.float32)
        folder.publish_epoch(Epoch(number, ids_N, np.arange(N) % 2, logits_NC, np.arange(N), "online", f"order-{number}"))


def tables(store: Store) -> dict[str, list]:
    """Everything that the database says, in an order of its own."""
    with store._cursor() as cursor:
        return {table: cursor.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


@pytest.fixture
def workspace(tmp_path):
    for run in RUNS:
        folder = RunFolder(tmp_path / "runs" / run)
        publish(folder, range(1, EPOCHS + 1))
        folder.publish_verdict({"state": "succeeded", "scores": {"test": {"accuracy": 0.5}}})
    return tmp_path


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_an_ingest_that_is_killed_at_random_ends_like_one_that_is_not(workspace, kills):
    folders, dice = [RunFolder(workspace / "runs" / run) for run in RUNS], random.Random(kills)
    with Store.memory() as undisturbed:
        for folder in folders:
            undisturbed.ingest(folder)
        wanted = tables(undisturbed)
    for _ in range(kills):
        with subprocess.Popen([sys.executable, "-c", INGESTING, str(workspace), *RUNS], stdout=subprocess.PIPE) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == b"begun\n"
            time.sleep(dice.random() * 0.6)
            victim.kill()
        store = open_database(workspace)
        assert store is not None
        with store:
            for epoch, rows, count in counts(store):
                assert rows == count == N, f"half of epoch {epoch}"
    with open_database(workspace) as store:
        for folder in folders:
            store.ingest(folder)
        assert tables(store) == wanted


def counts(store: Store) -> list[tuple[int, int, int]]:
    """(epoch, rows, distinct rows) of each epoch of each run."""
    with store._cursor() as cursor:
        return cursor.execute("SELECT epoch, count(*), count(DISTINCT row) FROM dynamics GROUP BY run, epoch").fetchall()


def train_and_look(workspace, seed: int, answer) -> None:
    """What two trainings and two notebooks do at once: publish an epoch, then ask what is known of the run."""
    ws = ftft.Workspace(workspace, runner=False)
    spec = spec_of(ws, "reviews", seed)
    folder = ws.runs.folder(spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    ids_N, gold_N = ws.data.ids("reviews"), ws.data.gold("reviews")
    for number in range(1, EPOCHS + 1):
        logits_NC = np.random.default_rng([seed, number]).normal(size=(len(ids_N), 2)).astype(np.float32)
        folder.publish_epoch(Epoch(number, ids_N, gold_N, logits_NC, gold_N + 1, "online", ""))
        with ws.store(runs=[spec.run]) as store:
            confidence_N = store.metrics(spec.run)["confidence"]
        answer.put((spec.run, number, bool(np.array_equal(confidence_N, ws.map(spec.run).values["confidence"]))))


def test_two_that_publish_and_ingest_at_once_lose_nothing_and_take_nothing_twice(tmp_path):
    ws = ftft.Workspace(tmp_path / "workspace", runner=False)
    add_dataset(ws, tmp_path, rows=60)
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    writers = [context.Process(target=train_and_look, args=(ws.path, seed, answer)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    runs, numbers = sorted(ws.runs.ids()), range(1, EPOCHS + 1)
    assert sorted(answer.get(timeout=5) for _ in range(2 * EPOCHS)) == [(run, number, True) for run in runs for number in numbers]
    with ws.store(runs=runs) as store:
        assert [store.epochs(run) for run in runs] == [tuple(numbers)] * 2
        assert [(rows, distinct) for _, rows, distinct in counts(store)] == [(60, 60)] * EPOCHS * 2
