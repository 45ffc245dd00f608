"""The command line as a user meets it: what is printed where, and the exit status."""

import json

import pytest

from ftft.cli import COMMANDS, main
from tests.synthetic import add_dataset, add_run


@pytest.fixture
def run(ws, tmp_path):
    return add_run(
        ws, add_dataset(ws, tmp_path), verdict={"scores": {"ood": {"accuracy": 0.5, "macro_f1": 0.5, "auroc": None, "loss": 0.7}}}
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capfd):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code in (0, None)
    assert "Usage: ftft" in capfd.readouterr().out


def test_the_loop_in_json(ftft, run, tmp_path, ws):
    _, out, _ = ftft("data", "list")
    assert json.loads(out)["datasets"][0].keys() == {"dataset", "rows", "fingerprint"}
    _, out, _ = ftft("map", run.id[:6], "--out", tmp_path / "map.csv")
    value = json.loads(out)
    assert (value["run"], value["n"], value["epochs"], value["capture"]) == (run.id, 60, [1, 3], "online")
    assert (tmp_path / "map.csv").read_text().startswith("id,gold,confidence,variability,correctness,forgetting,")
    status, out, _ = ftft("select", run.id, "--by", "variability", "--top", 0.33, "--name", "s")
    chosen = json.loads(out)
    assert (status, chosen["n"], chosen["of"]) == (0, 20, 60)
    _, out, _ = ftft("subsets", "show", "s")
    assert json.loads(out).keys() >= {"subset", "dataset", "n", "of", "hash", "selection", "labels"}
    assert json.loads(out)["hash"] == chosen["hash"] == ws.subsets.get("s").hash
    _, out, _ = ftft("runs", "show", run.id)
    shown = json.loads(out)
    assert shown["spec"].keys() >= {
        "dataset",
        "fingerprint",
        "model",
        "layers",
        "subset",
        "subset_hash",
        "methods",
        "seeds",
        "epochs",
        "steps",
        "lr",
        "batch_size",
        "capture",
    }
    assert shown["scores"]["ood"]["accuracy"] == 0.5


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "parquet", "jsonl"])
def test_a_map_is_written_in_every_kind(ftft, run, tmp_path, kind):
    status, _, _ = ftft("map", run.id, "--out", tmp_path / f"map.{kind}")
    assert status == 0
    assert (tmp_path / f"map.{kind}").stat().st_size > 500


def test_a_selection_file_makes_a_subset(ftft, run, tmp_path):
    file = tmp_path / "brush.json"
    file.write_text(json.dumps({"dataset": "reviews", "steps": [{"op": "new", "by": "label", "labels": ["positive"]}]}))
    status, out, _ = ftft("select", "--selection", file, "--name", "positive")
    assert (status, json.loads(out)["n"]) == (0, 30)


def test_a_detached_train_returns_once_queued_and_can_be_cancelled(ftft, ws, tmp_path, monkeypatch):
    from ftft.workspace import Workspace
    from ftft.workspace.training import bundled_models

    monkeypatch.setattr(Workspace, "wake", lambda self: None)  # nothing may train here
    add_dataset(ws, tmp_path)
    status, out, _ = ftft("train", "reviews", "--model", bundled_models()[0], "--detach", "--seed", 1, "--seed", 2)
    runs = json.loads(out)["runs"]
    assert status == 0
    assert [r["state"] for r in runs] == ["queued", "queued"]
    assert runs[0].keys() == {"run", "state", "cause", "folder", "existing"}
    status, out, _ = ftft("runs", "cancel", runs[0]["run"])
    assert json.loads(out)["state"] == "cancelled"


def test_transfer_is_a_table_for_people_and_pairs_for_programs(ftft, run, ws):
    other = add_run(ws, "reviews", seed=2, verdict={})
    status, out, _ = ftft("transfer", run.id, other.id, json=False)
    assert status == 0
    assert " ".join(out.splitlines()[0].split()).startswith("a b n rho conf. rho var. overlap interval chance within labels ceiling")
    _, out, _ = ftft("transfer", run.id, other.id)
    (pair,) = json.loads(out)["pairs"]
    assert pair.keys() >= {"a", "b", "n", "same_order", "spearman", "overlap", "verdict", "curve", "labels", "regions"}
    assert pair["overlap"].keys() >= {"q", "value", "chance", "chance_within_labels", "ceiling", "low", "high"}
    single = add_run(ws, "reviews", seed=3, epochs=1, verdict={})
    _, out, _ = ftft("transfer", run.id, single.id, "--epochs", "1-1")
    assert json.loads(out)["pairs"][0]["spearman"]["variability"] is None, "one epoch has no variability to rank"


def test_a_setting_of_zero_is_not_taken_for_none(ftft, ws, tmp_path, monkeypatch):
    from ftft.workspace import Workspace
    from ftft.workspace.training import bundled_models

    monkeypatch.setattr(Workspace, "wake", lambda self: None)
    add_dataset(ws, tmp_path)
    _, out, _ = ftft("train", "reviews", "--model", bundled_models()[0], "--detach", "--warmup", 0, "--seed", 0)
    spec = ws.runs.get(json.loads(out)["runs"][0]["run"]).spec
    assert (spec.warmup, spec.seed) == (0, 0)
    assert "--warmup 0" in ws.train_command("reviews", model="m", warmup=0.0)
