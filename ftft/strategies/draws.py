"""Strategies that draw at random: from all, or the same number from each stratum of a score or cluster of trajectories.

A draw takes the smallest sha256 of "SEED/ID", as `ftft.selection.at_random` does. Shapes: N examples, E epochs, G groups; each function
gives (k,) rows.
"""

import numpy as np

from ftft.errors import InputError
from ftft.selection import at_random, tie_order
from ftft.strategies.candidates import Candidates
from ftft.strategies.clusters import FOR_EACH, k_means
from ftft.strategies.ends import nearest, others, part

HARD_IS_LOW = ("confidence", "correctness", "aum")  # of every other metric, the hardest examples have the highest values
LONGEST_LOSS = 745.0  # −log of the smallest float64


def random(of: Candidates, k: int, seed: int) -> np.ndarray:
    """Any k: the control that every strategy has to beat. A larger k with the same seed holds a smaller one."""
    return np.flatnonzero(at_random(of.ids_N, k, seed))


def ccs(of: Candidates, k: int, seed: int, metric: str, beta: float, strata: int) -> np.ndarray:
    """Coverage-centric selection: the hardest `beta` of all dropped, the rest cut into `strata` of a difficulty score. Zheng et al. 2023.

    Strata have equal widths between the lowest and the highest score that are left, the upper edge belonging to the next one, and k is
    shared over them as `evenly` says. The authors' code has the same, but for a last stratum that loses examples where all scores are
    negative. HARD_IS_LOW says which end is hard; an example never learnt counts as forgotten most. InputError where k are not left.
    """
    dropped = part(beta, of.n)
    if of.n - dropped < k:
        what = f"{k} of {of.n} examples are to be chosen, and {of.n - dropped} are left without the hardest"
        raise InputError(what, f"Choose a smaller share, or a beta below {beta:g}")
    score_N = of.metric(metric)
    left = others(of.n, nearest(of.ids_N, score_N, dropped, "bottom" if metric in HARD_IS_LOW else "top"))
    return left[_drawn(of.ids_N[left], _strata(score_N[left], strata), k, seed)]


def s2l(of: Candidates, k: int, seed: int, clusters: int) -> np.ndarray:
    """SmallToLarge: k-means over the trajectories of the loss, and k shared over the clusters as `evenly` says. Yang et al. 2024.

    Of one epoch it is coverage of that epoch's loss. A probability of 0 has the loss LONGEST_LOSS. The paper's algorithm: the authors'
    code takes clusters of one or two examples last. Rows are put in the order of the digests of their ids first, since k-means adds.
    """
    order = np.argsort(tie_order(of.ids_N))
    losses_EN = np.minimum(of.losses()[:, order], LONGEST_LOSS)
    sample_N = at_random(of.ids_N[order], min(of.n, FOR_EACH * clusters), seed)
    cluster_N = k_means(losses_EN, sample_N, clusters, seed)
    return order[_drawn(of.ids_N[order], cluster_N, k, seed)]


def _strata(score_N: np.ndarray, strata: int) -> np.ndarray:
    """Which range of the score each example lies in, 0 .. strata - 1; NaN, which is never learnt, in the range of the highest."""
    present_N = score_N[~np.isnan(score_N)]
    low, high = (present_N.min(), present_N.max()) if len(present_N) else (0, 0)
    if low == high:
        return np.zeros(len(score_N), dtype=int)
    above_N = np.where(np.isnan(score_N), high, score_N) - low
    return np.minimum(above_N * strata / (high - low), strata - 1).astype(int)  # multiplied first: exact for counts, even at an edge


def evenly(sizes_G: np.ndarray, k: int) -> np.ndarray:
    """(G,): k shared over groups of these sizes. From the smallest up, each gives what is left to take over the groups left, rounded down,
    or all it has. Of groups of one size the first comes first, so that a larger and a later one gives the odd example."""
    budget_G = np.zeros(len(sizes_G), dtype=int)
    for before, group in enumerate(np.argsort(sizes_G, kind="stable")):
        budget_G[group] = min(sizes_G[group], (k - budget_G.sum()) // (len(sizes_G) - before))
    return budget_G


def _drawn(ids_N: np.ndarray, group_N: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Rows of k examples drawn from the groups, from each as many as `evenly` says."""
    taken_N = np.zeros(len(ids_N), dtype=bool)
    for group, budget in enumerate(evenly(np.bincount(group_N), k)):
        members = np.flatnonzero(group_N == group)
        taken_N[members] = at_random(ids_N[members], budget, seed)
    return np.flatnonzero(taken_N)
