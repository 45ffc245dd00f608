"""Transfer between runs of a workspace: ceilings, orders, evidence, and what is kept."""

from dataclasses import replace

import numpy as np
import pytest

from ftft import agreement
from ftft.domain import mean_id
from ftft.errors import InputError
from ftft.workspace.transfer import _same_but_seed
from tests.synthetic import add_dataset, add_run


@pytest.fixture
def dataset(ws, tmp_path) -> str:
    return add_dataset(ws, tmp_path)


@pytest.fixture
def runs(ws, dataset):
    """Two seeds of one model, and another model."""
    made = [add_run(ws, dataset, seed, verdict={}, model=f"/nowhere/{model}") for seed, model in ((1, "small"), (2, "small"), (3, "large"))]
    return [run.id for run in made]


def test_the_ceiling_is_the_mean_over_either_model_with_itself(ws, runs):
    small, again, large = runs
    to_large, itself = ws.transfer(small, large)[0], ws.transfer(small, again)[0]
    assert to_large["ceiling_pairs"] == 1
    assert to_large["overlap"]["ceiling"] == itself["overlap"]["value"]
    assert to_large["spearman_ceiling"] == pytest.approx(itself["spearman"])
    assert [point["ceiling"] for point in to_large["curve"]] == [point["value"] for point in itself["curve"]]


def test_a_run_with_the_same_data_order_is_no_ceiling(ws, dataset):
    """Its maps agree by the order alone."""
    a, b = (add_run(ws, dataset, seed, verdict={}) for seed in (1, 2))
    assert _same_but_seed(a, b)
    seeds = replace(b.spec.seeds, order=a.spec.seeds.order)
    assert not _same_but_seed(a, replace(b, spec=replace(b.spec, seeds=seeds)))


def test_a_curve_has_the_share_asked_for_and_no_top_of_nothing(ws, runs):
    pair = ws.transfer(runs[0], runs[2], top=0.4)[0]
    assert [point["q"] for point in pair["curve"]] == [0.05, 0.1, 0.2, 0.33, 0.4, 0.5, 0.7, 0.9]
    assert pair["overlap"] == pair["curve"][4]
    assert all(point["low"] <= point["value"] <= point["high"] for point in pair["curve"])
    assert sum(map(sum, pair["regions"])) == pair["n"] == 60


def test_a_mean_shares_the_order_of_a_run_that_is_part_of_it(ws, runs):
    small, again, large = runs
    mean = mean_id([small, again])
    with_part, with_other = ws.transfer(mean, small)[0], ws.transfer(mean, large)[0]
    assert (with_part["same_order"], with_part["verdict"]) == (True, "same_order")
    assert (with_other["same_order"], with_other["overlap"]["ceiling"]) == (False, None)


def test_one_epoch_decides_nothing(ws, dataset, runs):
    """All variabilities are 0, both tops are the same by how ties are broken: an overlap of 1 that means nothing."""
    pair = ws.transfer(runs[0], runs[2], epochs=(1, 1))[0]
    assert (pair["overlap"]["value"], pair["overlap"]["tied"], pair["verdict"]) == (1, 1, "undecided")


def test_each_run_may_have_epochs_of_its_own(ws, runs):
    a, _, b = runs
    assert ws.transfer(a, b, epochs={a: (1, 2)}) == ws.transfer(a, b, epochs={a: (1, 2), b: (1, 3)}) != ws.transfer(a, b)


def test_the_examples_that_two_maps_rank_most_differently(ws, runs):
    frame = ws.disagreements(runs[0], runs[2], "confidence", limit=5)
    maps = [ws.map(run).frame().set_index("id") for run in (runs[0], runs[2])]
    gaps = (maps[0]["confidence"].rank() - maps[1]["confidence"].rank()).abs().sort_values(ascending=False)
    assert set(frame["id"]) == set(gaps.index[:5])
    assert frame["a"].tolist() == maps[0].loc[frame["id"], "confidence"].tolist()
    assert ws.data.ids("reviews")[frame["row"]].tolist() == frame["id"].tolist()
    assert frame["curve_a"].map(np.mean).tolist() == pytest.approx(frame["a"].tolist())
    assert frame["gold"].tolist() == maps[0].loc[frame["id"], "gold"].tolist()
    assert (frame["gap"].abs() * 59).tolist() == pytest.approx(gaps.iloc[:5].tolist(), abs=1e-4)
    with pytest.raises(InputError, match="loss"):
        ws.disagreements(runs[0], runs[2], "loss")


def test_a_run_on_part_of_the_examples_is_compared_on_these(ws, dataset, runs, monkeypatch):
    ids, gold = ws.data.ids(dataset)[:40], ws.data.gold(dataset)[:40]
    with monkeypatch.context() as fewer:
        fewer.setattr(ws.data, "ids", lambda name: ids)
        fewer.setattr(ws.data, "gold", lambda name: gold)
        part = add_run(ws, dataset, 9, verdict={}, model="/nowhere/part")
    pair = ws.transfer(runs[0], part.id)[0]
    assert pair["n"] == 40
    assert np.sum([label["n"] for label in pair["labels"]]) == 40


def test_evidence_has_a_score_only_where_all_sets_in_distribution_have_one(ws, dataset, runs):
    first, _, target = ws.evidence(*runs, target=runs[2])
    assert first["score"] is None, "the dataset has a set out of distribution only"
    assert first["reliability"]["pairs"] == 1
    assert first["target"]["b"] == runs[2]
    assert target["target"] is None
    assert target["reliability"] == {"pairs": 0, "overlap": None, "beyond": None, "confidence": None, "variability": None}
    assert first["easy"] == ws.map(runs[0]).regions()["easy"] / 60


def test_what_was_counted_once_is_not_counted_again(ws, runs, monkeypatch):
    before = ws.transfer(*runs)
    monkeypatch.setattr(agreement.Ranked, "n_L", property(lambda self: pytest.fail("ranked again")))
    monkeypatch.setattr("ftft.workspace.comparing.tops", lambda *args: [] if not args[2] else pytest.fail("counted again"))
    assert ws.transfer(*runs) == before


def test_maps_that_are_no_longer_shown_are_forgotten_with_their_numbers(ws, dataset, runs, monkeypatch):
    monkeypatch.setattr("ftft.workspace.comparing.KEPT_MAPS", 2)
    first = ws.transfer(*runs)
    kept = ws._transfer.comparing._maps
    assert sum(len(key) == 1 for key in kept) <= 2
    assert all((place,) in kept for key in kept for place in key), "a pair would hold its maps in memory"
    assert ws.transfer(*runs) == first


def test_another_seed_is_one_that_no_run_of_that_model_has_had(ws, dataset, runs):
    small, again, large = runs
    waiting = add_run(ws, dataset, 4, epochs=0, model="/nowhere/small")
    assert {run.id for run in ws.siblings(small)} == {again, waiting.id}
    words = ws.another_seed(small)
    assert (words["seeds"], words["model"]) == ((3,), "/nowhere/small")
    assert ws.train_command(**words) == "ftft train reviews --model /nowhere/small --seed 3"
    assert ws.another_seed(large)["seeds"] == (1,)
    assert ws.transfer(small, large)[0]["ceiling_pairs"] == 1, "a run without an epoch is no ceiling yet"
