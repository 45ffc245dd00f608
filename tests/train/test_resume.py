"""Killed, stopped, torn: what is there afterwards is what an undisturbed run leaves."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ftft.publish import publish_json
from ftft.runfolder import RunFolder
from ftft.train import engine, run_folder
from ftft.train.checkpoints import Checkpoints
from tests.train.tiny import new_run

MIDDLE = 9  # of 18 steps: the third of six in epoch 2

KILLED_IN_A_STEP = """
import os, signal, sys
from pathlib import Path
import torch
from ftft.runfolder import RunFolder
from ftft.train import engine, run_folder

torch.set_num_threads(1)
engine.CHECKPOINT_EVERY = 0.0
usual = engine.Engine.compute_loss

def killed(self, *inputs, **more):
    if self.state.global_step == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return usual(self, *inputs, **more)

engine.Engine.compute_loss = killed
run_folder(RunFolder(Path(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, tiny_model):
    folder = new_run(tmp_path_factory.mktemp("undisturbed") / "ws", tiny_model)
    run_folder(folder)
    return folder


def assert_same_dynamics(one: RunFolder, other: RunFolder) -> None:
    assert list(one.epoch_files()) == list(other.epoch_files()) == [1, 2, 3]
    for number in (1, 2, 3):
        a, b = one.read_epoch(number), other.read_epoch(number)
        assert a.ids_N.tolist() == b.ids_N.tolist()
        assert a.order_hash == b.order_hash
        np.testing.assert_array_equal(a.step_N, b.step_N)
        np.testing.assert_allclose(a.logits_NC, b.logits_NC, atol=1e-5)
    assert one.verdict()["scores"]["dev"]["loss"] == pytest.approx(other.verdict()["scores"]["dev"]["loss"], abs=1e-5)


def test_a_run_killed_in_mid_epoch_goes_on_as_if_nothing_had_happened(make_run, undisturbed):
    folder = make_run()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    killed = subprocess.run([sys.executable, "-c", KILLED_IN_A_STEP, str(folder.path), str(MIDDLE)], env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert folder.verdict() is None
    assert list(folder.epoch_files()) == [1]
    assert Checkpoints(folder.checkpoints).newest().step == MIDDLE
    verdict = run_folder(folder)
    assert_same_dynamics(folder, undisturbed)
    assert verdict["cost"]["attempts"] == 2
    assert verdict["cost"]["train_flops"] == pytest.approx(undisturbed.verdict()["cost"]["train_flops"])


@pytest.mark.parametrize("step", [0, 4, 6, 17])
def test_asked_to_stop_it_saves_ends_without_a_verdict_and_goes_on_later(make_run, undisturbed, monkeypatch, step):
    """Steps 6 and 18 end an epoch: a checkpoint must never come between an epoch's last update and its publication."""
    usual = engine.Engine.compute_loss

    def asked(self, *inputs, **more):
        if self.state.global_step == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return usual(self, *inputs, **more)

    folder, before = make_run(), signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(engine.Engine, "compute_loss", asked)
        with pytest.raises(KeyboardInterrupt):
            run_folder(folder)
    assert signal.getsignal(signal.SIGTERM) == before
    assert folder.verdict() is None
    assert Checkpoints(folder.checkpoints).newest().step == step + 1
    run_folder(folder)
    assert_same_dynamics(folder, undisturbed)
    assert not folder.checkpoints.exists()


def test_stopped_after_the_last_step_of_a_partial_epoch_it_only_evaluates(make_run, monkeypatch):
    whole, folder = make_run(steps=8), make_run(steps=8, again=1)
    run_folder(whole)
    with monkeypatch.context() as patch:
        patch.setattr("ftft.train.attempt.Attempt._evaluate", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(KeyboardInterrupt):
            run_folder(folder)
    verdict = run_folder(folder)
    assert verdict["steps_done"] == 8
    assert verdict["scores"] == whole.verdict()["scores"]
    assert verdict["cost"]["train_flops"] == pytest.approx(whole.verdict()["cost"]["train_flops"])


def test_a_resumed_run_keeps_the_precision_that_it_began_with(make_run, monkeypatch):
    folder = make_run(precision="auto", epochs=1)
    with monkeypatch.context() as patch:
        patch.setattr("ftft.train.attempt.Attempt._evaluate", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        patch.setattr("ftft.train.precision._bf16_in_hardware", lambda: True)
        with pytest.raises(KeyboardInterrupt):
            run_folder(folder)
    monkeypatch.setattr("ftft.train.precision._bf16_in_hardware", lambda: False)
    assert run_folder(folder)["environment"]["precision"] == "bf16"


def test_a_torn_checkpoint_is_ignored_and_old_ones_go(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.newest() is None
    for step in (10, 20, 30):
        checkpoints.save({"step": step}, lambda aside: (aside / "weights").write_text("…"))
    torn = tmp_path / "step-000000040"
    torn.mkdir()
    (torn / "weights").write_text("half of th")
    assert checkpoints.newest().step == 30
    assert sorted(f.name for f in tmp_path.iterdir()) == ["step-000000020", "step-000000030", torn.name]


def test_a_save_that_fails_leaves_the_older_checkpoint(tmp_path):
    def fails(aside):
        (aside / "weights").write_text("half of th")
        raise OSError(28, "No space left on device")

    checkpoints = Checkpoints(tmp_path)
    checkpoints.save({"step": 10}, lambda aside: (aside / "weights").write_text("…"))
    with pytest.raises(OSError, match="space"):
        checkpoints.save({"step": 20}, fails)
    assert checkpoints.newest().step == 10


def test_a_full_disk_has_a_cause_of_its_own(make_run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    folder = make_run()
    monkeypatch.setattr("ftft.runfolder.RunFolder.publish_epoch", full)
    with pytest.raises(Exception, match="disk is full"):
        run_folder(folder)
    assert folder.verdict()["cause"] == "disk_full"


def test_a_failed_run_that_is_run_again_loses_its_old_verdict_first(make_run):
    folder = make_run(epochs=1)
    publish_json(folder.results_file, {"state": "failed", "cause": "killed"})
    assert run_folder(folder)["state"] == "succeeded"
