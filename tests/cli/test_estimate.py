"""`ftft estimate train`."""

import json

import pytest

from ftft.cli.estimate import estimate
from ftft.cli.train import train
from ftft.domain.profile import Profile, Speed
from ftft.workspace import estimating
from ftft.workspace.training import bundled_models
from tests.synthetic import add_dataset

MODEL = str(bundled_models()[0])
PROFILE = Profile(
    forward=(0.0, 0.0, 1e6, 0.0), training=(0.0, 0.0, 3e6, 0.0), parameters=1000, words=400, max_length=64, cut=6, model_bytes=4000,
    checkpoint_bytes=12_000, record_bytes=20.0, prediction_bytes=10.0, environment={"hardware": "a machine"},
    speed=Speed(start=5.0, update=(0.0, 1e-9, 0.0), forward=(0.0, 1e-9, 0.0), row=0.0, byte=0.0, timed=36), memory_bytes=700_000_000,
)  # fmt: skip


@pytest.fixture
def known(ws, tmp_path, monkeypatch):
    """Reviews of eight tokens each, and a model that was measured on them; nothing else is."""
    import numpy as np

    dataset = add_dataset(ws, tmp_path)
    lengths = {"train": np.full(60, 8), "ood": np.full(20, 8)}
    monkeypatch.setattr(estimating.Estimating, "_look", lambda self, spec: estimating._Known("key", PROFILE, lengths))
    return dataset


def test_it_takes_the_words_that_train_takes():
    names = [[p.name for p in command.params] for command in (train, estimate.commands["train"])]
    assert names[0] == names[1]


def test_json_is_what_was_promised(ftft, ws, known):
    status, out, _ = ftft("estimate", "train", known, "--model", MODEL, "--seed", 1, "--seed", 2, "--epochs", 2, "--batch-size", 10)
    assert status == 0
    said = json.loads(out)
    assert said["runs"] == len(said["per_run"]) == 2
    training, scores = 2 * 60 * 8 * 3e6, 20 * 8 * 1e6
    assert said["flops"] == 2 * (training + scores)
    assert said["seconds"] == pytest.approx(2 * (5 + (training + scores) * 1e-9))
    assert said["cost_ratio"] == 1.0
    assert said["disk_bytes"] == 2 * (4000 + 2 * 60 * 20 + 20 * 10)
    assert said["memory_bytes"] == 700_000_000
    assert said["tokens"] == {"mean": 8.0, "longest": 8, "cut_share": 0.1}
    assert [run["steps"] for run in said["per_run"]] == [12, 12]
    assert ws.runs.list() == []


def test_text_says_it_in_a_table_and_two_sentences(ftft, known):
    _, out, _ = ftft("estimate", "train", known, "--model", MODEL, json=False)
    assert "from 36 updates of this model on this machine" in out
    assert "100 %" in out
    assert "Memory 700 MB" in out


def test_a_run_that_exists_is_marked(ftft, ws, known):
    ws.train(known, model=MODEL, detach=True)
    _, out, _ = ftft("estimate", "train", known, "--model", MODEL)
    assert [run["existing"] for run in json.loads(out)["per_run"]] == [True]
