"""Figures, mean maps and selections by metric, as a shell gives them."""

import json

import pytest

from ftft.domain import mean_id
from tests.synthetic import add_dataset, add_run


@pytest.fixture
def runs(ws, tmp_path):
    dataset = add_dataset(ws, tmp_path)
    return [add_run(ws, dataset, seed=seed, verdict={}) for seed in (1, 2)]


def test_a_mean_is_mapped_selected_on_and_drawn_by_the_starts_of_its_runs_ids(ftft, ws, runs, tmp_path):
    mean, short = mean_id([r.id for r in runs]), mean_id([r.id[:6] for r in runs])
    status, out, _ = ftft("map", short, "--out", tmp_path / "map.csv")
    value = json.loads(out)
    assert (status, value["run"], value["n"], value["epochs"]) == (0, mean, 60, [1, 3])
    assert sum(value["regions"].values()) == 60
    status, out, _ = ftft("select", short, "--by", "variability", "--top", 0.25, "--name", "steady")
    assert (status, json.loads(out)["n"]) == (0, 15)
    assert ws.subsets.get("steady").selection["steps"][0]["run"] == mean


def test_a_figure_has_the_axes_colours_and_selection_that_were_asked_for(ftft, runs, tmp_path):
    step = {"op": "new", "by": "top", "run": runs[0].id, "metric": "confidence", "q": 0.25, "end": "bottom"}
    (tmp_path / "brush.json").write_text(json.dumps({"dataset": "reviews", "steps": [step]}))
    out = tmp_path / "map.svg"
    words = ("--x", "aum", "--y", "el2n", "--colour", "label", "--width", "page", "--marginals", "--selection", tmp_path / "brush.json")
    assert ftft("map", runs[0].id, "--epochs", "2-3", "--out", out, *words)[0] == 0
    text = out.read_text(encoding="utf-8")
    assert all(word in text for word in ("epochs 2–3", "aum", "el2n", "positive", "15 of 60 selected", "496.8pt"))


def test_a_selection_by_metric_takes_epochs_and_the_same_share_of_each_label(ftft, ws, runs):
    assert ftft("select", runs[0].id, "--by", "loss", "--bottom", 0.3, "--epochs", "2-3", "--per-label", "--name", "s")[0] == 0
    found = ws.subsets.get("s")
    assert found.labels == {"negative": 9, "positive": 9}
    assert found.selection["steps"][0]["epochs"] == [2, 3]
    assert found.selection["steps"][0]["per_label"] is True
