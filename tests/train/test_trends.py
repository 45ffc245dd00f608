"""The study of trends, small: its numbers are those of the definition, and it says all that it promises."""

import json
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch

from ftft.errors import InputError
from ftft.train import trends
from ftft.train.linear import Batch, Runs, fit
from ftft.train.trends import BASE, BATCH, FACTORS, METHODS, SGD, Study, measure, prepare, run

SMALL = Study(sets=12, seeds=3)


@pytest.fixture(scope="module")
def found():
    return run(SMALL)


def test_it_says_all_that_it_promises_in_plain_json(found):
    said = found.to_json()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert said["factors"].keys() == FACTORS.keys()
    for factor in said["factors"].values():
        assert factor["expected"] in ("rises", "falls")
        assert factor["methods"].keys() == set(METHODS)
        for lists in [factor, *factor["methods"].values()]:
            assert {len(one) for one in lists.values() if isinstance(one, list)} == {2}
        for method in factor["methods"].values():
            assert method["spearman"].keys() == {"epsilon", "direction", "accuracy_sd"}
            for rho in filter(None, method["spearman"].values()):
                assert (rho["low"], rho["high"]) == (-1, 1), "two sets say nothing"


def test_its_numbers_are_in_range(found):
    for trend in found.factors.values():
        for one in chain(*trend.measured.values()):
            assert 0 < one.epsilon < 1
            assert 0 < one.noise_floor < 20
            assert 0 < one.direction < 2
            assert 0.5 < one.accuracy <= 1
            assert 0 <= one.accuracy_sd < 0.3


def test_it_is_the_same_whenever_it_runs(found):
    assert run(SMALL).to_json() == found.to_json()


def test_another_seed_is_another_study(found):
    again = run(replace(SMALL, seed=2, factors=("n",), sets=2, methods=("standard",)))
    assert again.factors["n"].measured["standard"] != found.factors["n"].measured["standard"]


def test_fewer_factors_leave_the_others_as_they_were(found):
    alone = run(replace(SMALL, factors=("margin",), sets=2))
    assert alone.factors["margin"] == found.factors["margin"]


def test_sets_hardly_hang_on_those_that_share_their_tensor(found, monkeypatch):
    monkeypatch.setattr(trends, "RUNS_AT_ONCE", 1)
    alone = run(replace(SMALL, factors=("iterations",), sets=2, methods=("mmr",))).factors["iterations"]
    for one, other in zip(alone.measured["mmr"], found.factors["iterations"].measured["mmr"], strict=True):
        assert one.epsilon == pytest.approx(other.epsilon, rel=1e-3)


def test_only_the_factor_varies(found):
    for name, factor in FACTORS.items():
        low, high = factor.put(factor.low), factor.put(factor.high)
        parts = [{**vars(one.spec), "steps": one.steps, "lr": one.lr, "start": one.start} for one in (low, BASE, high)]
        assert sum(len({one[key] for one in parts}) > 1 for key in parts[0]) == 1, name
        values = found.factors[name].value_S
        assert values[0] < values[1], name


def test_progress_counts_the_sets_of_every_method():
    seen = []
    run(Study(sets=2, seeds=2, factors=("iterations",), methods=("standard", "mmr")), lambda *at: seen.append(at))
    assert seen[-1] == (4, 4)
    assert seen == sorted(seen)


# ---- what is measured


def test_epsilon_is_how_far_one_example_moves_what_was_trained():
    """Again by hand: a run at a time, in full and without an example."""
    study, one = Study(sets=6, seeds=3), prepare(replace(BASE, steps=40), 3, 1, [5])
    (measured,) = measure([one], study, "standard")
    gone = [by_hand(one, seed, None) - by_hand(one, seed, int(one.left_K[seed])) for seed in range(3)]
    assert measured.epsilon == pytest.approx(np.mean([float(x.norm()) for x in gone]), rel=1e-3)
    floor = [by_hand(one, a, None) - by_hand(one, b, None) for a, b in ((0, 2), (1, 0), (2, 1))]
    assert measured.noise_floor == pytest.approx(np.mean([float(x.norm()) for x in floor]), rel=1e-3)


def by_hand(one, seed, without) -> torch.Tensor:
    first = torch.from_numpy(one.first_KHCE[seed : seed + 1]).float()
    runs = Runs(
        torch.tensor([0]),
        first[..., :-1],
        first[..., -1],
        torch.tensor([BASE.lr]),
        torch.tensor([len(one.row_KTB[seed])]),
        torch.tensor([0.0]),
    )
    rows = torch.from_numpy(one.row_KTB[seed])[:, None]
    batches = (Batch(row_RB, (row_RB != (-1 if without is None else without)).float() / BATCH) for row_RB in rows)
    heads = fit(torch.from_numpy(one.feature_ND)[None], torch.from_numpy(one.gold_N)[None], runs, SGD, batches)
    return torch.cat([heads.weight_RHCD.flatten(), heads.bias_RHC.flatten()])


def test_an_order_shows_every_example_before_any_comes_again():
    one = prepare(replace(BASE, spec=replace(BASE.spec, samples=150)), 2, 1, [3])
    n = len(one.gold_N)
    assert one.row_KTB.shape == (2, BASE.steps, BATCH)
    for row_TB in one.row_KTB:
        passes = row_TB.reshape(-1)[: n * (row_TB.size // n)].reshape(-1, n)
        assert all(sorted(rows) == list(range(n)) for rows in passes.tolist())
    assert not np.array_equal(*one.row_KTB)


@pytest.mark.parametrize("start", [0.25, 8.0])
def test_heads_begin_as_far_from_the_solution_as_ordered(start):
    one = prepare(replace(BASE, start=start), 4, 2, [3])
    assert one.away == pytest.approx(start)
    assert one.first_KHCE.sum(axis=2) == pytest.approx(0, abs=1e-9)


def test_methods_share_what_chance_decides():
    few, many = prepare(BASE, 2, 3, [3]), prepare(BASE, 2, 3, [3])
    assert np.array_equal(few.first_KHCE, many.first_KHCE)
    assert np.array_equal(few.left_K, many.left_K)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sets": 5}, {"sets": 301}, {"seeds": 1}, {"factors": ()}, {"factors": ("n", "n"), "sets": 4}, {"factors": ("depth",), "sets": 4},
        {"methods": ("mixout",)}, {"heads": 0}, {"alpha": -1.0}, {"seed": -1},
    ],
)  # fmt: skip
def test_a_study_that_cannot_be_made_is_refused(wrong):
    with pytest.raises(InputError):
        Study(**wrong)
