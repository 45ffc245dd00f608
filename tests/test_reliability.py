"""How stable a top is over runs, against counts by hand and simulated truths."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from ftft.reliability import consecutive_overlaps, foreseen, rank_agreement, settled, top_stability


def orders(draw, n, runs, agreement):
    """Rankings by values that agree by `agreement` in each pair."""
    shared_N = draw.normal(size=n)
    return [np.argsort(-(agreement**0.5 * shared_N + (1 - agreement) ** 0.5 * draw.normal(size=n))) for _ in range(runs)]


def test_the_value_is_the_mean_over_pairs_and_the_range_is_theirs():
    found = top_stability(
        [np.array(order) for order in ([0, 1, 2, 3, 4, 5], [0, 1, 3, 2, 4, 5], [1, 4, 5, 0, 2, 3])], 0.34, np.zeros(6, int)
    )
    assert (found.k, found.chance) == (2, pytest.approx(1 / 3))
    assert (found.value, found.pair_min, found.pair_max) == (pytest.approx((1 + 0.5 + 0.5) / 3), 0.5, 1)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_chance_within_labels_is_what_tops_with_those_labels_give():
    labels_N = np.repeat([0, 1], [30, 70])
    tops_of_label_0 = [np.concatenate((np.roll(np.arange(30), shift), np.arange(30, 100))) for shift in (0, 5, 9)]
    found = top_stability(tops_of_label_0, 0.15, labels_N)
    assert (found.chance, found.chance_within_labels) == (0.15, pytest.approx(0.5))


def test_two_runs_have_the_interval_of_the_overlap_of_a_pair():
    from ftft.stats import overlap

    draw = np.random.default_rng(0)
    pair, labels_N = orders(draw, 500, 2, 0.5), draw.integers(0, 3, 500)
    one, other = top_stability(pair, 0.33, labels_N), overlap(*pair, 0.33, labels_N)
    np.testing.assert_allclose(
        (one.value, one.low, one.high, one.chance_within_labels), (other.value, other.low, other.high, other.chance_within_labels)
    )


def test_runs_that_agree_fully_or_not_at_all_still_have_an_interval_that_holds_the_value():
    same = top_stability([np.arange(40)] * 3, 0.25, np.zeros(40, int))
    assert (same.low, same.value, same.high) == (1, 1, 1)
    apart = top_stability([np.roll(np.arange(40), shift) for shift in (0, 10, 20)], 0.25, np.zeros(40, int))
    assert apart.low == apart.value == 0 < apart.high < 0.5


@pytest.mark.parametrize(
    ("n", "q", "agreement", "runs"), [(200, 0.33, 0.5, 3), (1000, 0.33, 0.4, 5), (300, 0.1, 0.5, 3), (500, 0.5, 0.2, 4)]
)
def test_the_interval_covers_what_endless_examples_would_give(n, q, agreement, runs):
    cut = norm.isf(q)
    truth = multivariate_normal(cov=[[1, agreement], [agreement, 1]]).cdf([-cut, -cut]) / q
    draw = np.random.default_rng(1)
    found = [top_stability(orders(draw, n, runs, agreement), q, np.zeros(n, int)) for _ in range(300)]
    below, above = np.mean([f.high < truth for f in found]), np.mean([f.low > truth for f in found])
    assert below + above < 0.09
    assert max(below, above) < 0.065
    assert below + above > 0.005, "nor is it wider than it need be"


def test_rank_agreement_is_the_mean_over_pairs_without_what_has_no_value():
    nan = np.nan
    a, b, c = np.array([1, 2, 3, 4, nan]), np.array([10, 20, 30, 40, 5]), np.array([1, 2, 4, 3, 9])
    assert rank_agreement([a, b, c]) == pytest.approx((1 + 0.8 + 0.8) / 3)
    assert rank_agreement([a, np.ones(5)]) is None
    assert rank_agreement([np.array([nan]), np.array([1.0])]) is None


def test_the_mean_of_more_runs_agrees_as_foreseen():
    draw, n, single = np.random.default_rng(2), 20_000, 0.4
    shared_N = draw.normal(size=n)

    def mean_of(runs):
        return shared_N + ((1 - single) / single) ** 0.5 * draw.normal(size=(runs, n)).mean(axis=0)

    for runs in (2, 5):
        assert np.corrcoef(mean_of(runs), mean_of(runs))[0, 1] == pytest.approx(foreseen(single, runs), abs=0.02)
    assert (foreseen(None, 3), foreseen(-0.2, 3), foreseen(0.36, 3)) == (None, 0, pytest.approx(0.628, abs=0.001))


def test_a_selection_settles_when_enough_epochs_have_left_it_as_it_was():
    ids_N = np.array([f"{n}" for n in range(10)], dtype=object)
    calm = np.full(10, 0.5)
    moved = calm.copy()
    moved[[1, 3, 5]] = 0.9, 0.1, 0.8  # the first three to vary, and no other ever does
    assert consecutive_overlaps(ids_N, np.stack([calm, moved, moved, calm]), 0.3) == [1.0, 1.0]
    other = calm.copy()
    other[[0, 2, 4]] = 1.0, 0.0, 1.0
    assert consecutive_overlaps(ids_N, np.stack([calm, moved, other]), 0.3) == [pytest.approx(0, abs=0.34)]
    assert consecutive_overlaps(ids_N, np.stack([calm, moved]), 0.3) == []


@pytest.mark.parametrize(
    ("overlaps", "patience", "is_settled"),
    [([], 1, False), ([0.95], 1, True), ([0.89], 1, False), ([0.95], 2, False), ([0.95, 0.9], 2, True), ([0.8, 0.95], 2, False)],
)
def test_settled_asks_for_patience(overlaps, patience, is_settled):
    assert settled(overlaps, patience) is is_settled
