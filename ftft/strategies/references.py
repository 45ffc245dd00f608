"""Strategies that compare the rankings of several references of the same examples.

Each reference breaks its ties by the ids, and so does what is made of their rankings. Shapes: N examples, R references; each function
gives (k,) rows.
"""

import numpy as np

from ftft.selection import ranking
from ftft.strategies.candidates import Candidates
from ftft.strategies.ends import nearest


def consensus(of: Candidates, k: int, seed: int, metric: str, end: str) -> np.ndarray:
    """Those that come first in all references: by their worst place among them, the smallest first.

    Each reference's top is made larger, by the same number, until k examples are in all of them. Where the last step lets in more than
    one, the ids decide.
    """
    return nearest(of.ids_N, _places_RN(of, metric, end).max(axis=0), k, "bottom")


def union(of: Candidates, k: int, seed: int, metric: str, end: str) -> np.ndarray:
    """Those that come first in any reference: by their best place among them, the smallest first.

    Each reference gives its top of the same size, k examples together. Where the last step lets in more than are missing, the ids decide.
    """
    return nearest(of.ids_N, _places_RN(of, metric, end).min(axis=0), k, "bottom")


def _places_RN(of: Candidates, metric: str, end: str) -> np.ndarray:
    """The place of each example in each reference's ranking, from 0."""
    return np.array([np.argsort(ranking(reference.ids_N, reference.metric(metric), end)) for reference in of.references])
