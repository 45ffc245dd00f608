"""Strategies that take one end of a metric's ranking, or several ends together. Ties and NaN as in `ftft.selection.top`.

Shares of k are rounded down. Shapes: N examples; each function gives (k,) rows.
"""

from fractions import Fraction

import numpy as np

from ftft import selection
from ftft.errors import InputError
from ftft.strategies.candidates import Candidates


def nearest(ids_N: np.ndarray, values_N: np.ndarray, k: int, end: str) -> np.ndarray:
    """Rows of the k highest values (`end` "top") or the lowest ("bottom"), in the order of rows."""
    n = len(ids_N)
    return np.flatnonzero(selection.top(ids_N, values_N, k / n, end)) if 0 < k < n else np.arange(k)


def others(n: int, rows: np.ndarray) -> np.ndarray:
    """Those of n rows that are not in `rows`."""
    return np.setdiff1d(np.arange(n), rows, assume_unique=True)


def part(share: float, n: int) -> int:
    """`share` of n, rounded down; taken as the decimal that was written: 0.29 of 100 are 29, which floating point makes 28."""
    return int(Fraction(repr(share)) * n)


def top(of: Candidates, k: int, seed: int, metric: str) -> np.ndarray:
    """The highest values of `metric`. Swayamdipta et al. 2020 take the most variable ones so."""
    return nearest(of.ids_N, of.metric(metric), k, "top")


def bottom(of: Candidates, k: int, seed: int, metric: str) -> np.ndarray:
    """The lowest values of `metric`. Swayamdipta et al. 2020 take the least confident ones so."""
    return nearest(of.ids_N, of.metric(metric), k, "bottom")


def ambiguous(of: Candidates, k: int, seed: int) -> np.ndarray:
    """The highest variability: p(gold) changes most from epoch to epoch. Swayamdipta et al. 2020; what FTFT takes, Du et al. 2025."""
    return top(of, k, seed, "variability")


def easy(of: Candidates, k: int, seed: int) -> np.ndarray:
    """The highest confidence, as the toolbar of the maps takes it; variability does not matter. After Swayamdipta et al. 2020."""
    return top(of, k, seed, "confidence")


def hard(of: Candidates, k: int, seed: int) -> np.ndarray:
    """The lowest confidence: often label errors. Variability does not matter. After Swayamdipta et al. 2020."""
    return bottom(of, k, seed, "confidence")


def aum(of: Candidates, k: int, seed: int, threshold: str, end: str) -> np.ndarray:
    """The lowest AUM (or the highest, with `end` "top") of the examples that are not suspected of a wrong label. Pleiss et al. 2020.

    Pleiss et al. remove those with an AUM below that of threshold samples, which have a label that no example has. `threshold` names a
    run with such samples; without one nobody is suspected, and the lowest AUM holds label errors. To take the hardest of what is left
    is our choice. InputError where fewer than k are left.
    """
    left = np.arange(of.n)
    if threshold:
        if of.suspect is None:
            raise InputError(f"nobody can say here which examples run {threshold} suspects", "Leave threshold out")
        left = np.flatnonzero(~of.suspect(threshold))
    if len(left) < k:
        what = f"{k} of {of.n} examples are to be chosen, and {len(left)} are left without those that run {threshold} suspects"
        raise InputError(what, "Choose a smaller share, or leave threshold out")
    return left[nearest(of.ids_N[left], of.metric("aum")[left], k, end)]


def el2n(of: Candidates, k: int, seed: int) -> np.ndarray:
    """The highest EL2N. Paul et al. 2021 take it early in training and average it over runs: say so with epochs, and with a mean map."""
    return top(of, k, seed, "el2n")


def forgetting(of: Candidates, k: int, seed: int) -> np.ndarray:
    """Those most often forgotten; one never learnt counts as forgotten most. Toneva et al. 2019."""
    return top(of, k, seed, "forgetting")


def both_ends(of: Candidates, k: int, seed: int, hard: float) -> np.ndarray:
    """`hard` of k with the lowest confidence, then the others with the highest. `--both_ends` in Swayamdipta et al.'s code."""
    hardest = nearest(of.ids_N, of.metric("confidence"), part(hard, k), "bottom")
    return _with_easiest(of, k, hardest)


def mix(of: Candidates, k: int, seed: int, easy: float) -> np.ndarray:
    """`easy` of k with the highest confidence, the others with the highest variability, which come first where an example is both.

    Swayamdipta et al. 2020 mix easy examples in where ambiguous ones alone, under about a quarter of the data, fail to train.
    """
    most_ambiguous = nearest(of.ids_N, of.metric("variability"), k - part(easy, k), "top")
    return _with_easiest(of, k, most_ambiguous)


def _with_easiest(of: Candidates, k: int, rows: np.ndarray) -> np.ndarray:
    """`rows`, filled up to k with the most confident of the others."""
    rest = others(of.n, rows)
    easiest = nearest(of.ids_N[rest], of.metric("confidence")[rest], k - len(rows), "top")
    return np.concatenate((rows, rest[easiest]))
