"""Stability experiments that are trained for real, by processes of the queue."""

import json

import pytest

from tests.experimenting import MAIN, add_task

QUICK = ["--model", MAIN, "--epochs", 2, "--batch-size", 16, "--max-length", 16]


def test_heads_are_trained_together_asked_again_nothing_is_and_the_table_has_it_all(ws, tmp_path, ftft):
    add_task(ws, tmp_path)
    words = ["experiment", "stability", "task", *QUICK, "--tune", "head", "--seeds", 3, "--method", "mmr+mhloss", "--leave-one-out", 2]
    status, out, said = ftft(*words, "--wait")
    value = json.loads(out)
    assert (status, len(value["new"])) == (0, 6 + 2 * 4), said
    together = {ws.runs.get(run).environment["heads_together"] for run in value["runs"]}
    assert max(together) > 1
    assert not any((ws.runs.get(member["run"]).folder / "model").exists() for member in value["members"])
    found = json.loads(ftft("results", value["experiment"])[1])
    assert [method["n_seeds"] for method in found["methods"]] == [3, 3]
    assert all(0 < one["epsilon_mean"] < one["floor"] for one in found["leave_one_out"])
    assert json.loads(ftft(*words, "--wait")[1])["new"] == []


def test_full_tuning_with_surt_says_what_that_cost(ws, tmp_path, ftft):
    add_task(ws, tmp_path)
    ws.jobs.set_slots(2)
    status, out, said = ftft("experiment", "stability", "task", *QUICK, "--seeds", 1, "--method", "surt:epochs=1+mixout", "--wait")
    assert status == 0, said
    found = {method["method"]: method for method in json.loads(ftft("results", json.loads(out)["experiment"])[1])["methods"]}
    assert found["standard"]["cost_ratio"] == 1
    assert found["surt:epochs=1+mixout"]["cost_reference"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("method", ["mmr", "mhloss", "surt", "llrd", "reinit", "mixout", "pretrained_wd", "long:epochs=3"])
def test_each_method_alone_trains_scores_and_leaves_a_model(ws, tmp_path, ftft, method):
    add_task(ws, tmp_path)
    status, out, said = ftft("train", "task", *QUICK[:2], *QUICK[4:], "--method", method)
    assert status == 0, said
    (run,) = json.loads(out)["runs"]
    shown = json.loads(ftft("runs", "show", run["run"])[1])
    assert shown["spec"]["methods"] == [method]
    assert (ws.runs.get(run["run"]).folder / "model" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--method", "mixup"], "mixout"), (["--method", "mmr:alpha=-1"], "from 0"),
        (["--method", "mhloss:heads=0"], "from 1"),
        (["--method", "reinit:layers=9"], "at most"), (["--tune", "head", "--method", "llrd"], "--tune full"),
        (["--method", "long", "--epochs", "3"], "long:epochs"), (["--seeds-of", "luck=1"], "init"),
        (["--seeds-of", "init,order=1"], "as many"),
        (["--tune", "head", "--stop", "id_dev"], "--tune full"),
    ],
)  # fmt: skip
def test_wrong_words_are_refused_before_training(ws, tmp_path, ftft, words, remedy):
    add_task(ws, tmp_path)
    status, out, said = ftft("train", "task", "--model", MAIN, *words)
    assert status == 2
    assert remedy in out + said
    assert not ws.runs.ids()


def test_single_sources_of_chance_get_seeds_of_their_own(ws, tmp_path, ftft):
    add_task(ws, tmp_path)
    status, out, _ = ftft("train", "task", *QUICK, "--seeds-of", "init,order=7,8", "--tune", "head", "--detach")
    spec = ws.runs.get(json.loads(out)["runs"][0]["run"]).spec
    assert status == 0
    assert spec.seeds.to_json() == {"init": 7, "order": 8, "dropout": 1}
    assert spec.lr == 1e-3
