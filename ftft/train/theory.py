"""What the theory of stability says about a run: its constants at the run's last layer, and the two bounds, beside what is measured.

Of the whole model they cannot be computed; so they are those of a linear layer on the features that the model has in the end, on at most
ROWS training examples, with d the distance that all trained weights have moved. A trend to look at, never more.
"""

import math
from dataclasses import asdict

import numpy as np

from ftft import bounds
from ftft.domain import RunSpec

ROWS = 2_000


def sampled(n: int) -> np.ndarray:
    """(at most ROWS,) the rows of n that are looked at, in their order: always the same ones."""
    return np.sort(np.random.default_rng(0).permutation(n)[:ROWS])


def theory(
    feature_ND: np.ndarray, gold_N: np.ndarray, weight_CD: np.ndarray, bias_C: np.ndarray, moved: float, steps: int, n: int, spec: RunSpec,
) -> dict[str, float | None]:  # fmt: skip
    """Of the `n` examples that the run has seen, those of `sampled`; it has `moved` so far in so many `steps`.

    Gives n, L, beta, mu, gamma, B, lam, d, steps, lr; `full_bound` and `head_bound`. None where something does not exist.
    """
    at = bounds.constants(feature_ND, gold_N, np.column_stack([weight_CD, bias_C]).astype(np.float64))
    full = bounds.full_bound(n, at.L, at.beta, at.mu, moved)
    head = None if at.gamma is None else bounds.head_bound(steps, n, at.gamma, at.B, at.lam)
    found = asdict(at) | {"n": n, "d": moved, "steps": steps, "lr": spec.lr, "full_bound": full, "head_bound": head}
    return {name: None if value is None or not math.isfinite(value) else float(value) for name, value in found.items()}
