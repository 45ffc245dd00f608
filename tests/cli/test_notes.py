"""`ftft notes` and `ftft subsets compare`, as a script meets them."""

import json

import pytest

from tests.synthetic import add_dataset


@pytest.fixture
def reviews(ws, tmp_path):
    return add_dataset(ws, tmp_path)


def answer(said):
    status, out, _ = said
    assert status == 0, said
    return json.loads(out)


def test_flags_go_on_and_off_by_a_file_of_ids_or_a_subset(ftft, ws, reviews, tmp_path):
    (tmp_path / "ids.txt").write_text("train-1\ntrain-4\n\n")
    said = answer(ftft("notes", "flag", reviews, "label wrong", "--ids", tmp_path / "ids.txt"))
    assert said == {"dataset": reviews, "flag": "label wrong", "on": True, "n": 2, "flags": {"label wrong": 2, "keep out": 0}}
    ws.select({"dataset": reviews, "steps": [{"op": "new", "by": "ids", "ids": ["train-4"]}]}, name="four")
    assert answer(ftft("notes", "flag", reviews, "label wrong", "--subset", "four", "--off"))["flags"]["label wrong"] == 1
    ws.notes.write(reviews, "train-7", "short")
    assert answer(ftft("notes", "list", reviews)) == {
        "dataset": reviews,
        "flags": {"label wrong": 1, "keep out": 0},
        "notes": [
            {"id": "train-1", "flags": ["label wrong"], "text": "", "label": None},
            {"id": "train-7", "flags": [], "text": "short", "label": None},
        ],
    }
    assert answer(ftft("notes", "export", reviews, "--out", tmp_path / "notes.csv"))["n"] == 2
    _, text, _ = ftft("notes", "list", reviews, json=False)
    assert text.splitlines()[0] == "reviews: label wrong 1, keep out 0"


def test_two_subsets_are_compared(ftft, ws, reviews):
    for name, ids in (("one", ["train-1", "train-2"]), ("two", ["train-2", "train-3", "train-4"])):
        ws.select({"dataset": reviews, "steps": [{"op": "new", "by": "ids", "ids": ids}]}, name=name)
    assert answer(ftft("subsets", "compare", "one", "two")) == {
        "a": "one", "b": "two", "n_a": 2, "n_b": 3, "both": 1, "only_a": 1, "only_b": 2,
    }  # fmt: skip
    _, text, _ = ftft("subsets", "compare", "one", "two", json=False)
    assert "only two" in text
