"""Agreement of maps, what chance gives, and how sure one can be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.stats import overlap, spearman


def agreement(n=400, noise=0.5, q=0.33, labels=None, seed=0):
    draw = np.random.default_rng(seed)
    a = draw.normal(size=n)
    b = a + noise * draw.normal(size=n)
    return overlap(np.argsort(-a), np.argsort(-b), q, np.zeros(n, dtype=int) if labels is None else labels)


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


def test_equal_rankings_agree_fully_in_every_resample():
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


def test_drawing_only_what_lies_near_the_cuts_gives_the_interval_of_the_plain_bootstrap():
    n, q = 3000, 0.33
    draw = np.random.default_rng(1)
    a = draw.normal(size=n)
    order_a, order_b = np.argsort(-a), np.argsort(-(a + draw.normal(size=n)))
    k, plain = round(q * n), []
    for _ in range(400):
        drawn = np.bincount(draw.integers(0, n, n), minlength=n)
        taken = [np.empty(n), np.empty(n)]
        for order, mine in zip((order_a, order_b), taken, strict=True):
            mine[order] = np.clip(k - (drawn[order].cumsum() - drawn[order]), 0, drawn[order])
        plain.append(np.minimum(*taken).sum() / k)
    low, high = np.percentile(plain, (2.5, 97.5))
    found = overlap(order_a, order_b, q, np.zeros(n, dtype=int))
    assert found.low == pytest.approx(low, abs=0.006)
    assert found.high == pytest.approx(high, abs=0.006)


def test_the_same_question_gets_the_same_answer():
    assert agreement() == agreement()
