"""Agreement of maps, what chance gives, and how sure one can be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.stats import influence_M, interval, mean_ranks, mean_ranks_within, overlap, spearman


def agreement(n=400, noise=0.5, q=0.33, labels=None, seed=0):
    draw = np.random.default_rng(seed)
    a = draw.normal(size=n)
    b = a + noise * draw.normal(size=n)
    return overlap(np.argsort(-a), np.argsort(-b), q, np.zeros(n, dtype=int) if labels is None else labels)


def rho(a, b) -> float:
    found = spearman(a, b)
    assert found is not None
    return found


def influences(a, b) -> np.ndarray:
    found = influence_M(a, b)
    assert found is not None
    return found


def test_rank_correlation_sees_order_only():
    a = np.array([1.0, 2, 3, 4])
    assert spearman(a, np.exp(a)) == pytest.approx(1)
    assert spearman(a, -(a**3)) == pytest.approx(-1)


def test_rank_correlation_by_hand():
    assert spearman(np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 1, 4, 3, 5])) == pytest.approx(1 - 6 * 4 / (5 * 24))
    assert spearman(np.array([1.0, 1, 2]), np.array([1.0, 2, 3])) == pytest.approx(np.sqrt(3) / 2)  # tied: both have rank 1.5


def test_rank_correlation_leaves_out_what_has_no_value():
    nan = np.nan
    assert spearman(np.array([1, nan, 2, 3, 9]), np.array([1, 5, 2, 3, nan])) == pytest.approx(1)


def test_rank_correlation_of_constants_or_of_nothing_does_not_exist():
    assert spearman(np.ones(3), np.arange(3.0)) is None
    assert spearman(np.array([np.nan]), np.array([1.0])) is None
    assert spearman(np.array([]), np.array([])) is None


def test_overlap_is_the_share_of_common_examples():
    found = overlap(np.array([0, 1, 2, 3, 4, 5]), np.array([1, 3, 0, 2, 4, 5]), 0.5, np.zeros(6, dtype=int))
    assert (found.k, found.value, found.chance, found.chance_within_labels) == (3, pytest.approx(2 / 3), 0.5, pytest.approx(0.5))


def test_equal_rankings_agree_fully_whatever_the_examples():
    found = agreement(noise=0)
    assert (found.low, found.value, found.high) == (1, 1, 1)


def test_sets_drawn_by_label_agree_by_their_labels_alone():
    """Both tops are the whole of label 1: chance within labels explains all."""
    labels = np.array([1] * 30 + [0] * 70)
    found = overlap(np.arange(100), np.concatenate((np.arange(30)[::-1], np.arange(30, 100))), 0.3, labels)
    assert (found.value, found.chance, found.chance_within_labels) == (1, 0.3, pytest.approx(1))


def test_chance_within_labels_is_what_random_sets_with_those_labels_give():
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1], [60, 40])

    def ranked():
        """10 random examples of label 0 and 20 of label 1 come first."""
        first = np.concatenate((draw.permutation(60)[:10], 60 + draw.permutation(40)[:20]))
        return np.concatenate((first, np.setdiff1d(np.arange(100), first)))

    pairs = [(ranked(), ranked()) for _ in range(300)]
    mean = np.mean([len(np.intersect1d(a[:30], b[:30])) / 30 for a, b in pairs])
    assert overlap(*pairs[0], 0.3, labels).chance_within_labels == pytest.approx(mean, abs=0.01)


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 60), st.floats(0.2, 0.8), st.floats(0, 3), st.integers(0, 99))
def test_the_interval_holds_the_value(n, q, noise, seed):
    found = agreement(n, noise, q, seed=seed)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_interval_narrows_with_more_examples():
    few, many = agreement(n=200), agreement(n=20_000)
    assert many.high - many.low < (few.high - few.low) / 5


def test_the_interval_of_an_overlap_holds_what_all_examples_would_give():
    """Of 300 draws of n examples, 95 % within the Monte Carlo error: p(gold) that saturates, as on a map."""

    n, q = 300, 0.33

    def orders(n, draw):
        ease = 2 + 2.5 * draw.normal(size=n)
        first, second = (np.argsort(-1 / (1 + np.exp(ease + 2 * draw.normal(size=n)))) for _ in range(2))
        return first, second

    draw = np.random.default_rng(1)
    truth = overlap(*orders(300_000, draw), q, np.zeros(300_000, dtype=int)).value
    found = [overlap(*orders(n, draw), q, np.zeros(n, dtype=int)) for _ in range(300)]
    assert 0.91 < np.mean([one.low <= truth <= one.high for one in found]) < 0.99


@pytest.mark.parametrize("kind", ["ties", "clusters"])
def test_the_interval_of_a_rank_correlation_holds_what_all_examples_would_give(kind):
    """Also where most values are tied, and where the map has two clusters: there the usual formula alone covers .91."""

    n = 200

    def both(n, draw):
        a = draw.normal(size=n)
        b = 0.7 * a + 0.7 * draw.normal(size=n)
        if kind == "ties":
            return [np.clip(np.round(values + 1.5), -9, 2) for values in (a, b)]
        apart = 4 * (draw.random(n) < 0.2)
        return [apart + draw.normal(size=n) for _ in range(2)]

    draw = np.random.default_rng(2)
    truth = rho(*both(300_000, draw))
    held = []
    for _ in range(400):
        a, b = both(n, draw)
        found = interval(rho(a, b), influences(a, b).std(ddof=1), n)
        held.append(found.low <= truth <= found.high)
    assert 0.925 < np.mean(held) < 0.985


def test_an_influence_is_what_one_more_example_changes():
    draw = np.random.default_rng(3)
    a = np.round(draw.normal(size=2000), 1)
    b = np.round(a + draw.normal(size=2000), 1)
    moves = influences(a, b)
    for row in (0, 17, 99):
        twice = [np.append(values, values[row]) for values in (a, b)]
        assert 2001 * (rho(*twice) - rho(a, b)) == pytest.approx(moves[row], abs=0.02)


def test_ranks_within_groups_start_anew_in_each():
    values, groups = np.array([5.0, 1, 1, 7, 3]), np.array([1, 0, 0, 1, 0])
    assert mean_ranks(values).tolist() == [3, 0.5, 0.5, 4, 2]
    assert [ranks.tolist() for ranks in mean_ranks_within(values, groups)] == [[3, 0.5, 0.5, 4, 2], [0, 0.5, 0.5, 1, 2]]


def test_no_common_example_is_no_certainty_that_there_is_none():
    found = overlap(np.arange(20), np.arange(20)[::-1], 0.2, np.zeros(20, dtype=int))
    assert (found.value, found.low) == (0, 0)
    assert 0.3 < found.high < 0.6, "Wilson's bound for none of four"


def test_the_same_question_gets_the_same_answer():
    assert agreement() == agreement()
