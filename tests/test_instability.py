"""How differently runs end: values computed by hand, other people's implementations, and what intervals cover where the truth is known.

Shapes: R runs, N examples, C classes, S seeds of one method.
"""

import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax, softmax
from scipy.stats import binom, binomtest, f, levene, spearmanr

from ftft.instability import (
    brown_forsythe,
    churn,
    disagreement,
    failed,
    jensen_shannon,
    majority_score,
    one_minus_fleiss_kappa,
    rank_correlation,
    share_interval,
    spread_ratio,
)
from ftft.scores import SCORES, scores
from ftft.stats import Estimate, spearman

RUNS = np.array([[0, 1, 2, 0], [0, 1, 1, 1], [0, 2, 0, 1]])  # of the three pairs 0, 2, 3 and 2 differ
TEXTBOOK_NC = np.array(  # 10 subjects that 14 raters put into 5 categories: the worked example for kappa in Wikipedia
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def rated(count_NC) -> np.ndarray:
    """(R, N) answers that give these counts."""
    return np.stack([np.repeat(np.arange(len(count_C)), count_C) for count_C in count_NC], axis=1)


def there(found):
    assert found is not None
    return found


def numbers(found: Estimate | None) -> tuple[float, float, float]:
    return there(found).value, there(found).low, there(found).high


@st.composite
def answers(draw, least=2):
    runs, n, classes = draw(st.integers(least, 6)), draw(st.integers(1, 8)), draw(st.integers(1, 4))
    return (
        np.random.default_rng(draw(st.integers(0, 9999))).integers(0, classes, size=(runs, n)).astype(draw(st.sampled_from(["i1", "i8"])))
    )


@st.composite
def predictions(draw, least=-8, most=5):
    """Logits from nearly equal, by powers of ten, to far apart."""
    shape = draw(st.integers(2, 5)), draw(st.integers(1, 6)), draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 9999)))
    return random.normal(size=shape) * 10.0 ** draw(st.integers(least, most))


# ---- answers


def test_disagreement_and_churn_by_hand():
    assert there(churn(RUNS)).tolist() == pytest.approx([0, 2 / 3, 1, 2 / 3])
    assert disagreement(RUNS) == pytest.approx(7 / 12)
    assert disagreement(RUNS[:2]) == 0.5


@settings(max_examples=30, deadline=None)
@given(answers())
def test_they_are_what_each_pair_of_runs_gives(pred_RN):
    differ_PN = np.array([a_N != b_N for a_N, b_N in combinations(pred_RN, 2)])
    assert churn(pred_RN) == pytest.approx(differ_PN.mean(axis=0), abs=1e-15)
    assert disagreement(pred_RN) == pytest.approx(differ_PN.mean(), abs=1e-15)


@settings(max_examples=30, deadline=None)
@given(answers(), st.integers(0, 99))
def test_neither_the_order_of_runs_nor_of_examples_nor_of_classes_matters(pred_RN, seed):
    draw = np.random.default_rng(seed)
    examples, classes = draw.permutation(pred_RN.shape[1]), draw.permutation(4)
    shuffled_RN = classes[draw.permutation(pred_RN)[:, examples]]
    assert there(churn(shuffled_RN)).tolist() == there(churn(pred_RN))[examples].tolist()
    assert disagreement(shuffled_RN) == pytest.approx(there(disagreement(pred_RN)))
    assert one_minus_fleiss_kappa(shuffled_RN, 4) == pytest.approx(there(one_minus_fleiss_kappa(pred_RN, 4)))


@settings(max_examples=30, deadline=None)
@given(answers(least=1), st.integers(2, 6))
def test_runs_that_answer_alike_are_stable(pred_RN, runs):
    same_RN = np.tile(pred_RN[0], (runs, 1))
    assert not there(churn(same_RN)).any()
    assert disagreement(same_RN) == one_minus_fleiss_kappa(same_RN, 4) == 0


@settings(max_examples=30, deadline=None)
@given(answers())
def test_answers_are_unstable_between_nothing_and_everything(pred_RN):
    runs = len(pred_RN)
    assert ((there(churn(pred_RN)) >= 0) & (there(churn(pred_RN)) <= 1)).all()
    assert 0 <= there(disagreement(pred_RN)) <= 1
    assert 0 <= there(one_minus_fleiss_kappa(pred_RN, 4)) <= runs / (runs - 1) + 1e-12


def test_kappa_by_hand():
    """0 was answered 5 times of 12, 1 as often, 2 twice: two answers at random differ in 1 - 54/144 = 5/8."""
    assert one_minus_fleiss_kappa(RUNS, 3) == pytest.approx(7 / 12 / (5 / 8))
    assert one_minus_fleiss_kappa(np.array([[0, 1], [1, 0]]), 2) == 2, "never agreeing is worse than chance: kappa is -1"


def test_a_class_that_no_run_answers_changes_nothing():
    assert one_minus_fleiss_kappa(RUNS, 9) == one_minus_fleiss_kappa(RUNS, 3)


def test_kappa_of_the_textbook_is_the_textbooks():
    """Agreement .378, .213 by chance."""
    assert one_minus_fleiss_kappa(rated(TEXTBOOK_NC), 5) == pytest.approx(1 - 0.210, abs=5e-4)
    assert disagreement(rated(TEXTBOOK_NC)) == pytest.approx(1 - 0.378, abs=5e-4)


@pytest.mark.parametrize("seed", range(20))
def test_kappa_is_that_of_statsmodels(seed):
    from statsmodels.stats.inter_rater import fleiss_kappa

    draw = np.random.default_rng(seed)
    runs, classes = int(draw.integers(2, 21)), int(draw.integers(2, 7))
    count_NC = draw.multinomial(runs, draw.dirichlet(np.ones(classes), size=draw.integers(2, 300)))
    assert one_minus_fleiss_kappa(rated(count_NC), classes) == pytest.approx(1 - fleiss_kappa(count_NC), rel=1e-12)


def test_runs_that_guess_are_where_chance_is():
    guessed_RN = np.random.default_rng(0).choice(3, size=(10, 5000), p=[0.7, 0.2, 0.1])
    assert one_minus_fleiss_kappa(guessed_RN, 3) == pytest.approx(1, abs=0.01)
    assert disagreement(guessed_RN) == pytest.approx(1 - 0.54, abs=0.01)


@pytest.mark.parametrize("runs", [0, 1])
def test_under_two_runs_nothing_is_said_of_stability(runs):
    pred_RN = np.zeros((runs, 4), dtype=int)
    assert churn(pred_RN) is disagreement(pred_RN) is one_minus_fleiss_kappa(pred_RN, 2) is jensen_shannon(np.zeros((runs, 4, 2))) is None


# ---- predicted distributions


def test_jensen_shannon_by_hand():
    """(1/2, 1/2) against (1, 0): the entropy of (3/4, 1/4) less the mean of ln 2 and 0. Sure and opposite: ln 2."""
    half = np.log(4) - 0.75 * np.log(3) - np.log(2) / 2
    torn, sure, opposite = [0, 0], [1000, 0], [0, 1000]
    assert jensen_shannon(np.array([[torn], [sure]])) == pytest.approx(half)
    assert jensen_shannon(np.array([[opposite], [sure]])) == pytest.approx(np.log(2))
    assert jensen_shannon(np.array([[opposite], [sure], [torn]])) == pytest.approx((np.log(2) + 2 * half) / 3)
    assert jensen_shannon(np.array([[torn, torn], [sure, torn]])) == pytest.approx(half / 2)


@settings(max_examples=30, deadline=None)
@given(predictions(least=-2, most=0))
def test_it_is_that_of_scipy_for_each_pair_and_example(logits_RNC):
    """Where runs are nearly equal or all sure, scipy's is NaN or infinite."""
    p_RNC = softmax(logits_RNC, axis=2)
    wanted = [jensenshannon(a_C, b_C) ** 2 for pair in combinations(p_RNC, 2) for a_C, b_C in zip(*pair, strict=True)]
    assert jensen_shannon(logits_RNC) == pytest.approx(np.mean(wanted), rel=1e-9, abs=1e-13)


@settings(max_examples=30, deadline=None)
@given(predictions())
def test_however_sure_runs_are_it_is_the_mean_divergence_from_their_mean(logits_RNC):
    log_p_RNC = log_softmax(logits_RNC, axis=2)

    def of(a_NC, b_NC):
        log_mean_NC = np.logaddexp(a_NC, b_NC) - np.log(2)
        return (np.exp(a_NC) * (a_NC - log_mean_NC) + np.exp(b_NC) * (b_NC - log_mean_NC)).sum(axis=1).mean() / 2

    assert jensen_shannon(logits_RNC) == pytest.approx(np.mean([of(*pair) for pair in combinations(log_p_RNC, 2)]), abs=1e-13)


@settings(max_examples=30, deadline=None)
@given(predictions(), st.integers(0, 99))
def test_it_depends_on_neither_order_nor_on_what_is_added_to_all_logits(logits_RNC, seed):
    draw = np.random.default_rng(seed)
    shuffled_RNC = draw.permutation(logits_RNC)[:, draw.permutation(logits_RNC.shape[1])][:, :, draw.permutation(logits_RNC.shape[2])]
    wanted = pytest.approx(there(jensen_shannon(logits_RNC)), rel=1e-9, abs=1e-13)
    assert jensen_shannon(shuffled_RNC) == wanted
    assert jensen_shannon(logits_RNC + draw.integers(-9, 9, size=(*logits_RNC.shape[:2], 1))) == wanted


@settings(max_examples=30, deadline=None)
@given(predictions())
def test_it_lies_between_0_for_equal_runs_and_ln_2(logits_RNC):
    assert 0 <= there(jensen_shannon(logits_RNC)) <= np.log(2)
    assert jensen_shannon(np.stack([logits_RNC[0]] * 3)) == 0


def test_runs_that_are_nearly_equal_differ_by_the_square_of_it():
    """Logits e apart, about (1/2, 1/2): e^2 / 32."""
    assert jensen_shannon(np.array([[[0, 0]], [[0, 1e-4]]])) == pytest.approx(1e-8 / 32, rel=1e-5)


def test_many_runs_take_no_memory_for_pairs():
    logits_RNC = np.random.default_rng(0).normal(size=(20, 2000, 6))
    tracemalloc.start()
    try:
        jensen_shannon(logits_RNC)
        assert tracemalloc.get_traced_memory()[1] < 5 * logits_RNC.nbytes
    finally:
        tracemalloc.stop()


# ---- failed runs


def test_a_run_fails_that_is_not_above_the_majority_class():
    assert failed(np.array([0.6, 0.5, 0.4, np.nan, 0.500001]), 0.5).tolist() == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("gold", "accuracy", "macro_f1", "auroc"),
    [
        ([0, 1, 1, 1], 3 / 4, (0 + 6 / 7) / 2, 0.5),
        ([2, 0, 2, 5], 1 / 2, (0 + 2 / 3 + 0) / 3, 0.5),
        ([0, 1], 1 / 2, 1 / 3, 0.5),
        ([1, 1], 1, 1, None),
    ],
)
def test_majority_scores_by_hand(gold, accuracy, macro_f1, auroc):
    wanted = {"accuracy": accuracy, "macro_f1": macro_f1, "auroc": auroc, "loss": None}
    for metric in SCORES:
        found = majority_score(np.array(gold), metric)
        assert found == (None if wanted[metric] is None else pytest.approx(wanted[metric])), metric


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_a_run_that_always_answers_the_majority_class_scores_that_to_the_last_bit_and_fails(gold):
    gold_N = np.array(gold)
    found = scores(gold_N, np.tile(np.bincount(gold_N, minlength=4) == np.bincount(gold_N).max(), (len(gold), 1)))
    for metric in ("accuracy", "macro_f1", "auroc"):
        floor = majority_score(gold_N, metric)
        assert found[metric] == floor, metric
        assert floor is None or failed(np.array([found[metric]]), floor).all()


def test_a_share_by_hand():
    """Of none in n the bound is 1 - .025^(1/n); one in two is none or both but with probability p^2 or (1 - p)^2."""
    assert numbers(share_interval(0, 10)) == pytest.approx((0, 0, 1 - 0.025**0.1))
    assert numbers(share_interval(10, 10)) == pytest.approx((1, 0.025**0.1, 1))
    assert numbers(share_interval(1, 2)) == pytest.approx((0.5, 1 - 0.975**0.5, 0.975**0.5))


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_shares_are_those_of_scipy(n):
    for k in range(n + 1):
        found = share_interval(k, n)
        assert (found.low, found.high) == pytest.approx(tuple(binomtest(k, n).proportion_ci(method="exact")), abs=1e-12)


@pytest.mark.parametrize("n", [3, 5, 10, 20])
def test_at_least_95_percent_of_share_intervals_hold_the_true_share(n):
    """Not simulated: summed over all that can come out."""
    found = [share_interval(k, n) for k in range(n + 1)]
    for truth in np.linspace(0.01, 0.99, 99):
        assert sum(binom.pmf(k, n, truth) for k in range(n + 1) if found[k].low <= truth <= found[k].high) >= 0.95


# ---- spread of scores


def test_brown_forsythe_by_hand():
    """Deviations 1, 0, 1 and 3, 0, 6: between 49/6, within 56/3 over 4. With 1 and 4 degrees of freedom it is the square of a t."""
    statistic, p = there(brown_forsythe([np.array([0.0, 1, 2]), np.array([9.0, 0, 3])]))
    assert statistic == pytest.approx(1.75)
    sine, cosine = np.sqrt(1.75 / 5.75), np.sqrt(4 / 5.75)
    assert p == pytest.approx(1 - sine * (1 + cosine**2 / 2))


@pytest.mark.parametrize("seed", range(20))
def test_it_is_levenes_test_of_scipy_with_medians(seed):
    draw = np.random.default_rng(seed)
    groups = [draw.normal(0.8, draw.uniform(0.01, 0.1), size=draw.integers(3, 21)) for _ in range(draw.integers(2, 6))]
    wanted = levene(*groups, center="median")
    assert brown_forsythe(groups) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.floats(-1, 1), st.floats(0.5, 2))
def test_spreads_are_compared_wherever_the_scores_lie_and_in_any_unit(seed, by, times):
    draw = np.random.default_rng(seed)
    groups = [draw.normal(size=n) for n in (3, 5, 8)]
    moved = [times * draw.permutation(values_S) + by * i for i, values_S in enumerate(groups)]
    assert brown_forsythe(moved[::-1]) == pytest.approx(there(brown_forsythe(groups)), rel=1e-6)
    assert numbers(spread_ratio(moved[0], moved[1])) == pytest.approx(numbers(spread_ratio(groups[0], groups[1])))


@pytest.mark.parametrize(
    "groups",
    [
        [],
        [[0.7, 0.8, 0.9]],
        [[0.7, 0.8, 0.9], [0.7]],
        [[0.7, 0.7, 0.7], [0.1, 0.1]],
        [[0.1, 0.3], [0.2, 0.7]],
        [[0.1, 0.1, 0.3, 0.3], [0.2, 0.7]],
    ],
)
def test_spreads_are_not_tested_where_deviations_cannot_vary(groups):
    """Two values are equally far from their median: F would be infinite, or what rounding makes of it."""
    assert brown_forsythe([np.array(group) for group in groups]) is None


@pytest.mark.parametrize(("seeds", "least", "most"), [(3, 0, 0.001), (10, 0.02, 0.06), (20, 0.025, 0.065)])
def test_with_equal_spreads_the_test_errs_once_in_twenty_times_at_most(seeds, least, most):
    draw = np.random.default_rng(seeds)
    found = [there(brown_forsythe(list(draw.normal(size=(2, seeds)))))[1] for _ in range(2000)]
    assert least <= np.mean(np.array(found) < 0.05) <= most


def test_a_ratio_of_spreads_by_hand():
    """F with 2 and 2 degrees of freedom is below x with probability x / (1 + x): its bounds are 1/39 and 39."""
    found = spread_ratio(np.array([1.0, 2, 3]), np.array([2.0, 6, 4]))
    assert numbers(found) == pytest.approx((0.5, 0.5 / np.sqrt(39), 0.5 * np.sqrt(39)))


def test_it_is_the_f_distribution_of_scipy():
    draw = np.random.default_rng(0)
    for n_a, n_b in ((2, 3), (3, 10), (20, 5)):
        a_S, b_S = draw.normal(size=n_a), draw.normal(size=n_b)
        found, variances = there(spread_ratio(a_S, b_S)), a_S.var(ddof=1) / b_S.var(ddof=1)
        wanted = np.sqrt(variances / np.array(f.ppf([0.975, 0.025], n_a - 1, n_b - 1)))
        assert (found.low, found.high) == pytest.approx(tuple(wanted))


def test_turned_around_it_is_the_inverse():
    a_S, b_S = np.array([0.7, 0.9, 0.8, 0.85]), np.array([0.6, 0.95])
    one, other = there(spread_ratio(a_S, b_S)), there(spread_ratio(b_S, a_S))
    assert numbers(other) == pytest.approx((1 / one.value, 1 / one.high, 1 / one.low))


@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (10, 4), (20, 20)])
def test_95_percent_of_ratios_of_normal_scores_hold_the_true_one(sizes):
    draw = np.random.default_rng(sizes)
    found = [there(spread_ratio(draw.normal(0.7, 0.06, size=sizes[0]), draw.normal(0.8, 0.02, size=sizes[1]))) for _ in range(2000)]
    assert 0.935 < np.mean([one.low <= 3 <= one.high for one in found]) < 0.965


@pytest.mark.parametrize(("a", "b"), [([0.7, 0.8], [0.1, 0.1]), ([0.1, 0.1, 0.1], [0.7, 0.8]), ([0.7, 0.8], [0.7]), ([], [0.7, 0.8])])
def test_there_is_no_ratio_to_what_does_not_vary(a, b):
    assert spread_ratio(np.array(a), np.array(b)) is None


# ---- which examples


def test_a_rank_correlation_by_hand():
    """Ranks 0, 1.5, 1.5, 3 and 0, 2, 1, 3; under four examples anything is possible."""
    found = there(rank_correlation(np.array([0, 0.5, 0.5, 1]), np.array([0.1, 0.3, 0.2, 0.4])))
    assert found.value == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    few = rank_correlation(np.array([0, 0.5, 0.5]), np.array([0.1, 0.3, 0.2]))
    assert numbers(few) == pytest.approx((np.sqrt(3) / 2, -1, 1))


def test_equal_and_opposite_orders_are_sure():
    a_N = np.arange(9.0)
    assert rank_correlation(a_N, a_N**3) == Estimate(1, 1, 1)
    assert rank_correlation(a_N, -a_N) == Estimate(-1, -1, -1)


def test_what_does_not_vary_has_no_rank_correlation():
    assert rank_correlation(np.zeros(5), np.arange(5.0)) is None
    assert rank_correlation(np.array([0.5]), np.array([0.1])) is None
    assert rank_correlation(np.array([0, 0.5, np.nan]), np.array([np.nan, 0.1, 0.2])) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(4, 40))
def test_it_is_that_of_scipy_without_examples_that_lack_a_number(seed, n):
    draw = np.random.default_rng(seed)
    a_N, b_N = np.concatenate((draw.integers(0, 4, size=n), [0, 1])) / 4, np.concatenate((draw.random(n), [0, 1]))
    found, order = there(rank_correlation(a_N, b_N)), draw.permutation(n + 3)
    assert found.value == pytest.approx(spearmanr(a_N, b_N)[0])
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert numbers(rank_correlation(np.append(a_N, np.nan)[order], np.append(b_N, 0.5)[order])) == pytest.approx(numbers(found))


@pytest.mark.parametrize("runs", [3, 10])
def test_95_percent_of_intervals_hold_the_correlation_of_churn_with_ambiguity(runs):
    """Churn of so many runs, with its few values, against a noisy measure of how ambiguous examples are."""
    draw = np.random.default_rng(runs)

    def measured(n):
        ease_N = 1.5 * draw.normal(size=n)
        pred_RN = (ease_N + draw.normal(size=(runs, n)) > 0).astype(int)
        return there(churn(pred_RN)), np.exp(-(ease_N**2) / 2) + 0.3 * draw.normal(size=n)

    truth = there(spearman(*measured(200_000)))
    found = [there(rank_correlation(*measured(200))) for _ in range(300)]
    assert 0.93 < np.mean([one.low <= truth <= one.high for one in found]) < 0.99
