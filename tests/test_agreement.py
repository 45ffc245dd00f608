"""Two maps compared: within labels, at every q, by region; and what it comes to."""

from dataclasses import replace

import numpy as np
import pytest

from ftft.agreement import (
    METRICS,
    Ranked,
    Top,
    ambiguous_and_hard,
    largest_gaps,
    movement,
    rank_agreement,
    rank_counts,
    tops,
    tops_of_labels,
    verdict,
)


def ranked(labels, variability, confidence=None) -> Ranked:
    variability = np.asarray(variability, dtype=float)
    confidence = variability if confidence is None else np.asarray(confidence, dtype=float)
    return Ranked(np.asarray(labels), {"confidence": confidence, "variability": variability}, np.argsort(-variability, kind="stable"))


def by_label_alone(n=3000, seed=0) -> tuple[Ranked, Ranked]:
    """Two maps that have nothing in common but that examples of label 1 lie higher."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 2, n)
    return ranked(labels, 3 * labels + draw.normal(size=n)), ranked(labels, 3 * labels + draw.normal(size=n))


def both(a: Ranked, b: Ranked, metric: str = "confidence"):
    overall, within = rank_agreement(a, b, metric)
    assert overall is not None
    assert within is not None
    return overall, within


def sizes(a: Ranked, q: float) -> np.ndarray:
    return np.round(q * a.n_L).astype(int)


@pytest.mark.parametrize("metric", METRICS)
def test_what_labels_alone_give_is_gone_within_labels(metric):
    a, b = by_label_alone()
    overall, within = both(a, b, metric)
    assert overall.value > 0.6
    assert within.low < 0 < within.high


def test_within_labels_is_the_mean_over_labels_weighted_by_their_examples():
    labels = np.array([0] * 6 + [1] * 3)
    a = ranked(labels, [1, 2, 3, 4, 5, 6, 1, 2, 3])
    b = ranked(labels, [1, 2, 3, 4, 5, 6, 3, 2, 1])
    assert both(a, b)[1].value == pytest.approx((6 * 1 + 3 * -1) / 9)


def test_a_map_that_is_constant_has_no_rank_correlation():
    a, _ = by_label_alone(50)
    assert rank_agreement(a, ranked(a.labels_N, np.zeros(50)), "variability") == (None, None)


def test_chance_within_labels_explains_a_top_that_is_drawn_by_label_and_a_balanced_top_shows_no_agreement():
    a, b = by_label_alone()
    (top,) = tops(a, b, {0.33: sizes(a, 0.33)})
    assert top.value > 0.5 > top.chance
    assert top.low < top.chance_within_labels < top.high
    assert top.balanced == pytest.approx(top.chance, abs=0.04)


def test_the_labels_of_a_top_add_up_to_it():
    a, b = by_label_alone()
    k = round(0.33 * a.n)
    found = tops_of_labels(a, b, k)
    (top,) = tops(a, b, {0.33: sizes(a, 0.33)})
    assert sum(label.top_a for label in found) == sum(label.top_b for label in found) == k
    assert sum(label.both for label in found) / k == pytest.approx(top.value)
    assert sum((label.chance or 0) * label.top_b for label in found) / k == pytest.approx(top.chance_within_labels)


@pytest.mark.parametrize(("values", "tied"), [([4, 3, 2, 1], 0), ([4, 3, 3, 1], 0.5), ([1, 1, 1, 1], 1)])
def test_ties_at_the_cut_are_owned_up_to(values, tied):
    assert ranked([0] * 4, values).tied(2) == tied


def test_every_example_moves_from_one_region_to_one():
    a = ranked([0] * 4, [0.4, 0.1, 0.1, 0.1], [0.5, 0.9, 0.1, 0.5])
    b = ranked([0] * 4, [0.0, 0.4, 0.1, 0.1], [0.9, 0.5, 0.2, 0.4])
    # the first goes from ambiguous to easy, the second the other way; the third stays hard, the fourth becomes it
    assert movement(a, b, 1, 0.5).tolist() == [[0, 1, 1], [1, 0, 0], [0, 0, 1]]


def test_cells_of_ranks_hold_every_example_and_equal_maps_fill_the_diagonal():
    a, b = by_label_alone(1000)
    assert rank_counts(a, b, "confidence", 10).sum() == 1000
    assert (np.diag(rank_counts(a, a, "confidence", 10)) == 100).all()


def test_the_largest_gaps_are_those_of_a_full_sort():
    a, b = by_label_alone(500)
    gap = np.abs(a.rank["confidence"] - b.rank["confidence"])
    assert gap[largest_gaps(a, b, "confidence", 20)].tolist() == sorted(gap, reverse=True)[:20]
    assert len(largest_gaps(a, b, "confidence", 9999)) == 500


def test_a_reference_that_has_not_learnt_the_hard_ones_keeps_them_out_of_its_ambiguous_ones():
    confidence = np.arange(100) / 100
    learns = ranked([0] * 100, -confidence, confidence)  # the least confident are the most variable
    never = ranked([0] * 100, confidence, confidence)
    assert (ambiguous_and_hard(learns, 33), ambiguous_and_hard(never, 33)) == (1, 0)


TOP = Top(q=0.33, value=0.55, low=0.53, high=0.57, chance=0.33, chance_within_labels=0.44, balanced=0.5, tied=0.0)


def test_one_model_under_two_seeds_is_not_praised_for_reaching_the_ceiling_that_it_is():
    assert verdict(TOP, False, [TOP.value], itself=True) == "itself"


@pytest.mark.parametrize(
    ("word", "top", "same_order", "ceilings"),
    [
        ("at_ceiling", TOP, False, [0.55, 0.58]),
        ("below_ceiling", TOP, False, [0.7]),
        ("below_ceiling", TOP, None, [0.7]),
        ("no_ceiling", TOP, False, []),
        ("no_better_than_labels", replace(TOP, chance_within_labels=0.54), False, [0.7]),
        ("no_better_than_labels", replace(TOP, chance_within_labels=0.54), False, []),
        ("too_few_examples", replace(TOP, low=0.4, high=0.8), False, [0.7]),
        ("same_order", TOP, True, [0.5]),
        ("undecided", replace(TOP, value=1, high=1, tied=1.0), True, [0.5]),
    ],
)
def test_the_verdict_says_no_more_than_the_numbers_do(word, top, same_order, ceilings):
    assert verdict(top, same_order, ceilings) == word
