"""Killed, stopped, torn: what is there afterwards is what an undisturbed run leaves."""

import os
import shutil
import signal

import numpy as np
import pandas as pd
import pytest

from ftft.publish import publish_json
from ftft.runfolder import RunFolder
from ftft.train import engine, run_folder
from ftft.train.checkpoints import Checkpoints
from tests.train.killing import PLACES, train_and_kill
from tests.train.tiny import new_run

MIDDLE = 9  # of 18 steps: the third of six in epoch 2

MANNERS = {
    "plainly": {},
    "in accumulated steps": {"batch_size": 4, "grad_accum": 2},  # twelve batches, the short one of a single example
    "with capture at epochs' ends": {"capture": "epoch_end"},
    "in bf16": {"precision": "bf16"},
}
EVERY_STEP, ONLY_AT_EPOCHS = 0.0, 600.0


def also(*values, slow: bool):
    """A case that only `make test-all` takes, if it is slow: one like it is quick enough for every time."""
    return pytest.param(*values, marks=[pytest.mark.slow] * slow)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, tiny_model):
    """`undisturbed(**settings)`: a run that nothing happened to, trained once for each kind."""
    root, done = tmp_path_factory.mktemp("undisturbed") / "ws", {}

    def train(**settings) -> RunFolder:
        folder = new_run(root, tiny_model, **settings)
        if folder.run not in done:
            done[folder.run] = run_folder(folder)
        return folder

    return train


def assert_same_run(one: RunFolder, other: RunFolder) -> None:
    """Keys and logits of every epoch, and what the final model says of every evaluation set."""
    assert list(one.epoch_files()) == list(other.epoch_files()) == [1, 2, 3]
    for number in (1, 2, 3):
        a, b = one.read_epoch(number), other.read_epoch(number)
        assert a.ids_N.tolist() == b.ids_N.tolist()
        assert len(set(a.ids_N)) == 45
        assert a.order_hash == b.order_hash
        np.testing.assert_array_equal(a.step_N, b.step_N)
        np.testing.assert_allclose(a.logits_NC, b.logits_NC, atol=1e-5)
    for split in ("dev", "far"):
        first, second = (pd.read_parquet(f.path / "predictions" / f"{split}.parquet") for f in (one, other))
        assert first["id"].tolist() == second["id"].tolist()
        np.testing.assert_allclose(np.stack(first["logits"]), np.stack(second["logits"]), atol=1e-5)


@pytest.mark.parametrize(
    ("manner", "every"),
    [*((manner, EVERY_STEP) for manner in MANNERS), *(also(manner, ONLY_AT_EPOCHS, slow=manner != "plainly") for manner in MANNERS)],
)
def test_a_run_killed_in_mid_epoch_goes_on_as_if_nothing_had_happened(make_run, undisturbed, manner, every):
    folder, whole = make_run(**MANNERS[manner]), undisturbed(**MANNERS[manner])
    train_and_kill(folder, "in a step", MIDDLE, every)
    assert folder.verdict() is None
    assert list(folder.epoch_files()) == [1]
    assert Checkpoints(folder.checkpoints).newest().step == (MIDDLE if every == EVERY_STEP else 6)
    verdict = run_folder(folder)
    assert_same_run(folder, whole)
    assert verdict["cost"]["attempts"] == 2


@pytest.mark.parametrize("place", [place for place in PLACES if place != "in a step"])
@pytest.mark.parametrize("step", [also(6, slow=True), MIDDLE])  # at the end of epoch 1, and in the middle of epoch 2
def test_a_run_killed_while_it_saves_goes_on_from_the_checkpoint_before(make_run, undisturbed, place, step):
    folder = make_run()
    train_and_kill(folder, place, step, EVERY_STEP)
    assert Checkpoints(folder.checkpoints).newest().step == step - 1
    run_folder(folder)
    assert_same_run(folder, undisturbed())


def test_what_a_killed_save_left_behind_is_cleared_away(make_run, monkeypatch):
    folder = make_run()
    train_and_kill(folder, "within a save", MIDDLE, EVERY_STEP)
    assert list(folder.checkpoints.glob(".step-*"))
    monkeypatch.setattr("ftft.train.attempt.Attempt._evaluate", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(KeyboardInterrupt):
        run_folder(folder)
    assert not list(folder.checkpoints.glob(".step-*"))


def test_killed_again_and_again_it_arrives_and_the_bill_names_what_was_repeated(make_run, undisturbed):
    folder, whole = make_run(), undisturbed()
    for step in (3, 9, 15):
        train_and_kill(folder, "in a step", step, ONLY_AT_EPOCHS)
    cost, plain = run_folder(folder)["cost"], whole.verdict()["cost"]
    assert_same_run(folder, whole)
    assert cost["attempts"] == 4
    assert cost["train_flops"] - cost["repeated_flops"] == pytest.approx(plain["train_flops"])
    assert plain["repeated_flops"] == 0


def test_a_run_goes_on_on_another_machine_where_its_model_is_not_to_be_had(workspace, tiny_model, undisturbed, tmp_path):
    model = shutil.copytree(tiny_model, tmp_path / "here" / "model")
    folder = new_run(workspace, model)
    train_and_kill(folder, "in a step", MIDDLE, ONLY_AT_EPOCHS)
    there = RunFolder(shutil.move(workspace, tmp_path / "there") / "runs" / folder.run)
    shutil.rmtree(model.parent)
    run_folder(there)
    assert_same_run(there, undisturbed())
    for file in ("config.json", "tokenizer.json"):
        assert (there.model / file).read_text() == (undisturbed().model / file).read_text()


@pytest.mark.parametrize(("signalled", "step"), [(signal.SIGTERM, 0), (signal.SIGTERM, 6), (signal.SIGTERM, 17), (signal.SIGINT, 4)])
def test_asked_to_stop_it_saves_ends_without_a_verdict_and_goes_on_later(make_run, undisturbed, monkeypatch, signalled, step):
    """Steps 6 and 18 end an epoch: a checkpoint must never come between an epoch's last update and its publication."""
    usual = engine.Engine.compute_loss

    def asked(self, *inputs, **more):
        if self.state.global_step == step:
            os.kill(os.getpid(), signalled)
        return usual(self, *inputs, **more)

    folder, before = make_run(), signal.getsignal(signalled)
    with monkeypatch.context() as patch:
        patch.setattr(engine.Engine, "compute_loss", asked)
        with pytest.raises(KeyboardInterrupt):
            run_folder(folder)
    assert signal.getsignal(signalled) == before
    assert folder.verdict() is None
    assert Checkpoints(folder.checkpoints).newest().step == step + 1
    run_folder(folder)
    assert_same_run(folder, undisturbed())
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


@pytest.mark.parametrize("broken", ["{", '{"attempts": "many"}', *(also(broken, slow=True) for broken in ("", "[]", '{"step": null}'))])
@pytest.mark.parametrize("file", ["cost.json", "step-000000006/complete.json"])
def test_a_broken_file_beside_the_checkpoints_costs_no_run(make_run, undisturbed, file, broken):
    folder = make_run()
    train_and_kill(folder, "in a step", MIDDLE, ONLY_AT_EPOCHS)
    (folder.checkpoints / file).write_text(broken)
    verdict = run_folder(folder)
    assert_same_run(folder, undisturbed())
    assert ("cost_lost" in [w["kind"] for w in verdict["warnings"]]) == (file == "cost.json")
    cost, plain = verdict["cost"], undisturbed().verdict()["cost"]
    assert cost["train_flops"] - cost["repeated_flops"] == pytest.approx(plain["train_flops"])


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
