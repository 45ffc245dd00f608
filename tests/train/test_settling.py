"""A reference that ends once what it selects no longer changes."""

import numpy as np
import pytest

from ftft.reliability import consecutive_overlaps
from ftft.train import run_folder
from tests.train.killing import train_and_kill

SETTLES = {"stop": "selection", "settle": 0.33, "epochs": 8, "lr": 3e-3}
PER_EPOCH = 6


@pytest.fixture
def whole(make_run):
    """The same run without a rule."""
    folder = make_run(epochs=8, lr=3e-3)
    run_folder(folder)
    return folder


def p_gold(folder):
    return np.stack([folder.read_epoch(number).p_gold_N for number in folder.epoch_files()])


def test_it_ends_with_the_first_epoch_that_leaves_its_selection_as_it_was(make_run, whole, monkeypatch):
    ids_N = whole.read_epoch(1).ids_N
    overlaps = consecutive_overlaps(ids_N, p_gold(whole), 0.33)
    limit = sorted(overlaps[:-2])[-1]  # so that it is reached before the end, whatever this tiny model does
    monkeypatch.setattr("ftft.reliability.STABLE", limit)
    ends = 3 + next(n for n, overlap in enumerate(overlaps) if overlap >= limit)
    folder = make_run(**SETTLES)
    verdict = run_folder(folder)
    assert verdict["stop"]["early"]
    assert verdict["stop"]["step"] == verdict["steps_done"] == ends * PER_EPOCH < 8 * PER_EPOCH
    assert verdict["stop"]["overlaps"] == overlaps[: ends - 2]
    np.testing.assert_array_equal(p_gold(folder), p_gold(whole)[:ends], "it is the beginning of the run in full")


def test_one_that_never_settles_runs_to_its_end(make_run, monkeypatch):
    monkeypatch.setattr("ftft.reliability.STABLE", 2.0)
    stop = run_folder(make_run(**SETTLES | {"epochs": 4}))["stop"]
    assert (stop["early"], stop["step"]) == (False, 4 * PER_EPOCH)


def test_killed_after_it_has_settled_it_goes_no_further(make_run, monkeypatch):
    monkeypatch.setattr("ftft.reliability.STABLE", 0.0)  # with its third epoch
    undisturbed = run_folder(make_run(**SETTLES))
    assert undisturbed["steps_done"] == 3 * PER_EPOCH
    folder = make_run(**SETTLES, again=1)
    train_and_kill(folder, "in a step", 14, 0.0)
    verdict = run_folder(folder)
    assert (verdict["stop"], verdict["scores"]) == (undisturbed["stop"], undisturbed["scores"])
    late = make_run(**SETTLES, again=2)
    with monkeypatch.context() as patch:
        patch.setattr("ftft.train.attempt.Attempt._evaluate", lambda *_: 1 / 0)
        with pytest.raises(Exception, match="ZeroDivision"):
            run_folder(late)
    late.results_file.unlink()
    assert run_folder(late)["stop"] == undisturbed["stop"]


def test_a_run_predicts_the_training_set_and_keeps_no_model_when_told_so(make_run):
    folder = make_run(predict_train=True, keep_model=False, epochs=1)
    scores = run_folder(folder)["scores"]
    ids_N, _, logits_NC = folder.read_predictions("train")
    assert len(ids_N) == len(logits_NC) == 45
    assert "train" not in scores
    assert not folder.model.exists()
