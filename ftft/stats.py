"""How well two maps agree, and how much of that chance gives.

Shapes: N examples, R resamples.
"""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 300


def spearman(a_N: np.ndarray, b_N: np.ndarray) -> float | None:
    """Rank correlation in [-1, 1], ties with their mean rank, over the examples that have both values (NaN is left out).

    None where it is not defined: fewer than two examples, or all values of one side equal. Spearman 1904.
    """
    from scipy.stats import rankdata

    both_N = ~(np.isnan(a_N) | np.isnan(b_N))
    a, b = (rankdata(values_N[both_N]) for values_N in (a_N, b_N))
    a, b = a - a.mean() if len(a) else a, b - b.mean() if len(b) else b
    scale = np.sqrt((a @ a) * (b @ b))
    return float(np.clip(a @ b / scale, -1, 1)) if scale > 0 else None


@dataclass(frozen=True)
class Overlap:
    """The share of one map's top k examples that are in the other's top k, with what chance gives and a 95 % interval.

    `chance`: of two random sets of that size, k / N. `chance_within_labels`: of two random sets with the label counts of the two tops.
    """

    q: float
    k: int
    value: float
    chance: float
    chance_within_labels: float
    low: float
    high: float


def overlap(order_a_N: np.ndarray, order_b_N: np.ndarray, q: float, labels_N: np.ndarray, seed: int = 0) -> Overlap:
    """Agreement of the first k = round(q * N) places of two rankings of the same examples; `labels_N` are small whole numbers.

    The interval is a percentile bootstrap over examples (Efron 1979; RESAMPLES times, `seed`): each resample draws N examples with
    replacement and takes its own top k. Drawing an example twice makes rankings look more alike than they are, so that the interval
    leans upwards; it is widened where needed to hold `low <= value <= high`.
    """
    n = len(order_a_N)
    k = round(q * n)
    assert 0 < k <= n == len(order_b_N) == len(labels_N)
    in_a_N, in_b_N = _first(order_a_N, k), _first(order_b_N, k)
    value = float((in_a_N & in_b_N).sum() / k)
    a_L, b_L, n_L = (np.bincount(labels_N[mask_N], minlength=labels_N.max() + 1) for mask_N in (in_a_N, in_b_N, slice(None)))
    low, high = np.percentile(_resampled_overlaps(order_a_N, order_b_N, k, seed), (2.5, 97.5))
    return Overlap(
        q=q,
        k=k,
        value=value,
        chance=k / n,
        chance_within_labels=float((a_L * b_L / np.maximum(n_L, 1)).sum() / k),
        low=min(float(low), value),
        high=max(float(high), value),
    )


def _first(order_N: np.ndarray, k: int) -> np.ndarray:
    mask_N = np.zeros(len(order_N), dtype=bool)
    mask_N[order_N[:k]] = True
    return mask_N


def _resampled_overlaps(order_a_N: np.ndarray, order_b_N: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Overlap in each of RESAMPLES bootstrap samples, (R,).

    A resample gives every example a weight, how often it was drawn, and cuts each ranking where the weights add up to k. That cut moves
    by a few standard deviations of a binomial number at most: only examples near a cut (M of them) need a weight of their own. All
    others are surely in or surely out, and are drawn as four groups. A million examples take 0.7 s instead of 8.
    """
    n = len(order_a_N)
    place_a_N, place_b_N = np.argsort(order_a_N), np.argsort(order_b_N)
    reach = 7 * np.sqrt(k * (1 - k / n)) + 10
    near = np.flatnonzero((abs(place_a_N - k) <= reach) | (abs(place_b_N - k) <= reach))
    group_N = 2 * (place_a_N < k) + (place_b_N < k)
    groups_4 = np.bincount(group_N, minlength=4) - np.bincount(group_N[near], minlength=4)

    draw = np.random.default_rng(seed)
    weights = draw.multinomial(n, np.concatenate((groups_4, np.ones(len(near)))) / n, size=RESAMPLES)
    groups_R4, near_RM = weights[:, :4], weights[:, 4:]
    taken_a_RM = _taken(near_RM, np.argsort(place_a_N[near]), k - groups_R4[:, 2:].sum(axis=1))
    taken_b_RM = _taken(near_RM, np.argsort(place_b_N[near]), k - groups_R4[:, 1::2].sum(axis=1))
    return (groups_R4[:, 3] + np.minimum(taken_a_RM, taken_b_RM).sum(axis=1)) / k


def _taken(weights_RM: np.ndarray, order_M: np.ndarray, room_R: np.ndarray) -> np.ndarray:
    """How much of each weight fits, (R, M), when `room_R` is filled in the given order."""
    sorted_RM = weights_RM[:, order_M]
    before_RM = sorted_RM.cumsum(axis=1) - sorted_RM
    taken_RM = np.empty_like(weights_RM)
    taken_RM[:, order_M] = np.clip(room_R[:, None] - before_RM, 0, sorted_RM)
    return taken_RM
