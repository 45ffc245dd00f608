"""Trackers: told of everything that a run finds, able to change or to break nothing."""

import random
import sys

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import TrainerCallback

from ftft.errors import InputError
from ftft.runfolder import RunFolder
from ftft.train import engine, run_folder, trackers
from ftft.workspace import training
from tests.train.killing import train_and_kill
from tests.train.tiny import new_run

MIDDLE = 9  # of 18 steps
CAUSES = {"on_train_begin": RuntimeError("not logged in"), "on_log": ConnectionError("no network\nat all"), "on_train_end": OSError("full")}


@pytest.fixture(autouse=True)
def every_step_is_logged(monkeypatch):
    monkeypatch.setattr(engine, "LOG_EVERY", 0.0)


def scalars(folder: RunFolder) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a run: tag -> (step, value) in order."""
    events = EventAccumulator(str(folder.path / "tensorboard"))
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


class Fake(TrainerCallback):
    """Writes down what it is told, draws from every generator there is, and fails in `fails`."""

    def __init__(self, fails: str | None = None) -> None:
        self.fails, self.told = fails, []

    def on_train_begin(self, args, state, control, **more):
        self._hear("on_train_begin", state, args.run_name)

    def on_log(self, args, state, control, logs, **more):
        self._hear("on_log", state, logs)

    def on_train_end(self, args, state, control, **more):
        self._hear("on_train_end", state, None)

    def _hear(self, event, state, what):
        random.random(), np.random.rand(), torch.rand(3)
        self.told.append((event, state.global_step, what))
        if event == self.fails:
            raise CAUSES[event]


@pytest.fixture
def fake(monkeypatch):
    """`fake(fails)`: stands for every tracker from now on."""

    def stand_in(fails: str | None = None) -> Fake:
        made = Fake(fails)
        monkeypatch.setattr(trackers, "_integration", lambda name, folder, step: made)
        return made

    return stand_in


def test_tensorboard_has_the_loss_of_each_step_and_all_scores(make_run):
    folder = make_run(report_to="tensorboard", stop="id_dev", evals=2, patience=2)
    verdict = run_folder(folder)
    shown = scalars(folder)
    assert [step for step, _ in shown["train/loss"]] == list(range(1, 19))
    assert [value for _, value in shown["train/epoch"]] == pytest.approx([step / 6 for step in range(1, 19)])
    assert shown["train/learning_rate"][-1][1] < max(value for _, value in shown["train/learning_rate"])
    lines = {line["step"]: line["loss"] for line in folder.progress() if "lr" in line}
    assert dict(shown["train/loss"]) == pytest.approx(lines, rel=1e-6)
    assert shown["eval/far_accuracy"] == [(18, pytest.approx(verdict["scores"]["far"]["accuracy"]))]
    assert [step for step, _ in shown["eval/dev_loss"]] == [9, 18, 18]  # twice for stopping, then the final score
    assert [step for step, _ in shown["eval/id_dev"]] == [9, 18]
    assert verdict["warnings"] == []


def test_what_tensorboard_shows_of_a_run_that_was_killed_is_one_curve(make_run):
    folder = make_run(report_to="tensorboard")
    train_and_kill(folder, "in a step", MIDDLE, 600.0)  # saved after step 6 alone
    assert [step for step, _ in scalars(folder)["train/loss"]] == list(range(1, MIDDLE + 1))
    (file,) = (folder.path / "tensorboard").iterdir()
    began = file.name.split(".")[3]
    file.rename(file.with_name(file.name.replace(began, str(int(began) - 60))))  # files are read in the order of the second they began in
    run_folder(folder)
    assert [step for step, _ in scalars(folder)["train/loss"]] == list(range(1, 19))


def test_a_tracker_changes_no_number(workspace, tiny_model, fake):
    plain, watched = (new_run(workspace, tiny_model, again=n, epochs=2, report_to=to) for n, to in enumerate((None, "wandb")))
    run_folder(plain)
    told = fake().told
    run_folder(watched)
    assert [event for event, *_ in told] == ["on_train_begin", *["on_log"] * (12 + 2), "on_train_end"]
    assert told[0][2] == watched.run
    assert told[-2][2].keys() == {"eval_far_accuracy", "eval_far_macro_f1", "eval_far_auroc", "eval_far_loss"}
    for number in (1, 2):
        np.testing.assert_array_equal(plain.read_epoch(number).logits_NC, watched.read_epoch(number).logits_NC)


@pytest.mark.parametrize("fails", CAUSES)
def test_a_tracker_that_fails_is_a_warning_and_the_run_succeeds(make_run, fake, fails):
    tracker = fake(fails)
    verdict = run_folder(make_run(report_to="wandb", epochs=1))
    assert verdict["state"] == "succeeded"
    (warning,) = verdict["warnings"]
    assert warning["kind"] == "tracker_failed"
    assert warning["message"].startswith(f"wandb failed and was told nothing more: {type(CAUSES[fails]).__name__}: ")
    assert "\n" not in warning["message"]
    assert [event for event, *_ in tracker.told].count(fails) == 1, "it is asked no more"


def test_a_tracker_that_is_gone_when_the_run_starts_is_a_warning(make_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    verdict = run_folder(make_run(report_to="tensorboard", epochs=1))
    assert [w["kind"] for w in verdict["warnings"]] == ["tracker_failed"]


def test_variables_of_trackers_alone_report_to_nobody(make_run, monkeypatch):
    for name in ("WANDB_API_KEY", "WANDB_PROJECT", "TRACKIO_PROJECT", "MLFLOW_TRACKING_URI", "KUBEFLOW_TRAINER_SERVER_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    seen = []
    begin = engine.Engine.run
    monkeypatch.setattr(engine.Engine, "run", lambda self, found: (seen.extend(self.callback_handler.callbacks), begin(self, found))[1])
    folder = make_run(epochs=1)
    run_folder(folder)
    assert {type(callback).__name__ for callback in seen} == {"DefaultFlowCallback", "_Rhythm"}
    assert not (folder.path / "tensorboard").exists()


def test_a_package_that_is_missing_is_said_before_anything_is_queued(ws, tmp_path, monkeypatch):
    from tests.synthetic import add_dataset

    model = str(training.bundled_models()[0])
    dataset = add_dataset(ws, tmp_path)
    assert ws.plan(dataset, model=model, report_to="tensorboard")[0].report_to == "tensorboard"
    monkeypatch.setattr(training, "find_spec", lambda name: None if name == "mlflow" else True)
    with pytest.raises(InputError, match=r"mlflow needs a package.*pip install mlflow"):
        ws.plan(dataset, model=model, report_to="tensorboard,mlflow")
