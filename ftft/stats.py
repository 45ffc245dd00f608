"""How well two orders of the same examples agree, how much of that chance gives, and how sure one can be of it.

Intervals are over examples: another draw of the same kind of examples, with the same two runs. What another seed would change they do not
hold. They come from influence functions, what one more example would change, in place of resampling: no draws, and 0.05 s for a
million examples. Their coverage is simulated in tests/test_stats.py.

Shapes: N examples, M of them that an interval looks at, L labels.
"""

from dataclasses import dataclass

import numpy as np

Z = 1.959964  # of a 95 % interval
SAMPLE = 50_000  # examples that say how far one example moves a correlation: to 0.5 %, whatever N


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval: `low <= value <= high`."""

    value: float
    low: float
    high: float


# ---- ranks


def spearman(a_N: np.ndarray, b_N: np.ndarray) -> float | None:
    """Rank correlation in [-1, 1], ties with their mean rank, over the examples that have both values (NaN is left out).

    None where it is not defined: fewer than two examples, or all values of one side equal. Spearman 1904.
    """
    both_N = ~(np.isnan(a_N) | np.isnan(b_N))
    return correlation(*(mean_ranks(values_N[both_N]) for values_N in (a_N, b_N)))


def mean_ranks(values_N: np.ndarray) -> np.ndarray:
    """(N,) float64 rank from 0, of the lowest value; ties have their mean rank."""
    return _ranks(values_N, np.argsort(values_N, kind="stable"), None)


def mean_ranks_within(values_N: np.ndarray, groups_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean ranks among all, and within each group of `groups_N` (whole numbers)."""
    order_N = np.argsort(values_N, kind="stable")
    return _ranks(values_N, order_N, None), _ranks(values_N, grouped(order_N, groups_N), groups_N)


def grouped(order_N: np.ndarray, groups_N: np.ndarray) -> np.ndarray:
    """The same order, group by group: by radix sort where there are few groups."""
    small = np.uint16 if groups_N.max(initial=0) < 1 << 16 else np.int64
    return order_N[np.argsort(groups_N.astype(small)[order_N], kind="stable")]


def _ranks(values_N: np.ndarray, order_N: np.ndarray, groups_N: np.ndarray | None) -> np.ndarray:
    starts, ends = _ties(values_N[order_N], None if groups_N is None else groups_N[order_N])
    mean = (starts + ends - 1) / 2
    if groups_N is not None:
        n_L = np.bincount(groups_N)
        mean -= (n_L.cumsum() - n_L)[groups_N[order_N[starts]]]
    rank_N = np.empty(len(values_N))
    rank_N[order_N] = np.repeat(mean, ends - starts)
    return rank_N


def _ties(sorted_N: np.ndarray, groups_N: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Where each run of equal values starts, and where it ends (exclusive)."""
    new_N = np.ones(len(sorted_N), dtype=bool)
    new_N[1:] = sorted_N[1:] != sorted_N[:-1]
    if groups_N is not None:
        new_N[1:] |= groups_N[1:] != groups_N[:-1]
    starts = np.flatnonzero(new_N)
    return starts, np.append(starts[1:], len(sorted_N))


def correlation(rank_a_N: np.ndarray, rank_b_N: np.ndarray) -> float | None:
    """Spearman's, of ranks. None where one side has a single value."""
    if len(rank_a_N) < 2:
        return None
    a_N, b_N = (rank_N.astype(np.float64) - rank_N.mean(dtype=np.float64) for rank_N in (rank_a_N, rank_b_N))
    scale = np.sqrt((a_N @ a_N) * (b_N @ b_N))
    return float(np.clip(a_N @ b_N / scale, -1, 1)) if scale > 0 else None


def interval(value: float, deviation: float | None, n: int) -> Estimate:
    """A rank correlation with its interval on Fisher's scale; `deviation` of one example's influence (see `influence_M`).

    The wider of two standard errors: that of the influences, true of any map, and Bonett and Wright's (2000), (1 + r^2/2) / (n - 3),
    which is sure with few examples but too narrow where the map has clusters (coverage .90 instead of .94).
    """
    if abs(value) >= 1:
        return Estimate(value, value, value)
    if n < 4 or deviation is None:
        return Estimate(value, -1.0, 1.0)
    spread = max((deviation / (1 - value**2)) ** 2, 1 + value**2 / 2)
    centre, reach = np.arctanh(value), Z * np.sqrt(spread / (n - 3))
    return Estimate(value, min(value, float(np.tanh(centre - reach))), max(value, float(np.tanh(centre + reach))))


def influence_M(a_M: np.ndarray, b_M: np.ndarray) -> np.ndarray | None:
    """How much each example moves the rank correlation, times M: the derivative of the functional, ties and all. None without one."""
    m = len(a_M)
    order_a, order_b = np.argsort(a_M, kind="stable"), np.argsort(b_M, kind="stable")
    f_M, g_M = (_ranks(v, order, None) / m - (m - 1) / (2 * m) for v, order in ((a_M, order_a), (b_M, order_b)))
    ff, gg, fg = f_M @ f_M / m, g_M @ g_M / m, f_M @ g_M / m
    if not ff or not gg:
        return None
    of_fg = f_M * g_M + _above(a_M, order_a, g_M) + _above(b_M, order_b, f_M) - 3 * fg
    of_ff, of_gg = f_M**2 + 2 * _above(a_M, order_a, f_M) - 3 * ff, g_M**2 + 2 * _above(b_M, order_b, g_M) - 3 * gg
    return of_fg / np.sqrt(ff * gg) - fg / np.sqrt(ff * gg) / 2 * (of_ff / ff + of_gg / gg)


def _above(values_M: np.ndarray, order_M: np.ndarray, what_M: np.ndarray) -> np.ndarray:
    """For each example the sum of `what_M` over the examples with a higher value (half of those with the same), divided by M."""
    starts, ends = _ties(values_M[order_M])
    sums = np.concatenate(([0.0], what_M[order_M].cumsum()))
    above_M = np.empty(len(values_M))
    above_M[order_M] = np.repeat(sums[-1] - (sums[starts] + sums[ends]) / 2, ends - starts) / len(values_M)
    return above_M


# ---- tops


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


def overlap(order_a_N: np.ndarray, order_b_N: np.ndarray, q: float, labels_N: np.ndarray) -> Overlap:
    """Agreement of the first k = round(q * N) places of two rankings of the same examples; `labels_N` are small whole numbers."""
    k = round(q * len(order_a_N))
    assert 0 < k <= len(order_a_N) == len(order_b_N) == len(labels_N)
    place_a_N, place_b_N = places(order_a_N), places(order_b_N)
    top_a_L, top_b_L, n_L = (
        np.bincount(labels_N[mask_N], minlength=labels_N.max() + 1) for mask_N in (place_a_N < k, place_b_N < k, slice(None))
    )
    found = top_interval((order_a_N, place_a_N), (order_b_N, place_b_N), k)
    within = float((top_a_L * top_b_L / np.maximum(n_L, 1)).sum() / k)
    return Overlap(q, k, found.value, k / len(order_a_N), within, found.low, found.high)


def places(order_N: np.ndarray) -> np.ndarray:
    """(N,) int32: the place of each example in a ranking, from 0."""
    place_N = np.empty(len(order_N), dtype=np.int32)
    place_N[order_N] = np.arange(len(order_N), dtype=np.int32)
    return place_N


def top_interval(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray], k: int, common: int | None = None) -> Estimate:
    """The overlap of two tops of k examples, with its interval on the logit scale. `a`, `b`: (order_N, place_N) of each ranking.

    One more example does two things: it is in both tops or not, and where it enters a top it pushes out the example at the cut, which
    was in the other top with a probability that the window around the cut shows. At 0 or 1 Wilson's bounds (1927) stand in, but for
    equal rankings, which agree whatever the examples. A bootstrap draws examples twice, and so leans upwards: it is not used.
    """
    (order_a_N, place_a_N), (order_b_N, place_b_N), n = a, b, len(a[0])
    both = int(((place_a_N < k) & (place_b_N < k)).sum()) if common is None else common
    value = both / k
    if value in (0, 1):
        equal = k == n or np.array_equal(order_a_N, order_b_N)
        return Estimate(value, value if equal or not value else k / (k + Z**2), value if value else Z**2 / (k + Z**2))
    reach = max(1, min(round(0.5 * n**0.8), k, n - k))
    near = slice(k - reach, k + reach)
    in_b, in_a = float((place_b_N[order_a_N[near]] < k).mean()), float((place_a_N[order_b_N[near]] < k).mean())
    share_4 = np.array([both, k - both, k - both, n - 2 * k + both]) / n
    moves_4 = np.array([1 - in_a - in_b, -in_b, -in_a, 0])
    variance = max(float(share_4 @ moves_4**2 - (share_4 @ moves_4) ** 2), 0) / n * (n / k) ** 2
    centre, length = np.log(value / (1 - value)), Z * np.sqrt(variance) / (value * (1 - value))
    low, high = (float(1 / (1 + np.exp(-bound))) for bound in (centre - length, centre + length))
    return Estimate(value, min(low, value), max(high, value))
