"""k-means that gives the same clusters on every machine.

A library's would not: its matrix products add in another order on another processor, and an example between two centres changes sides.
Here every sum is taken from the first to the last, and the draws are Python's, which keeps its sequence. So results depend on the order
of examples, and whoever calls puts them in one that does not depend on a file.

At 1M examples, 10 epochs, 100 clusters: some seconds, nearly all of them for the last assignment.

Shapes: N examples, E epochs (dimensions), K clusters.
"""

from random import Random

import numpy as np

from ftft.metrics import blocks

ITERATIONS = 20  # as in S2L's code
FOR_EACH = 256  # examples for each centre that the centres are fitted to, as FAISS has it, which that code uses
CELLS = 1 << 18  # distances worked out at a time: they stay in the processor's cache


def k_means(points_EN: np.ndarray, fitted_N: np.ndarray, k: int, seed: int) -> np.ndarray:
    """(N,) int: the cluster of each point, of at most k; some may be empty. The centres are fitted to the points of `fitted_N`.

    k-means++ (Arthur & Vassilvitskii 2007), then ITERATIONS of Lloyd's. A point between two centres belongs to the first.
    """
    sample_EN = points_EN[:, fitted_N].astype(np.float64)
    centres_EK = _spread(sample_EN, k, Random(seed))
    for _ in range(ITERATIONS):
        moved_EK = _means(sample_EN, _closest(sample_EN, centres_EK), centres_EK)
        if np.array_equal(moved_EK, centres_EK):
            break
        centres_EK = moved_EK
    return _closest(points_EN, centres_EK)


def _spread(points_EN: np.ndarray, k: int, draw: Random) -> np.ndarray:
    """(E, K): points drawn one after the other, each with a chance in proportion to its squared distance from those before.

    Fewer than k where no point lies elsewhere any more.
    """
    rows = [int(draw.random() * points_EN.shape[1])]
    distance_N = np.full(points_EN.shape[1], np.inf)
    while len(rows) < k:
        distance_N = np.minimum(distance_N, _distances(points_EN, points_EN[:, rows[-1:]])[:, 0])
        upto_N = np.cumsum(distance_N)
        if upto_N[-1] == 0:
            break
        rows.append(int(np.searchsorted(upto_N, draw.random() * upto_N[-1], side="right")))
    return points_EN[:, rows]


def _means(points_EN: np.ndarray, cluster_N: np.ndarray, centres_EK: np.ndarray) -> np.ndarray:
    """(E, K): the mean of each cluster; where one is empty its centre stays."""
    k = centres_EK.shape[1]
    size_K = np.bincount(cluster_N, minlength=k)
    sums_EK = np.array([np.bincount(cluster_N, weights=points_N, minlength=k) for points_N in points_EN])
    return np.where(size_K > 0, sums_EK / np.maximum(size_K, 1), centres_EK)


def _closest(points_EN: np.ndarray, centres_EK: np.ndarray) -> np.ndarray:
    """(N,): the nearest centre of each point, the first where several are."""
    n, k = points_EN.shape[1], centres_EK.shape[1]
    parts = [_distances(points_EN[:, block], centres_EK).argmin(axis=1) for block in blocks(n, max(1, CELLS // k))]
    return np.concatenate(parts)


def _distances(points_EN: np.ndarray, centres_EK: np.ndarray) -> np.ndarray:
    """(N, K): squared distances, epoch after epoch."""
    distance_NK = np.zeros((points_EN.shape[1], centres_EK.shape[1]))
    for points_N, centres_K in zip(points_EN, centres_EK, strict=True):
        distance_NK += np.square(points_N[:, None] - centres_K)
    return distance_NK
