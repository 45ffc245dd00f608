"""The benchmark of training measures what it says, on something tiny."""

import gzip
import json

import numpy as np
import pytest

from benchmarks import training


@pytest.mark.slow
def test_each_comparison_trains_both_sides_and_gives_a_ratio(monkeypatch):
    monkeypatch.setattr(training, "BATCH", 8)
    texts = training.cad_like_texts(24)
    for found in (
        training.recording(texts, 2, "fp32", layers=1, hidden=64),
        training.against_trainer(texts, "group_by_length", 2, "fp32", layers=1, hidden=64),
    ):
        assert len(found.ratios) == 2
        assert 0 < found.low <= found.median <= found.high
        assert min(found.seconds_a, found.seconds_b) > 0


def test_one_side_records_and_the_other_does_not(monkeypatch):
    monkeypatch.setattr(training, "BATCH", 8)
    with training.bench(training.even_texts(24), 1, 64, "fp32") as on:
        on.ours("online")
        on.ours("none")
        recorded = {run.spec.capture: run.epochs_recorded for run in on.ws.runs.list()}
    assert recorded == {"online": 1, "none": 0}


def test_drawn_texts_are_as_long_as_those_they_stand_for():
    words = [len(text.split()) for text, _ in training.cad_like_texts(4000)]
    assert np.allclose(np.percentile(words, [25, 50, 75]), [7, 15, 31], rtol=0.15)
    assert {label for _, label in training.cad_like_texts(4)} == {"no", "yes"}


def test_real_texts_are_drawn_from_all_rows_that_have_one(tmp_path):
    with gzip.open(tmp_path / "train.jsonl.gz", "wt") as file:
        file.writelines(json.dumps({"id": str(n), "text": f"text {n}" if n % 2 else " ", "label": "x"}) + "\n" for n in range(40))
    found = training.cad_texts(tmp_path, 10)
    assert len(set(found)) == 10
    assert all(int(text.split()[1]) % 2 for text, _ in found)
