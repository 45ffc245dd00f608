"""How much of a ranking of examples would another seed give again? One run's top examples are partly noise: measured over several runs.

Shapes: N examples, R runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ftft.selection import top
from ftft.stats import Z, correlation, mean_ranks, places

FORESEEN = (2, 3, 5, 10)  # runs that a mean might be taken of
STABLE = 0.9  # overlap from which we call a top stable; our choice, nothing is published


@dataclass(frozen=True)
class Stability:
    """The mean over pairs of runs of the share of one's top k examples that are in the other's, with a 95 % interval.

    `chance` and `chance_within_labels` as in ftft.stats.Overlap, the mean over pairs. `pair_min` and `pair_max` are the least and the most
    that two runs agree. The interval is over examples: how far other examples of the same kind, with the same runs, could move the
    value. What other seeds could do is not in it; the range over the pairs stands beside it for that.
    """

    k: int
    value: float
    low: float
    high: float
    chance: float
    chance_within_labels: float
    pair_min: float
    pair_max: float


def top_stability(orders_RN: Sequence[np.ndarray], q: float, labels_N: np.ndarray) -> Stability:
    """Agreement of the first k = round(q * N) places of R rankings of the same examples; `labels_N` are small whole numbers."""
    n, runs = len(labels_N), len(orders_RN)
    k = round(q * n)
    assert runs > 1
    assert 0 < k < n
    in_RN = np.stack([places(order_N) < k for order_N in orders_RN])
    overlap_RR = np.array([[np.count_nonzero(a_N & b_N) for b_N in in_RN] for a_N in in_RN]) / k
    label_RL = np.stack([np.bincount(labels_N[in_N], minlength=labels_N.max() + 1) for in_N in in_RN])
    by_label_RR = (label_RL / np.maximum(np.bincount(labels_N), 1)) @ label_RL.T / k
    pairs = np.triu_indices(runs, 1)
    value = float(overlap_RR[pairs].mean())
    low, high = _interval(value, orders_RN, in_RN, k)
    return Stability(
        k=k,
        value=value,
        low=min(low, value),
        high=max(high, value),
        chance=k / n,
        chance_within_labels=float(by_label_RR[pairs].mean()),
        pair_min=float(overlap_RR[pairs].min()),
        pair_max=float(overlap_RR[pairs].max()),
    )


def _interval(value: float, orders_RN: Sequence[np.ndarray], in_RN: np.ndarray, k: int) -> tuple[float, float]:
    """On the logit scale, from what one more example would change: ftft.stats.top_interval, averaged over the pairs.

    The example is in both tops of a pair or not, and where it enters a top it pushes out the one at that cut, which was in the other
    top as often as those in a window around the cut are. Wilson's bounds (1927) at 0 and 1, but for equal tops.
    """
    runs, n = in_RN.shape
    if value in (0, 1):
        return (value, value) if value else (0.0, Z**2 / (k + Z**2))
    reach = max(1, min(round(0.5 * n**0.8), k, n - k))
    at_cut_RR = np.stack([in_RN[:, order_N[k - reach : k + reach]].mean(axis=1) for order_N in orders_RN])
    others_R = at_cut_RR.sum(axis=1) - at_cut_RR.diagonal()
    times_N = in_RN.sum(axis=0)
    moves_N = times_N * (times_N - 1) / 2 - others_R @ in_RN
    error = moves_N.std() / (runs * (runs - 1) / 2) * np.sqrt(n) / k
    centre, length = np.log(value / (1 - value)), Z * error / (value * (1 - value))
    low, high = (float(1 / (1 + np.exp(-bound))) for bound in (centre - length, centre + length))
    return low, high


# ---- of a whole ranking


def rank_agreement(values_RN: Sequence[np.ndarray]) -> float | None:
    """Mean over pairs of runs of Spearman's rank correlation, over the examples that have a value in all of them (NaN is left out).

    None where one of them is not defined.
    """
    there_N = ~np.isnan(values_RN).any(axis=0)
    ranks = [mean_ranks(values_N[there_N]) for values_N in values_RN]
    found = [correlation(a_N, b_N) for i, a_N in enumerate(ranks) for b_N in ranks[:i]]
    defined = [r for r in found if r is not None]
    return sum(defined) / len(found) if len(defined) == len(found) else None


def foreseen(agreement: float | None, runs: int) -> float | None:
    """How well the mean of `runs` runs should agree with the mean of as many others, when single ones agree by `agreement`.

    Spearman 1910, Brown 1910: exact for errors that are independent of each other and of equal size; for ranks an estimate. 0 where
    single runs do not agree at all.
    """
    if agreement is None:
        return None
    single = max(agreement, 0.0)
    return single * runs / (1 + (runs - 1) * single)


def overlap(a_N: np.ndarray, b_N: np.ndarray) -> float:
    """The share of one selection (N,) that is in another of the same size."""
    return float(np.count_nonzero(a_N & b_N) / np.count_nonzero(a_N))


# ---- while it is being trained


def consecutive_overlaps(ids_N: np.ndarray, p_gold_EN: np.ndarray, q: float) -> list[float]:
    """For each epoch from the third on: the share of the q most variable examples up to the epoch before that still are with it.

    After one epoch nothing varies, so the first top is that of two. Ties as in `ftft.selection.top`.
    """
    tops = [top(ids_N, p_gold_EN[:e].std(axis=0), q) for e in range(2, len(p_gold_EN) + 1)]
    return [overlap(a_N, b_N) for a_N, b_N in pairwise(tops)]


def settled(overlaps: Sequence[float], patience: int) -> bool:
    """Have the last `patience` epochs each left the top as it was, but for 1 - STABLE of it?"""
    return len(overlaps) >= patience and min(overlaps[-patience:]) >= STABLE
