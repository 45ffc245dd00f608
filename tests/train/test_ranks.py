"""Two processes train one run: each example once, whatever the batch leaves over, and kill or resume change nothing."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ftft.runfolder import RunFolder
from ftft.train import engine, run_folder
from ftft.train.attempt import Attempt
from tests.train.tiny import new_run

pytestmark = pytest.mark.skipif(torch.accelerator.is_available(), reason="forks a process that has seen an accelerator")

LEAVING_ONE_OVER = {"batch_size": 4, "grad_accum": 2}  # the last of twelve batches holds one example: nothing for the second process
EARLY = {"stop": "id_dev", "evals": 6, "patience": 1, "lr": 1e-6}  # hardly learns, so that it stops


def in_two_processes(folder: RunFolder, kill_after: int | None = None, signal_after: int | None = None) -> list[int | None]:
    """Trains `folder` and gives both exit codes; the second process may be killed, or the first asked to stop, after so many updates."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_rank, args=(folder, r, port, kill_after, signal_after)) for r in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def _rank(folder: RunFolder, rank: int, port: int, kill_after: int | None, signal_after: int | None) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    engine.CHECKPOINT_EVERY = 0.0
    usual = engine.Engine.compute_loss

    def watched(self, *inputs, **more):
        if self.state.global_step == kill_after and rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.state.global_step == signal_after and rank == 0 and not self.watch.stop.requested:
            os.kill(os.getpid(), signal.SIGTERM)
        return usual(self, *inputs, **more)

    engine.Engine.compute_loss = watched
    try:
        run_folder(folder)
    except KeyboardInterrupt:
        sys.exit(130)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, tiny_model):
    folder = new_run(tmp_path_factory.mktemp("undisturbed") / "ws", tiny_model, **LEAVING_ONE_OVER)
    assert in_two_processes(folder) == [0, 0]
    return folder


def assert_same_dynamics(one: RunFolder, other: RunFolder, atol: float = 1e-5) -> None:
    assert list(one.epoch_files()) == list(other.epoch_files()) == [1, 2, 3]
    for number in (1, 2, 3):
        a, b = one.read_epoch(number), other.read_epoch(number)
        assert a.ids_N.tolist() == b.ids_N.tolist()
        assert a.order_hash == b.order_hash
        np.testing.assert_array_equal(a.step_N, b.step_N)
        np.testing.assert_allclose(a.logits_NC, b.logits_NC, atol=atol)


def test_each_example_is_recorded_once_an_epoch_by_one_of_them(undisturbed):
    for number in (1, 2, 3):
        epoch = undisturbed.read_epoch(number)
        assert len(set(epoch.ids_N)) == len(epoch.ids_N) == 45
    verdict = undisturbed.verdict()
    assert (verdict["state"], verdict["environment"]["processes"], verdict["cost"]["attempts"]) == ("succeeded", 2, 1)


def test_without_dropout_two_processes_compute_what_one_computes(make_model, tmp_path):
    still = make_model("bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    alone, together = (new_run(tmp_path / "ws", still, again=again, **LEAVING_ONE_OVER) for again in (0, 1))
    run_folder(alone)
    in_two_processes(together)
    assert_same_dynamics(alone, together, atol=1e-4)
    one, two = (f.verdict() for f in (alone, together))
    assert two["scores"]["far"]["loss"] == pytest.approx(one["scores"]["far"]["loss"], abs=1e-5)
    assert two["cost"]["eval_flops"] == one["cost"]["eval_flops"]
    assert two["cost"]["train_flops"] == pytest.approx(one["cost"]["train_flops"], rel=0.1)  # shorter shares are padded less


def test_each_drops_units_of_its_own(make_run):
    """With one random state for both, the two halves of a batch of equal texts would give equal logits."""
    folder = make_run(rows=2, batch_size=2, epochs=1)
    file = folder.workspace / "datasets" / "reviews" / "train.parquet"
    pd.read_parquet(file).assign(text="a fine film").to_parquet(file)
    in_two_processes(folder)
    first, second = folder.read_epoch(1).logits_NC
    assert not np.allclose(first, second)


def test_when_one_of_them_is_killed_there_is_no_verdict_and_torchrun_goes_on_from_there(make_run, undisturbed):
    folder = make_run(devices=2, **LEAVING_ONE_OVER)
    assert in_two_processes(folder, kill_after=9)[1] == -signal.SIGKILL
    assert folder.verdict() is None
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "ftft", "run-spec", str(folder.path)]
    resumed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert "going on from step 9" in resumed.stderr
    assert_same_dynamics(folder, undisturbed)


@pytest.mark.slow
def test_asked_to_stop_both_save_and_end_together(make_run, undisturbed):
    folder = make_run(**LEAVING_ONE_OVER)
    assert in_two_processes(folder, signal_after=8) == [130, 130]
    assert in_two_processes(folder) == [0, 0]
    assert_same_dynamics(folder, undisturbed)


@pytest.mark.slow
def test_a_run_that_goes_on_with_another_number_of_processes_says_so(make_run):
    folder = make_run(**LEAVING_ONE_OVER)
    in_two_processes(folder, signal_after=8)
    verdict = run_folder(folder)
    assert "other_processes" in [w["kind"] for w in verdict["warnings"]]
    for number in (1, 2, 3):
        assert len(set(folder.read_epoch(number).ids_N)) == 45


def test_both_stop_early_at_the_same_step(make_run, monkeypatch):
    judge = Attempt._judge
    monkeypatch.setattr(Attempt, "_judge", lambda self, *asked: (judge(self, *asked)[0], True))  # it has begun; both are forked from here
    folder = make_run(**EARLY)
    assert in_two_processes(folder) == [0, 0]
    stop = folder.verdict()["stop"]
    assert stop["early"]
    assert folder.verdict()["steps_done"] == stop["step"] < 18
