"""Early stopping: development sets decide, test sets do not, and a kill changes nothing."""

import json

import numpy as np
import pandas as pd
import pytest
from transformers import AutoModelForSequenceClassification

from ftft.errors import InputError
from ftft.publish import publish_json
from ftft.train import run_folder
from ftft.train.attempt import Attempt
from ftft.train.early import EarlyStopping, evaluation_steps
from tests.train.killing import train_and_kill

SOON = {"stop": "id_dev", "evals": 10, "patience": 2, "epochs": 6, "lr": 1e-2}  # evaluated after 4, 8, 11, … of 36 steps


def lines(folder, key):
    return [line for line in folder.progress() if key in line]


@pytest.fixture
def stopped(make_run):
    folder = make_run(**SOON)
    run_folder(folder)
    return folder


def test_it_evaluates_evenly_up_to_the_last_step():
    assert sorted(evaluation_steps(36, 12)) == [3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36]
    assert sorted(evaluation_steps(10, 3)) == [4, 7, 10]
    assert sorted(evaluation_steps(2, 12)) == [1, 2]


@pytest.mark.parametrize(
    ("values", "patience", "ends", "best"),
    [([0.5, 0.6, 0.6, 0.59], 2, 4, 2), ([0.5, 0.4, 0.6, 0.5, 0.4], 2, 5, 3), ([0.5, 0.5], 1, 2, 1), ([0.1, 0.2, 0.3], 1, None, 3)],
)
def test_it_ends_after_as_many_evaluations_without_a_gain_as_patience_says(tmp_path, make_run, tiny_model, values, patience, ends, best):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model)
    early = EarlyStopping(model, "id_dev", frozenset(range(1, 9)), patience, lambda step: (values[step - 1], True), tmp_path)
    stopped = next((step for step in range(1, len(values) + 1) if early.after(step)), None)
    assert stopped == ends
    assert early.to_json()["best_step"] == best


def test_patience_does_not_run_while_the_model_gives_one_answer_to_everything(tmp_path, tiny_model):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model)
    looks = [(0.3, False), (0.3, False), (0.3, False), (0.29, True), (0.4, True), (0.3, True), (0.3, False), (0.2, True)]
    early = EarlyStopping(model, "id_dev", frozenset(range(1, 9)), 2, lambda step: looks[step - 1], tmp_path)
    assert next(step for step in range(1, 9) if early.after(step)) == 8
    assert early.to_json()["best_step"] == 5


def test_a_run_judges_whether_it_tells_examples_apart(make_run, monkeypatch):
    seen = []
    judge = Attempt._judge
    monkeypatch.setattr(Attempt, "_judge", lambda self, *asked: seen.append(judge(self, *asked)) or seen[-1])
    folder = make_run(stop="id_dev", evals=2, steps=2, epochs=None, lr=1e-12)
    run_folder(folder)
    pred = pd.read_parquet(folder.path / "predictions" / "dev.parquet")["pred"]
    assert {begun for _, begun in seen} == {pred.nunique() > 1}


def test_it_stops_before_the_budget_and_leaves_the_model_of_the_best_evaluation(stopped):
    verdict, judged = stopped.verdict(), lines(stopped, "stop")
    stop = verdict["stop"]
    assert stop["early"]
    assert verdict["steps_done"] == stop["step"] == judged[-1]["step"] < 36
    values = {line["step"]: line["value"] for line in judged}
    assert stop["best"] == max(values.values()) == values[stop["best_step"]]
    assert stop["best_step"] < stop["step"]
    assert verdict["scores"]["dev"]["accuracy"] == stop["best"]
    assert pd.read_parquet(stopped.path / "predictions" / "dev.parquet").eval("pred == gold").mean() == pytest.approx(stop["best"])


def test_the_epoch_that_it_cuts_short_is_partial(stopped):
    whole, rest = divmod(stopped.verdict()["steps_done"], 6)
    assert rest
    assert list(stopped.epoch_files()) == list(range(1, whole + 1))
    assert (stopped.path / "dynamics" / f"partial={whole + 1:03d}.parquet").exists()


def test_evaluations_for_stopping_are_on_the_bill_apart(stopped, make_run):
    cost, plain = stopped.verdict()["cost"], run_folder(make_run(steps=1))["cost"]
    assert plain["stop_flops"] == 0
    assert cost["stop_flops"] > 0
    assert cost["eval_flops"] - cost["stop_flops"] == plain["eval_flops"]


def test_it_never_looks_at_a_test_set(make_run, workspace):
    folder = make_run(**SOON)
    run_folder(folder)
    file = workspace / "datasets" / "reviews" / "eval" / "far.parquet"
    rows = pd.read_parquet(file)
    rows["label"] = np.where(rows["label"] == "good", "bad", "good")
    rows.to_parquet(file)
    other = make_run(**SOON, again=1)
    run_folder(other)
    assert other.verdict()["stop"] == folder.verdict()["stop"]
    assert {line["evaluation"] for line in lines(folder, "evaluation")[:-2]} == {"dev"}


def test_the_mean_over_all_sets_of_that_distribution_decides(make_run, workspace):
    folder = make_run(**{**SOON, "stop": "ood_dev", "steps": 4, "evals": 1})
    about = json.loads((workspace / "datasets" / "reviews" / "dataset.json").read_text())
    about["splits"]["far"]["role"] = "dev"
    about["splits"]["dev"]["distribution"] = "ood"
    publish_json(workspace / "datasets" / "reviews" / "dataset.json", about)
    run_folder(folder)
    (judged,), scores = lines(folder, "stop"), lines(folder, "evaluation")[:2]
    assert {line["evaluation"] for line in scores} == {"dev", "far"}
    assert judged["value"] == pytest.approx(np.mean([line["accuracy"] for line in scores]))


@pytest.mark.parametrize("every", [0.0, 600.0])
@pytest.mark.parametrize("step", [5, pytest.param(9, marks=pytest.mark.slow)])
def test_killed_and_resumed_it_stops_where_an_undisturbed_run_stops(stopped, make_run, step, every):
    folder = make_run(**SOON, again=1)
    train_and_kill(folder, "in a step", step, every)
    verdict = run_folder(folder)
    assert verdict["stop"] == stopped.verdict()["stop"]
    assert verdict["scores"] == stopped.verdict()["scores"]
    assert verdict["steps_done"] == stopped.verdict()["steps_done"]


def test_killed_after_it_has_stopped_it_only_evaluates(stopped, make_run, monkeypatch):
    folder = make_run(**SOON, again=1)
    with monkeypatch.context() as patch:
        patch.setattr("ftft.train.attempt.Attempt._evaluate", lambda *_: 1 / 0)
        with pytest.raises(Exception, match="ZeroDivision"):
            run_folder(folder)
    folder.results_file.unlink()
    verdict = run_folder(folder)
    assert verdict["scores"] == stopped.verdict()["scores"]
    assert verdict["cost"]["train_flops"] == stopped.verdict()["cost"]["train_flops"]


def test_only_weights_that_a_resume_may_need_are_kept(make_run, monkeypatch):
    values = iter([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    monkeypatch.setattr("ftft.train.attempt.Attempt._judge", lambda *_: (next(values), True))
    folder = make_run(stop="id_dev", evals=6, epochs=3)  # every third of 18 steps, a checkpoint every sixth
    train_and_kill(folder, "in a step", 16, 600.0)
    kept = sorted(file.name for file in (folder.checkpoints / "best").iterdir())
    assert kept == ["step-000000012.safetensors", "step-000000015.safetensors"]


def test_a_dataset_without_such_a_set_is_bad_input(make_run):
    with pytest.raises(InputError, match=r"no development set out of distribution.*:ood:dev"):
        run_folder(make_run(**{**SOON, "stop": "ood_dev"}))
