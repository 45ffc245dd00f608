"""How differently do runs of one method end that differ only in their seeds? Instability is more than the spread of their scores.

After Du and Nguyen 2023 (arXiv 2302.07778): two runs with one score may still answer differently, example by example. Kappa is Fleiss' own
(1971), not that of their code, which sums the chance term over another axis.

Shapes: R runs, N examples, C classes, S seeds of one method.
"""

# The test of equal spread needs more runs than one has. How often it finds p < .05 with equal spreads, and with one of two SDs tripled
# (normal scores, simulated): 3 runs each .00 and .00; 4 each .06 and .21; 5 each .01 and .08; 6 each .04 and .30; 10 each .04 and .64;
# 20 each .04 and .98. An odd number has a run that is its own median, and so a deviation of 0, whatever the spread: hence the dips.
# Two runs each have equal deviations, and F is a division by 0, to which scipy.stats.levene answers p = 0.

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ftft.scores import SCORES, log_sum_exp, macro_f1
from ftft.stats import Estimate, influence_M, interval, spearman

ROUNDING = 1e-12  # deviations that differ by less than this share of the largest value differ by arithmetic alone

# ---- answers


def disagreement(pred_RN: np.ndarray) -> float | None:
    """Mean over pairs of runs of the share of examples that they answer differently, in [0, 1]. None under two runs."""
    churn_N = churn(pred_RN)
    return None if churn_N is None else float(churn_N.mean())


def churn(pred_RN: np.ndarray) -> np.ndarray | None:
    """(N,) the share of pairs of runs that answer this example differently, in [0, 1]. None under two runs.

    `pred_RN`: classes as whole numbers from 0. The largest possible value is that of runs spread evenly over the classes: with two
    classes and many runs, one half.
    """
    runs, n = pred_RN.shape
    assert n
    if runs < 2:
        return None
    assert pred_RN.min() >= 0
    classes = int(pred_RN.max()) + 1
    cell_RN = np.arange(n) * classes + pred_RN
    count_NC = np.bincount(cell_RN.ravel(), minlength=n * classes).reshape(n, classes)
    return (runs**2 - (count_NC**2).sum(axis=1)) / (runs * (runs - 1))


def one_minus_fleiss_kappa(pred_RN: np.ndarray, classes: int) -> float | None:
    """1 - kappa of runs as raters: disagreement over what chance gives, in [0, R / (R - 1)]; 1 is chance, 0 that all agree. Fleiss 1971.

    Chance is two answers drawn from all R * N. 0 also where all answers are of one class, where kappa is 0 / 0. None under two runs.
    `classes`: how many there are; one that no run answers changes nothing.
    """
    found = disagreement(pred_RN)
    if not found:
        return found
    assert pred_RN.max() < classes
    count_C = np.bincount(pred_RN.ravel(), minlength=classes)
    return found * pred_RN.size**2 / (pred_RN.size**2 - int((count_C**2).sum()))


def jensen_shannon(logits_RNC: np.ndarray) -> float | None:
    """Mean over pairs of runs and over examples of the Jensen–Shannon divergence of the predictions, in nats, in [0, ln 2]. Lin 1991.

    What an answer drawn from either run says about which of the two gave it: ln 2 less the entropy that is left. So no logarithm of a
    probability that is 0 is taken. None under two runs. 0.2 s for 20 runs, 10,000 examples and 6 classes.
    """
    assert logits_RNC.ndim == 3
    assert logits_RNC.shape[1]
    assert np.isfinite(logits_RNC).all()
    if len(logits_RNC) < 2:
        return None
    log_p_RNC = np.stack([logits_NC - log_sum_exp(logits_NC)[:, None] for logits_NC in logits_RNC.astype(np.float64)])
    p_RNC = np.exp(log_p_RNC)
    found = []
    for a, b in combinations(range(len(p_RNC)), 2):
        gap_NC = np.abs(log_p_RNC[a] - log_p_RNC[b])
        odds_NC = np.exp(-gap_NC)
        entropy_NC = np.log1p(odds_NC) + gap_NC * odds_NC / (1 + odds_NC)
        found.append(((p_RNC[a] + p_RNC[b]) / 2 * (np.log(2) - entropy_NC)).sum(axis=1).mean())
    return float(np.clip(np.mean(found), 0, np.log(2)))


# ---- failed runs


def failed(score_R: np.ndarray, floor: float) -> np.ndarray:
    """(R,) bool: runs whose score is not above `floor`, see `majority_score`; NaN, the score of a run that diverged, is not."""
    return ~(score_R > floor)


def majority_score(gold_N: np.ndarray, metric: str) -> float | None:
    """What answering the most frequent gold label always would score (`ftft.scores`).

    .5 for "auroc", or None where that has no value, for gold of one class; None for "loss", which an answer without probabilities lacks.
    """
    assert metric in SCORES
    labels, counts = np.unique(gold_N, return_counts=True)
    assert len(labels)
    if metric == "accuracy":
        return float(counts.max() / counts.sum())
    if metric == "macro_f1":
        return macro_f1(gold_N, np.full_like(gold_N, labels[counts.argmax()]))
    return 0.5 if metric == "auroc" and len(labels) > 1 else None


def share_interval(k: int, n: int) -> Estimate:
    """The share k / n with its 95 % interval, which covers at least that whatever the true share. Clopper and Pearson 1934."""
    from scipy.special import betaincinv

    assert 0 <= k <= n > 0
    low = float(betaincinv(k, n - k + 1, 0.025)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 0.975)) if k < n else 1.0
    return Estimate(k / n, low, high)


# ---- spread of scores


def brown_forsythe(groups: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """(F, p) of the test that several groups have one spread: analysis of variance of deviations from medians. Brown and Forsythe 1974.

    It supposes little about the scores' distribution, but has hardly any power under ten values in each group: see above. None under two
    groups or two values in one of them, and where deviations vary in no group: all scores equal, or never more than two in a group.
    """
    from scipy.special import fdtrc

    k, n = len(groups), sum(map(len, groups))
    if k < 2 or min(map(len, groups)) < 2:
        return None
    assert all(np.isfinite(values_S).all() for values_S in groups)
    deviations = [np.abs(values_S - np.median(values_S)) for values_S in groups]
    mean = np.concatenate(deviations).mean()
    between = sum(len(d_S) * (d_S.mean() - mean) ** 2 for d_S in deviations)
    within = sum(((d_S - d_S.mean()) ** 2).sum() for d_S in deviations)
    if within <= n * (ROUNDING * max(np.abs(values_S).max() for values_S in groups)) ** 2:
        return None
    f = float(between / (k - 1) / (within / (n - k)))
    return f, float(fdtrc(k - 1, n - k, f))


def spread_ratio(a_S: np.ndarray, b_S: np.ndarray) -> Estimate | None:
    """The sample SD of a over that of b, with its 95 % interval by the F distribution. The two may have different numbers of seeds.

    It supposes two independent normal samples, and does not forgive if they are not: where one run in ten fails, it covers the true ratio
    about half the time (simulated). None where either side has under two values or does not vary.
    """
    from scipy.special import fdtri

    assert np.isfinite(a_S).all()
    assert np.isfinite(b_S).all()
    if min(len(a_S), len(b_S)) < 2 or not np.ptp(a_S) or not np.ptp(b_S):
        return None
    ratio = float(np.std(a_S, ddof=1) / np.std(b_S, ddof=1))
    low, high = (ratio / float(np.sqrt(fdtri(len(a_S) - 1, len(b_S) - 1, tail))) for tail in (0.975, 0.025))
    return Estimate(ratio, low, high)


# ---- which examples


def rank_correlation(a_N: np.ndarray, b_N: np.ndarray) -> Estimate | None:
    """Spearman's correlation of two numbers of the same examples, such as churn and variability, with its 95 % interval over examples.

    Other runs are not in the interval. Churn of few runs is coarse and noisy, which draws the value towards 0. Examples without one of the
    numbers (NaN) are left out. None where it is not defined: see `ftft.stats.spearman`.
    """
    both_N = ~(np.isnan(a_N) | np.isnan(b_N))
    a_M, b_M = a_N[both_N], b_N[both_N]
    rho = spearman(a_M, b_M)
    if rho is None:
        return None
    influences_M = influence_M(a_M, b_M)
    return interval(rho, None if influences_M is None else float(influences_M.std(ddof=1)), len(a_M))
