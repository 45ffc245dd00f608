"""Steps in plain words."""

import pytest

from ftft.domain import Step, in_words
from tests.domain.test_selection import STEPS

RUNS = {"r1": "bert-mini · seed 1"}
REGION = {"by": "region", "run": "r1", "epochs": [1, 6], "shapes": [{"type": "lasso", "points": [[0, 0], [1, 0], [1, 1]]}]}
BOX = {"type": "box", "x0": 0, "x1": 1, "y0": 0, "y1": 1}
TOP = {"by": "top", "run": "r1", "metric": "variability", "q": 0.33}


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"op": "add", **REGION}, "added a lasso on bert-mini · seed 1 (variability × confidence, epochs 1–6)"),
        ({"op": "new", **REGION, "shapes": [BOX], "x": "el2n", "epochs": [2, 2]},
         "selected a box on bert-mini · seed 1 (el2n × confidence, epoch 2)"),
        ({"op": "subtract", **REGION, "run": "gone", "epochs": None}, "took away a lasso on gone (variability × confidence, all epochs)"),
        (
            {"op": "new", **REGION, "shapes": [BOX, BOX], "only": [{"by": "label", "labels": ["positive"]}]},
            "selected 2 outlines on bert-mini · seed 1 (variability × confidence, epochs 1–6), only label positive",
        ),
        ({"op": "intersect", **TOP}, "kept only top 33 % by variability of bert-mini · seed 1 (all epochs)"),
        ({"op": "new", **TOP, "end": "bottom", "q": 0.125, "per_label": True, "metric": "threshold_closeness"},
         "selected bottom 12.5 % by threshold closeness of bert-mini · seed 1 within each label (all epochs)"),
        ({"op": "add", "by": "label", "labels": ["a", "b", "c", "d", "e"]}, "added labels a, b, c and 2 more"),
        ({"op": "new", "by": "text", "query": "not good"}, "selected texts with “not good”"),
        ({"op": "new", "by": "text", "query": "x" * 50, "regex": True}, f"selected texts that match {'x' * 40}…"),
        ({"op": "new", "by": "column", "column": "length", "min": 3, "max": 4.5}, "selected length from 3 to 4.5"),
        ({"op": "new", "by": "column", "column": "length", "min": 3}, "selected length ≥ 3"),
        ({"op": "new", "by": "column", "column": "source", "values": ["imdb", 3], "max": 9}, "selected source imdb, 3 ≤ 9"),
        ({"op": "subtract", "by": "ids", "ids": ["train-3"]}, "took away example train-3"),
        ({"op": "add", "by": "ids", "ids": [f"t{n}" for n in range(1200)]}, "added 1 200 examples by id"),
        ({"op": "intersect", "by": "subset", "subset": "noisy"}, "kept only subset noisy"),
        ({"op": "subtract", "by": "flag", "flag": "keep out"}, "took away what is flagged “keep out”"),
        ({"op": "new", "by": "invert"}, "inverted"),
        ({"op": "add", "by": "invert"}, "added all that was not selected"),
    ],
)  # fmt: skip
def test_a_step_is_said_in_plain_words(step, words):
    assert in_words(Step.from_json(step), RUNS).replace("\u202f", " ") == words


def test_in_brief_the_axes_and_epochs_are_left_out():
    said = [in_words(Step.from_json({"op": "add", **step}), RUNS, brief=True).replace("\u202f", " ") for step in (REGION, TOP)]
    assert said == ["added a lasso on bert-mini · seed 1", "added top 33 % by variability of bert-mini · seed 1"]


@pytest.mark.parametrize("step", STEPS)
def test_every_kind_of_step_has_words(step):
    assert in_words(Step.from_json(step), {})
