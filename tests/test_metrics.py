"""Every metric keeps the contract of the registry, and gives what a hand computes."""

import warnings
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ftft.errors import InputError
from ftft.metrics import BLOCK, METRICS, WIDE, Seen, Trajectories, blocks, compute, is_correct, metric, over_blocks, p_gold, variability

MEANS = ("confidence", "aum", "el2n", "aleatoric", "entropy", "loss", "variability", "threshold_closeness")

# Two classes, gold 0; with logits (log odds, 0) p(gold) is 3/4, 1/4 and 3/4 for the first example, and 1/4 always for the second.
THREE = log(3)
LOGITS = np.array([[[THREE, 0], [0, THREE]], [[0, THREE], [0, THREE]], [[THREE, 0], [0, THREE]]])
GOLD = np.array([0, 0])
BY_HAND = {
    "confidence": [7 / 12, 1 / 4],
    "variability": [sqrt(2 / 9 / 4), 0],
    "correctness": [2, 0],
    "forgetting": [1, np.nan],
    "threshold_closeness": [35 / 144, 3 / 16],
    "aum": [THREE / 3, -THREE],
    "el2n": [(sqrt(1 / 8) + sqrt(9 / 8) + sqrt(1 / 8)) / 3, sqrt(9 / 8)],
    "aleatoric": [3 / 16, 3 / 16],
    "entropy": [2 * log(2) - 0.75 * log(3)] * 2,
    "loss": [(2 * log(4 / 3) + log(4)) / 3, log(4)],
}


@st.composite
def dynamics(draw):
    """Logits of a few epochs, examples and classes, as extreme as float32 allows, and gold labels."""
    e, n, c = draw(st.integers(1, 5)), draw(st.integers(1, 6)), draw(st.integers(2, 4))
    logits = draw(arrays(np.float32, (e, n, c), elements=st.floats(-(2.0**99), 2.0**99, width=32) | st.floats(-5, 5, width=32)))
    return logits, draw(arrays(np.int64, n, elements=st.integers(0, c - 1)))


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_gives_what_a_hand_computes(name):
    np.testing.assert_allclose(METRICS[name](LOGITS, GOLD), BY_HAND[name], atol=1e-12)


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=40, deadline=None)
@given(dynamics())
def test_a_metric_stays_in_its_range_and_never_warns(name, seen):
    logits, gold = seen
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = METRICS[name](logits, gold)
    low, high = METRICS[name].range
    assert values.dtype == np.float64
    assert values.shape == gold.shape
    present = values[~np.isnan(values)]
    assert len(present) == len(values) or name == "forgetting"
    assert np.isfinite(present).all()
    assert low is None or (present >= low - 1e-9).all()
    assert high is None or (present <= high + 1e-9).all()


@settings(max_examples=30, deadline=None)
@given(dynamics())
def test_the_ranges_that_depend_on_the_dynamics_hold(seen):
    logits, gold = seen
    epochs, _, classes = logits.shape
    values = compute(METRICS, logits, gold)
    assert (values["correctness"] <= epochs).all()
    assert not (values["forgetting"] > epochs - 1).any()
    assert (values["entropy"] <= log(classes) + 1e-9).all()


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=20, deadline=None)
@given(dynamics(), st.randoms(use_true_random=False))
def test_permuting_examples_permutes_the_metric(name, seen, random):
    logits, gold = seen
    order = np.array(random.sample(range(len(gold)), len(gold)))
    np.testing.assert_array_equal(METRICS[name](logits[:, order], gold[order]), METRICS[name](logits, gold)[order])


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=20, deadline=None)
@given(dynamics(), st.randoms(use_true_random=False))
def test_renaming_classes_changes_nothing(name, seen, random):
    logits, gold = seen
    new_place = np.array(random.sample(range(logits.shape[2]), logits.shape[2]))
    renamed = np.empty_like(logits)
    renamed[:, :, new_place] = logits
    np.testing.assert_allclose(METRICS[name](renamed, new_place[gold]), METRICS[name](logits, gold), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", MEANS)
@settings(max_examples=20, deadline=None)
@given(dynamics())
def test_seeing_every_epoch_twice_changes_no_mean(name, seen):
    logits, gold = seen
    rounding = 1e-9 * max(1.0, float(np.abs(logits).max(initial=0)))  # of the terms of a sum, which may cancel
    np.testing.assert_allclose(METRICS[name](np.repeat(logits, 2, axis=0), gold), METRICS[name](logits, gold), rtol=1e-9, atol=rounding)


def test_seeing_every_epoch_twice_doubles_the_count_of_right_ones():
    assert METRICS["correctness"](np.repeat(LOGITS, 2, axis=0), GOLD).tolist() == [4, 0]


RIGHT, WRONG = [[5, 0]], [[0, 5]]


def test_forgetting_counts_what_was_lost_and_not_what_was_learnt():
    assert METRICS["forgetting"](np.array([WRONG, RIGHT, RIGHT]), GOLD[:1]) == [0]
    assert METRICS["forgetting"](np.array([RIGHT, RIGHT, WRONG]), GOLD[:1]) == [1]


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"forgetting"}))
def test_the_order_of_epochs_matters_to_forgetting_alone(name):
    learnt, forgotten = np.array([WRONG, RIGHT, RIGHT]), np.array([RIGHT, RIGHT, WRONG])
    np.testing.assert_allclose(METRICS[name](learnt, GOLD[:1]), METRICS[name](forgotten, GOLD[:1]))


def test_a_tie_is_wrong_so_that_a_constant_model_is_never_right():
    assert not is_correct(np.zeros((2, 3, 2)), np.array([0, 1, 0])).any()


def test_an_example_never_learnt_has_no_forgetting_and_one_never_forgotten_has_zero():
    logits = np.array([[[0, 9], [9, 0]], [[0, 9], [9, 0]]])
    np.testing.assert_array_equal(METRICS["forgetting"](logits, GOLD), [np.nan, 0])


def test_logits_far_beyond_exp_give_certain_probabilities_and_an_honest_loss():
    logits = np.array([[[2000.0, 0.0], [0.0, 2000.0]]])
    assert p_gold(logits, GOLD).tolist() == [[1, 0]]
    assert METRICS["loss"](logits, GOLD).tolist() == [0, 2000]


def test_the_deviation_of_a_sample_is_asked_for():
    np.testing.assert_allclose(
        variability(Trajectories(LOGITS, GOLD), ddof=1), np.std([0.75, 0.25, 0.75], ddof=1) * np.array([1, 0]), atol=1e-12
    )


def test_blocks_leave_no_seam():
    draw = np.random.default_rng(0)
    logits, gold = draw.normal(size=(2, BLOCK + 3, 3)), draw.integers(0, 3, BLOCK + 3)
    tail = compute(METRICS, logits[:, BLOCK - 2 :], gold[BLOCK - 2 :])
    for name, values in compute(METRICS, logits, gold).items():
        np.testing.assert_array_equal(values[BLOCK - 2 :], tail[name])


@pytest.mark.parametrize("n", [0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 2, 4 * BLOCK + 1])
def test_wherever_examples_are_cut_no_value_differs_by_a_bit(n):
    """NumPy sums one column alone in another order than columns side by side, which shows from a few dozen epochs on."""
    p_EN = np.random.default_rng(n).random((50, n))
    right_EN = p_EN > 0.5

    def cut(size: int) -> list[Seen]:
        return [Seen(list(p_EN[:, block]), list(right_EN[:, block])) for block in blocks(n, size)]

    fine, wide = (over_blocks(["confidence", "variability"], n, cut(size), size) for size in (BLOCK, WIDE))
    for name, values in fine.items():
        np.testing.assert_array_equal(values, wide[name])


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_what_it_is_and_where_it_comes_from(name):
    registered = metric(name)
    assert registered.name == name
    assert registered.description
    assert registered.source
    assert registered.load().__doc__


def test_a_misspelt_metric_is_answered_with_the_right_name():
    with pytest.raises(InputError, match="confidence"):
        compute(["confdence"], LOGITS, GOLD)
