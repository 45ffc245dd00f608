"""Contributions against scores, against leaving out one example at a time, and against values computed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.contributions import contributions
from ftft.scores import SCORES, scores

JACKKNIFED = ("macro_f1", "auroc")


@st.composite
def predictions(draw, least=1):
    """Gold, logits with ties among them, and what classes count as: themselves, or any numbers."""
    classes, n = draw(st.integers(2, 4)), draw(st.integers(least, 8))
    numbers = st.lists(st.sampled_from([0, 1, 2, 5]), min_size=classes, max_size=classes)
    counts_as = draw(st.none() | numbers.map(tuple))
    gold = draw(st.lists(st.sampled_from(counts_as or range(classes)), min_size=n, max_size=n))
    values = draw(st.lists(st.lists(st.integers(-3, 3), min_size=classes, max_size=classes), min_size=n, max_size=n))
    return np.array(gold), np.array(values, dtype=np.float32), counts_as


def logits(*log_odds):
    """Logits of two classes; a positive number predicts class 1."""
    return np.array([[0, v] for v in log_odds], dtype=np.float32)


def of(metric, *arguments) -> np.ndarray:
    found = contributions(metric, *arguments)
    assert found is not None
    return found


def pseudo_values(metric, gold, values, counts_as):
    """N times the score less N - 1 times that of the others, example by example: Tukey's, as slow as they are defined."""
    n, score = len(gold), scores(gold, values, counts_as)[metric]
    without = [scores(np.delete(gold, i), np.delete(values, i, axis=0), counts_as)[metric] for i in range(n)]
    return n * score - (n - 1) * np.array([0.5 if v is None else v for v in without])


@settings(max_examples=100, deadline=None)
@given(predictions())
def test_the_mean_is_the_score(drawn):
    wanted = scores(*drawn)
    for metric in SCORES:
        found = contributions(metric, *drawn)
        if wanted[metric] is None:
            assert found is None, metric
            continue
        assert found is not None, metric
        assert (found.shape, found.dtype) == (drawn[0].shape, np.float64)
        tolerance = 1e-12 if metric in JACKKNIFED else 0
        assert found.mean() == pytest.approx(wanted[metric], rel=0, abs=tolerance), metric


@settings(max_examples=100, deadline=None)
@given(predictions(least=2))
def test_what_an_example_moves_is_what_the_others_score_without_it(drawn):
    """The pseudo-values themselves but for a constant, which makes the score of their mean."""
    for metric in JACKKNIFED:
        found = contributions(metric, *drawn)
        if found is not None:
            slow = pseudo_values(metric, *drawn)
            assert found - found.mean() == pytest.approx(slow - slow.mean(), rel=0, abs=1e-10), metric


@pytest.mark.parametrize("metric", JACKKNIFED)
@pytest.mark.parametrize("counts_as", [None, (0, 1, 1)])
def test_so_it_is_with_many_examples(metric, counts_as):
    draw = np.random.default_rng(0)
    gold, values = draw.integers(0, 3 if counts_as is None else 2, size=150), draw.normal(size=(150, 3)).round(1)
    slow = pseudo_values(metric, gold, values, counts_as)
    assert of(metric, gold, values, counts_as) - scores(gold, values, counts_as)[metric] == pytest.approx(slow - slow.mean(), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(predictions(), st.randoms(use_true_random=False))
def test_permuting_examples_permutes_contributions(drawn, random):
    gold, values, counts_as = drawn
    order = random.sample(range(len(gold)), len(gold))
    for metric in SCORES:
        found = contributions(metric, *drawn)
        if found is not None:
            assert of(metric, gold[order], values[order], counts_as) == pytest.approx(found[order], abs=1e-10)


def test_accuracy_and_loss_are_means_already():
    gold, values = np.array([0, 1, 1]), logits(-1, 2, -3)
    assert of("accuracy", gold, values).tolist() == [1, 1, 0]
    assert of("loss", gold, values) == pytest.approx(np.log1p(np.exp([-1.0, -2, 3])))


def test_macro_f1_by_hand():
    """Predicted 0, 0, 1, 0: F1 is 4/5 and 2/3. Without each: (2/3 + 2/3)/2 twice, (4/5 + 0)/2, (1 + 1)/2."""
    assert of("macro_f1", np.array([0, 0, 1, 1]), logits(-1, -1, 1, -1)) * 60 == pytest.approx([47, 47, 95, -13])


def test_auroc_by_hand():
    """Of the pairs three are in order, 1 and 2 are not. Without each: 1/2, 1, 1, 1/2."""
    assert of("auroc", np.array([0, 0, 1, 1]), logits(0, 2, 1, 3)) == pytest.approx([1.5, 0, 0, 1.5])


def test_a_prediction_of_any_of_several_classes_counts_as_theirs():
    """HANS, as in tests/test_scores.py."""
    values = np.log([[0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.2, 0.2, 0.6], [0.5, 0.3, 0.2]])
    gold, counts_as = np.array([1, 3, 3, 1]), (3, 1, 3)
    assert of("accuracy", gold, values, counts_as).tolist() == [1, 0, 1, 0]
    assert of("loss", gold, values, counts_as) == pytest.approx(-np.log([0.8, 0.6, 0.8, 0.3]))
    assert of("macro_f1", gold, values, counts_as) * 8 == pytest.approx([9, -1, 9, -1])  # without each: 1/4, 2/3, 1/4, 2/3
    assert of("auroc", gold, values, counts_as) == pytest.approx([1.5, 0, 1.5, 0])  # without each: 1/2, 1, 1/2, 1


def test_a_single_example_contributes_the_score():
    for right in (1, -1):
        values = logits(right)
        assert of("macro_f1", np.array([1]), values).tolist() == of("accuracy", np.array([1]), values).tolist() == [float(right > 0)]
        assert contributions("auroc", np.array([1]), values) is None


def test_auroc_has_no_contributions_where_gold_has_one_class():
    assert contributions("auroc", np.array([1, 1, 1]), logits(1, 2, 3)) is None


def test_without_the_only_example_of_a_class_auroc_is_chance():
    """All pairs are in order. Without each: 1/2, 1, 1."""
    assert of("auroc", np.array([1, 0, 0]), logits(5, 1, 3)) * 3 == pytest.approx([5, 2, 2])


def test_without_its_only_example_a_class_is_no_term_though_it_is_predicted():
    """Predicted 1, 1, 0: F1 is 2/3 and 2/3. Without each: 2/3 of class 0 alone, 1, (0 + 2/3)/2."""
    assert of("macro_f1", np.array([1, 0, 0]), logits(1, 1, -1)) * 3 == pytest.approx([2, 0, 4])


def test_the_only_example_of_a_class_takes_the_class_along():
    """Without it, the others score 1. If it is right, it moves nothing; if it is wrong, it is nearly all that does."""
    gold = np.array([1] + [0] * 9)
    assert of("macro_f1", gold, logits(1, *[-1] * 9)) == pytest.approx(np.ones(10))
    score, without = 18 / 19 / 2, np.array([1] + [16 / 17 / 2] * 9)
    assert of("macro_f1", gold, logits(-1, *[-1] * 9)) == pytest.approx(score + 9 * (without.mean() - without))


def test_a_difference_that_rests_on_the_only_example_of_a_class_is_as_unsure_as_it_is_large():
    gold, n = np.array([1] + [0] * 999), 1000
    apart = of("macro_f1", gold, logits(1, *[-1] * 999)) - of("macro_f1", gold, logits(-1, *[-1] * 999))
    assert apart.mean() == pytest.approx(0.5, abs=1e-3)
    assert apart.std(ddof=1) / np.sqrt(n) == pytest.approx(apart.mean(), rel=1e-2)


@pytest.mark.parametrize("metric", SCORES)
def test_the_spread_says_how_far_other_examples_move_the_score(metric):
    """Of 500 draws of 200 examples in three classes, one of them small: the standard error is the SD of the score."""
    draw, n = np.random.default_rng(1), 200

    def drawn():
        gold = draw.choice(3, size=n, p=[0.6, 0.3, 0.1])
        return of(metric, gold, draw.normal(size=(n, 3)) + 1.5 * np.eye(3)[gold])

    found = [drawn() for _ in range(500)]
    sd = np.std([values.mean() for values in found], ddof=1)
    assert np.mean([values.std(ddof=1) for values in found]) / np.sqrt(n) == pytest.approx(sd, rel=0.1)
