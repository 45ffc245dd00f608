"""Datasets through the workspace and the command line: derived, removed, and which runs stand in the way."""

import json

import pytest

from ftft.cli import main
from ftft.errors import InputError
from tests.synthetic import add_dataset, add_run


@pytest.fixture
def ftft(ws, capfd):
    """Runs a command on the workspace: (exit status, its JSON)."""

    def run(*words):
        with pytest.raises(SystemExit) as end:
            main([*map(str, words), "--workspace", str(ws.path), "--json"])
        return end.value.code, json.loads(capfd.readouterr().out)

    return run


def test_a_dataset_that_nothing_uses_is_removed_whole(ws, ftft, tmp_path):
    add_dataset(ws, tmp_path)
    assert ftft("data", "remove", "reviews") == (0, {"dataset": "reviews"})
    assert ws.data.names() == []
    assert list((ws.path / "datasets").iterdir()) == []
    status, value = ftft("data", "remove", "reviews")
    assert (status, value["error"]["message"]) == (2, "dataset 'reviews' is not known")


def test_a_dataset_that_runs_and_subsets_use_stays_and_they_are_named(ws, ftft, tmp_path):
    add_dataset(ws, tmp_path)
    runs = [add_run(ws, "reviews", seed=seed, verdict={}) for seed in range(1, 5)]
    ws.select(run=runs[0].id, by="variability", top=0.5, name="half")
    with pytest.raises(InputError) as refusal:
        ws.data.remove("reviews")
    assert all(run.id in refusal.value.message for run in ws.runs.list()[:3])
    assert "and 1 more and subset half, whose maps and labels need it" in refusal.value.message
    assert "--force" in refusal.value.remedy
    assert ws.data.names() == ["reviews"]


def test_by_force_it_goes_and_the_same_data_again_makes_everything_whole(ws, ftft, tmp_path):
    add_dataset(ws, tmp_path)
    run = add_run(ws, "reviews", verdict={})
    confidence = ws.map(run.id).values["confidence"]
    assert ftft("data", "remove", "reviews", "--force")[0] == 0
    assert ws.runs.get(run.id).state == "succeeded"
    add_dataset(ws, tmp_path)
    assert ws.map(run.id).values["confidence"].tolist() == confidence.tolist()


def test_not_even_force_takes_the_dataset_from_a_run_that_waits(ws, tmp_path, monkeypatch):
    from ftft import jobs

    add_dataset(ws, tmp_path)
    run = add_run(ws, "reviews", epochs=0)
    monkeypatch.setattr(ws, "wake", lambda: None)
    jobs.Queue(ws.path).submit(run.id)
    with pytest.raises(InputError, match=rf"in use by run {run.id}\. Cancel them first"):
        ws.data.remove("reviews", force=True)


def test_a_removal_that_dies_half_way_leaves_no_half_dataset(ws, tmp_path, monkeypatch):
    add_dataset(ws, tmp_path)

    def killed(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("ftft.publish.shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        ws.data.remove("reviews")
    assert ws.data.names() == []
    monkeypatch.undo()
    add_dataset(ws, tmp_path)
    assert ws.data.get("reviews").train.rows == 60


def test_deriving_on_the_command_line_shows_the_parent(ws, ftft, tmp_path, capfd):
    add_dataset(ws, tmp_path)
    ids = tmp_path / "ids.txt"
    ids.write_text("train-3\ntrain-4\n")
    status, value = ftft("data", "derive", "reviews", "--name", "fewer", "--drop", ids)
    assert (status, value["splits"]["train"]["rows"], value["parent"]["change"]["count"]) == (0, 58, 2)
    assert ftft("data", "show", "fewer")[1] == value
    with pytest.raises(SystemExit):
        main(["data", "show", "fewer", "--workspace", str(ws.path)])
    assert "made from reviews (fingerprint " in (shown := capfd.readouterr().out)
    assert "): 2 training examples left out, by a file with sha256 " in shown


@pytest.mark.parametrize("words", [[], ["--drop", "a.txt", "--relabel", "b.csv"]])
def test_deriving_takes_exactly_one_kind_of_change(ws, ftft, tmp_path, words):
    add_dataset(ws, tmp_path)
    status, value = ftft("data", "derive", "reviews", "--name", "new", *words)
    assert (status, value["error"]["remedy"]) == (2, "Give one of --drop FILE, --relabel FILE, --threshold-samples SEED")


def test_several_labels_and_other_columns_on_the_command_line(ws, ftft, tmp_path):
    (tmp_path / "t.csv").write_text("text,label\na,x\nb,y\nc,z\n")
    (tmp_path / "e.csv").write_text("comment;verdict\nd;x\ne;not x\n")
    status, value = ftft(
        "data", "add", "d", "--train", tmp_path / "t.csv", "--text", "text", "--label", "label", "--eval", f"e={tmp_path / 'e.csv'}:ood",
        "--map", "e:not x=y|z", "--columns", "e:text=comment", "--columns", "e:label=verdict",
    )  # fmt: skip
    assert status == 0
    assert value["splits"]["e"] == {
        "rows": 2, "labels": {"x": 1, "y|z": 1}, "distribution": "ood", "role": "test", "map": {"not x": ["y", "z"]},
    }  # fmt: skip
