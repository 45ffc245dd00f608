"""Intervals and tests of differences: what they cover where the truth is known, and values computed by hand.

Shapes: S seeds, N examples of a set.
"""

from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import t, ttest_1samp

from ftft.contributions import contributions
from ftft.crossed import FEW, Difference, difference, holm, spread

SHARES = {  # of the variance of the mean: seeds, examples, rest
    "seeds dominate": (0.9, 0.05, 0.05),
    "examples dominate": (0.05, 0.9, 0.05),
    "equal": (1 / 3, 1 / 3, 1 / 3),
    "rest dominates": (0.05, 0.05, 0.9),
}


def crossed(draw, seeds, n, shares) -> np.ndarray:
    """(S, N) normal effects with mean 0, whose mean has variance 1."""
    sizes = ((seeds, 1), (1, n), (seeds, n))
    effects = [np.sqrt(share * np.prod(size)) * draw.normal(size=size) for share, size in zip(shares, sizes, strict=True)]
    return effects[0] + effects[1] + effects[2]


@cache
def repeated(seeds, kind, n=100, times=2000) -> list[Difference]:
    """Many experiments without a difference."""
    draw = np.random.default_rng([seeds, n, *kind.encode()])
    return [difference([crossed(draw, seeds, n, SHARES[kind])]) for _ in range(times)]


def covered(found: list[Difference], truth=0.0) -> float:
    return float(np.mean([one.low <= truth <= one.high for one in found]))


# ---- coverage


@pytest.mark.parametrize("kind", SHARES)
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_95_percent_of_intervals_hold_the_truth(seeds, kind):
    assert 0.935 < covered(repeated(seeds, kind)) < 0.98


@pytest.mark.parametrize("kind", ["seeds dominate", "examples dominate", "equal"])
def test_so_do_those_of_two_seeds_which_know_little(kind):
    """Satterthwaite's degrees of freedom alone cover .87 of it."""
    assert 0.91 < covered(repeated(2, kind)) < 0.99


def test_with_one_seed_they_hold_what_other_examples_would_give():
    draw = np.random.default_rng(0)
    assert 0.935 < covered([difference([draw.normal(size=(1, 100))]) for _ in range(2000)]) < 0.965


@pytest.mark.parametrize("kind", SHARES)
@pytest.mark.parametrize("seeds", [5, 10])
def test_without_a_difference_the_test_finds_one_in_twenty_times(seeds, kind):
    assert 0.02 < np.mean([one.p is not None and one.p < 0.05 for one in repeated(seeds, kind)]) < 0.065


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("kind", ["seeds dominate", "equal"])
def test_the_mean_over_sets_is_covered(seeds, kind):
    """Seeds move all sets together, and each by itself; examples are each set's own."""
    draw, shares = np.random.default_rng(7), SHARES[kind]

    def sets():
        common = np.sqrt(shares[0] * seeds) * draw.normal(size=(seeds, 1))
        return [common + crossed(draw, seeds, n, (shares[0] / 2, *shares[1:])) for n in (60, 100, 277)]

    assert 0.93 < covered([difference(sets()) for _ in range(1000)]) < 0.98


@pytest.mark.parametrize("seed_sd", [0.02, 0.3])
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_differences_of_accuracies_are_covered(seeds, seed_sd):
    """Of 277 right and wrong answers: easy examples are easy for both methods, some for one; seed SD up to .1 of accuracy."""
    draw, n = np.random.default_rng([seeds, int(100 * seed_sd)]), 277

    def right(skill, ease_N):
        seed_S1 = seed_sd * draw.normal(size=(seeds, 1))
        return skill + seed_S1 + ease_N + 0.5 * draw.normal(size=n) + 0.5 * draw.normal(size=(seeds, n)) > 0

    def once():
        ease_N = draw.normal(size=n)
        return difference([right(0.8, ease_N).astype(float) - right(0.5, ease_N)])

    truth = float(np.diff(ndtr(np.array([0.5, 0.8]) / np.sqrt(seed_sd**2 + 1 + 0.25 + 0.25)))[0])
    assert 0.92 < covered([once() for _ in range(1000)], truth) < 0.98


def test_differences_of_macro_f1_are_covered():
    """By way of the jackknife: one label in five examples, seeds that shift the threshold, and one method that is better."""
    draw, seeds, n, seed_sd = np.random.default_rng(3), 3, 150, 0.2

    def macro_f1(skill, shift):
        hit, false = 0.2 * ndtr(skill + shift), 0.8 * ndtr(shift - skill)
        return (2 * hit / (0.2 + hit + false) + 2 * (0.8 - false) / (0.8 + 1 - hit - false)) / 2

    def once():
        gold_N, value_N = (draw.random(n) < 0.2).astype(int), draw.normal(size=n)

        def rows(skill):
            for shift in seed_sd * draw.normal(size=seeds):
                log_odds_N = skill * (2 * gold_N - 1) + shift + 0.8 * value_N + 0.6 * draw.normal(size=n)
                yield contributions("macro_f1", gold_N, np.stack((np.zeros(n), log_odds_N), axis=1))

        return difference([np.stack([a - b for a, b in zip(rows(1.2), rows(0.8), strict=True)])])

    shifts = seed_sd * draw.normal(size=200_000)
    truth = float(np.mean(macro_f1(1.2, shifts) - macro_f1(0.8, shifts)))
    assert 0.92 < covered([once() for _ in range(600)], truth) < 0.98


# ---- values


def test_a_difference_by_hand():
    """Mean squares, in units of the variance of the mean: seeds 3/3, examples 2/2, rest 2/6; seeds count threefold for the df."""
    found = difference([np.array([[0.0, 2], [2, 6], [4, 4]])])
    assert (found.value, found.n_seeds, found.p) == (3, 3, None)
    assert found.se == pytest.approx(np.sqrt(1 + 1 - 1 / 3))
    assert found.df == pytest.approx((3 + 2 / 3) ** 2 / (3**2 / 2 + 1**2 / 1 + (1 / 3) ** 2 / 2))
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, found.df, 3, found.se))


def test_two_sets_by_hand():
    """The second varies by seed alone. Seeds' means over sets are 1, 4, 7 and have variance 9; the first set counts a quarter."""
    found = difference([np.array([[0.0, 2], [2, 6], [4, 4]]), np.array([[1.0] * 5, [4] * 5, [10] * 5])])
    assert found.value == pytest.approx((3 + 5) / 2)
    assert found.se == pytest.approx(np.sqrt(9 / 3 + (1 - 1 / 3) / 4))
    assert found.df == pytest.approx((9 + 1 / 6) ** 2 / (9**2 / 2 + (1**2 + (1 / 3) ** 2 / 2) / 4**2))


def test_where_seeds_alone_matter_it_is_the_t_test_over_seeds():
    values_S = np.array([0.1, 0.3, -0.2, 0.4, 0.2])
    found, wanted = difference([np.repeat(values_S[:, None], 30, axis=1)]), ttest_1samp(values_S, 0)
    assert (found.low, found.high, found.p) == pytest.approx((*wanted.confidence_interval(), wanted.pvalue))


@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_where_examples_alone_matter_it_is_the_t_test_over_examples(seeds):
    values_N = np.random.default_rng(0).normal(0.3, 1, size=40)
    found, wanted = difference([np.tile(values_N, (seeds, 1))]), ttest_1samp(values_N, 0)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval()))
    assert found.p == (pytest.approx(wanted.pvalue) if seeds >= FEW else None)


def test_the_mean_over_sets_weighs_sets_and_not_examples():
    assert difference([np.full((3, 10), 0.2), np.full((3, 990), 0.6)]).value == pytest.approx(0.4)


def test_equally_many_right_answers_are_no_proof_of_a_difference_without_error():
    """Neither seeds nor examples differ in their means: a twentieth of the rest's variance, MS 1/2 over 9, is kept."""
    found = difference([np.eye(3)])
    assert found.se == pytest.approx(np.sqrt(0.05 / 18))
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, 2, 1 / 3, found.se))


@pytest.mark.parametrize("parts", [[(1, 7)], [(3, 7)], [(5, 100)], [(5, 100), (5, 2)]])
@pytest.mark.parametrize("value", [0.0, 0.1, -1.0])
def test_where_nothing_varies_the_interval_is_the_value(parts, value):
    found = difference([np.full(shape, value) for shape in parts])
    assert found == Difference(found.value, found.value, found.value, 0.0, None, None, parts[0][0])
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize("sizes", [(1,), (1, 50), (50, 50, 1)])
def test_a_set_of_one_example_says_nothing_of_others(sizes):
    draw = np.random.default_rng(0)
    parts = [draw.normal(size=(5, n)) for n in sizes]
    found = difference(parts)
    assert found == Difference(found.value, -np.inf, np.inf, np.inf, None, None, 5)
    assert found.value == pytest.approx(np.mean([d_SN.mean() for d_SN in parts]))


@pytest.mark.parametrize("seeds", range(1, 8))
def test_under_five_seeds_there_is_no_test(seeds):
    found = difference([np.random.default_rng(0).normal(9, 1, size=(seeds, 50))])
    assert (found.p is None) == (seeds < 5)
    assert found.n_seeds == seeds
    assert found.low > 0, "the interval is there"


def test_an_interval_without_its_value_cannot_exist():
    with pytest.raises(AssertionError):
        Difference(0.5, 0.6, 0.7, 0.1, 3.0, None, 3)


# ---- whatever the numbers


@st.composite
def experiments(draw):
    seeds, sizes = draw(st.integers(1, 7)), draw(st.lists(st.integers(2, 12), min_size=1, max_size=3))
    random = np.random.default_rng(draw(st.integers(0, 9999)))
    return [np.round(random.normal(0.4, 1, size=(seeds, n)), draw(st.integers(0, 2))) for n in sizes]


def same(found: Difference, value, low, high, se):
    assert (found.value, found.low, found.high, found.se) == pytest.approx((value, low, high, se), rel=1e-6, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(experiments())
def test_the_p_value_is_that_of_the_same_t_as_the_interval(parts):
    found = difference(parts)
    assert found.low <= found.value <= found.high
    if found.p is not None:
        assert found.df is not None
        assert found.p == pytest.approx(2 * t.sf(abs(found.value) / found.se, found.df))
        assert (found.p < 0.05) == (not found.low <= 0 <= found.high)


@settings(max_examples=50, deadline=None)
@given(experiments(), st.floats(-5, 5), st.floats(0.1, 10))
@example([np.array([[1.0, 0], [1, 1], [0, 1], [2, 1], [0, -1]])], 0.0, 0.109375)  # examples and rest vary alike, to the last bit
def test_intervals_move_turn_and_stretch_with_their_differences(parts, by, times):
    one = difference(parts)
    same(difference([d_SN + by for d_SN in parts]), one.value + by, one.low + by, one.high + by, one.se)
    same(difference([-d_SN for d_SN in parts]), -one.value, -one.high, -one.low, one.se)
    same(difference([times * d_SN for d_SN in parts]), times * one.value, times * one.low, times * one.high, times * one.se)


@settings(max_examples=50, deadline=None)
@given(experiments(), st.integers(0, 99))
def test_neither_the_order_of_seeds_nor_of_examples_nor_of_sets_matters(parts, seed):
    one, draw = difference(parts), np.random.default_rng(seed)
    seeds = draw.permutation(one.n_seeds)
    shuffled = [d_SN[seeds][:, draw.permutation(d_SN.shape[1])] for d_SN in parts]
    same(difference(shuffled[::-1]), one.value, one.low, one.high, one.se)


# ---- Holm


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # 4 x .005, 3 x .01, 2 x .03, and .04, never under the one before
        ([None, 0.01, 0.04, None, 0.03, 0.005], [None, 0.03, 0.06, None, 0.06, 0.02]),
        ([0.02, 0.02, 0.5], [0.06, 0.06, 0.5]),
        ([0.4, 0.9, 0.7], [1, 1, 1]),
        ([0.03], [0.03]),
        ([None, None], [None, None]),
        ([], []),
    ],
)
def test_holm_by_hand(p, adjusted):
    assert holm(p) == [value if value is None else pytest.approx(value) for value in adjusted]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.sampled_from([0.0, 0.001, 0.01, 0.02, 0.5, 1.0]) | st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_never_lowers_a_p(p):
    found = holm(p)
    assert [value is None for value in found] == [value is None for value in p]
    pairs = sorted((value, after) for value, after in zip(p, found, strict=True) if value is not None and after is not None)
    assert [after for _, after in pairs] == sorted(after for _, after in pairs)
    assert all(value <= after <= 1 for value, after in pairs)
    assert len(set(pairs)) == len({value for value, _ in pairs}), "equal p stay equal"


def test_holm_errs_in_one_family_of_twenty_at_most():
    draw = np.random.default_rng(0)
    families = draw.random((2000, 6))
    assert 0.035 < np.mean([min(value for value in holm(p.tolist()) if value is not None) < 0.05 for p in families]) < 0.065


# ---- spread


def test_spread_by_hand():
    """The 2.5 and 97.5 % quantiles of chi-square with 4 degrees of freedom are .4844 and 11.1433."""
    wanted = (np.sqrt(2.5), np.sqrt(2.5 * 4 / 11.1433), np.sqrt(2.5 * 4 / 0.484419))
    assert spread([1, 2, 3, 4, 5]) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_95_percent_of_spreads_hold_the_true_sd(seeds):
    found = [spread(values_S) for values_S in np.random.default_rng(seeds).normal(0.7, 0.1, size=(2000, seeds))]
    assert 0.935 < np.mean([one is not None and one[1] <= 0.1 <= one[2] for one in found]) < 0.965
    assert all(one is not None and one[1] < one[0] < one[2] for one in found)


def test_under_two_seeds_there_is_no_spread():
    assert spread([]) is spread([0.8]) is None
