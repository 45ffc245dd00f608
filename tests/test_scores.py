"""Scores against values computed by hand."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.scores import SCORES, auroc, macro_f1, scores


def logits(*log_odds):
    """Logits of two classes; a positive number predicts class 1."""
    return np.array([[0, v] for v in log_odds], dtype=np.float32)


def test_four_examples_by_hand():
    found = scores(np.array([0, 1, 1, 0]), logits(-1, 2, -3, 1))
    assert tuple(found) == SCORES
    assert found["accuracy"] == 0.5
    assert found["macro_f1"] == pytest.approx(0.5)
    assert found["auroc"] == pytest.approx(2 / 4)  # of the pairs (1, 0): 2 > -1, 2 > 1; not -3 > -1, -3 > 1
    assert found["loss"] == pytest.approx(np.mean([log(1 + np.exp(v)) for v in (-1, -2, 3, 1)]))


def test_a_prediction_of_any_of_several_classes_is_right_and_their_probabilities_add_up():
    """HANS: entailment or not, from a model that tells contradiction (0), entailment (1) and neutral (2) apart."""
    p_NC = np.array([[0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.2, 0.2, 0.6], [0.5, 0.3, 0.2]])
    found = scores(np.array([1, 3, 3, 1]), np.log(p_NC), (3, 1, 3))
    assert found["accuracy"] == 0.5, "the second is predicted as entailment, though not being it has .6"
    assert found["macro_f1"] == pytest.approx(0.5)
    assert found["loss"] == pytest.approx(-np.mean(np.log([0.8, 0.6, 0.8, 0.3])))
    assert found["auroc"] == pytest.approx(3 / 4)  # of entailment's .8 and .3 above the others' .4 and .2


def test_classes_that_count_as_themselves_change_no_score():
    gold, logits_NC = np.array([0, 2, 1, 2]), np.random.default_rng(0).normal(size=(4, 3))
    assert scores(gold, logits_NC, (0, 1, 2)) == pytest.approx(scores(gold, logits_NC))


def test_macro_f1_averages_over_the_classes_that_occur_in_gold():
    gold, pred = np.array([0, 0, 0, 1]), np.array([0, 0, 2, 1])
    assert macro_f1(gold, pred) == pytest.approx((2 * 2 / (3 + 2) + 1) / 2)


def test_a_class_never_predicted_counts_as_zero():
    assert macro_f1(np.array([0, 1]), np.array([0, 0])) == pytest.approx(2 / 3 / 2)


def test_auroc_does_not_exist_where_gold_has_one_class():
    assert scores(np.array([1, 1]), logits(1, 2))["auroc"] is None


def test_tied_examples_count_half_in_auroc():
    assert auroc(np.array([0, 1]), logits(3, 3)) == 0.5


def test_auroc_does_not_saturate_where_probabilities_do():
    assert auroc(np.array([0, 1, 0, 1]), logits(50, 60, 70, 80)) == 0.75


def test_auroc_of_three_classes_is_the_mean_of_one_against_the_rest():
    gold = np.array([0, 1, 2, 0])
    values = np.log([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6], [0.3, 0.5, 0.2]])
    by_hand = [3 / 4, 2 / 3, 1]
    assert auroc(gold, values) == pytest.approx(np.mean(by_hand))


def test_auroc_leaves_out_a_class_that_gold_lacks():
    assert auroc(np.array([0, 1]), np.array([[2.0, 1, 9], [1, 2, 9]])) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=12))
def test_auroc_is_the_share_of_pairs_in_the_right_order(rows):
    gold, odds = np.array([int(g) for g, _ in rows]), [o for _, o in rows]
    pairs = [(a > b) + (a == b) / 2 for a, g in zip(odds, gold, strict=True) if g for b, h in zip(odds, gold, strict=True) if not h]
    found = auroc(gold, logits(*odds))
    assert found is None if not pairs else found == pytest.approx(np.mean(pairs))
