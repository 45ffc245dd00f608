"""How sure is a difference between two methods? S seeds, all scored on the same examples, are a crossed design.

Other seeds would move the mean, and so would other examples: d_si = mean + seed s + example i + rest. The variance of the mean is
(MS_seeds + MS_examples - MS_rest) / (S n), after Cornfield and Tukey 1956; Dorfman, Berbaum and Metz 1992 did this for readers and cases,
with jackknife values where a score is no mean. Satterthwaite's (1946) degrees of freedom take a small MS_seeds for proof that seeds matter
little; so there MS_seeds counts (S + 3) / (S - 1) times. Coverage is simulated in tests/test_crossed.py.

Shapes: S seeds, N examples of a set.
"""

# Tried, for 95 %, 3 seeds, any share of seeds, examples and rest, 10 to 300 examples (in brackets: how wide, seeds and examples equal):
# Satterthwaite as published covers .921 to .977 (1.04; .874 with 2 seeds). MS_seeds counted (S + 1) / (S - 1) times: from .938 (1.19).
# All components kept from being negative: to .999. None: from .81, for a variance under 0. A quantile for each component (Banerjee 1960):
# .950 to .990 (1.51). A floor of MS_rest / (S n): to .993. What is here: .946 to .978 (1.30); 2 seeds .925 to .999; 5 from .948 (1.10).
# The floor of a twentieth is for counts: three seeds with equally many right answers are no proof of a difference without error.

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ALPHA = 0.05  # an adjusted p below it is a finding
FEW = 5  # seeds: under this there is no test
FLOOR = 0.05  # of the variance that the rest alone gives
ROUNDING = 1e-12  # a standard error under this share of the largest contribution is that of the arithmetic


@dataclass(frozen=True)
class Difference:
    """A mean difference, its 95 % interval (`low <= value <= high`), standard error and degrees of freedom, and the p of the same t.

    With one seed (`n_seeds` 1) nothing is known of other seeds: the interval is then over examples alone. `low` and `high` are the value
    itself where nothing varies, and infinite where a set has a single example, which says nothing of others; `df` and `p` are then
    None. `p`, two-sided, is also None under FEW seeds.
    """

    value: float
    low: float
    high: float
    se: float
    df: float | None
    p: float | None
    n_seeds: int

    def __post_init__(self):
        assert self.low <= self.value <= self.high


def difference(parts: Sequence[np.ndarray]) -> Difference:
    """The difference of two methods whose runs are paired by seed and example.

    `parts`: for each evaluation set the (S, N) contributions of one method minus the other's (ftft.contributions). The value is the mean
    over sets of their means: sets share the seeds, and have examples of their own.
    """
    from scipy.special import stdtr, stdtrit

    seeds = len(parts[0])
    assert seeds
    assert all(d_SN.ndim == 2 and d_SN.size and len(d_SN) == seeds for d_SN in parts)
    value = float(np.mean([d_SN.mean() for d_SN in parts]))
    if any(d_SN.shape[1] == 1 for d_SN in parts):
        return Difference(value, -np.inf, np.inf, np.inf, None, None, seeds)
    variance, df = _variance(parts)
    se = float(np.sqrt(variance))
    if se <= ROUNDING * max(np.abs(d_SN).max() for d_SN in parts):
        return Difference(value, value, value, 0.0, None, None, seeds)
    reach = float(stdtrit(df, 0.975)) * se
    p = float(2 * stdtr(df, -abs(value) / se)) if seeds >= FEW else None
    return Difference(value, value - reach, value + reach, se, df, p, seeds)


def _variance(parts: Sequence[np.ndarray]) -> tuple[float, float]:
    """Of the mean over sets, with its degrees of freedom; mean squares are in units of that variance."""
    seeds = len(parts[0])
    by_seed_S = np.mean([d_SN.mean(axis=1) for d_SN in parts], axis=0)
    of_seeds = float(by_seed_S.var(ddof=1)) / seeds if seeds > 1 else 0.0
    of_examples = of_rest = squares = 0.0
    for d_SN in parts:
        n = d_SN.shape[1]
        by_example_N = d_SN.mean(axis=0)
        examples = float(by_example_N.var(ddof=1)) / n / len(parts) ** 2
        rest = 0.0
        if seeds > 1:
            rest_SN = d_SN - d_SN.mean(axis=1, keepdims=True) - by_example_N + d_SN.mean()
            rest = float((rest_SN**2).sum()) / ((seeds - 1) * (n - 1)) / (seeds * n) / len(parts) ** 2
        of_examples += examples - rest
        of_rest += rest
        squares += (examples**2 + rest**2 / max(seeds - 1, 1)) / (n - 1)
    of_examples = max(of_examples, 0.0)  # `squares` stays: a df that jumped at 0 would hang on rounding
    fewest = min(d_SN.shape[1] - 1 for d_SN in parts)
    if seeds > 1:
        fewest = min(fewest, seeds - 1)
        squares += (counted := of_seeds * (seeds + 3) / (seeds - 1)) ** 2 / (seeds - 1)
    else:
        counted = 0.0
    df = max((counted + of_examples) ** 2 / squares, fewest) if squares else fewest
    return max(of_seeds + of_examples, FLOOR * of_rest), float(df)


def holm(p: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted for their number, in [0, 1], by Holm 1979: under .05, all of them hold at once. None is no comparison."""
    there = sorted((value, at) for at, value in enumerate(p) if value is not None)
    adjusted: list[float | None] = [None] * len(p)
    highest = 0.0
    for rank, (value, at) in enumerate(there):
        adjusted[at] = highest = max(highest, min(1.0, value * (len(there) - rank)))
    return adjusted


def spread(values_S: Sequence[float] | np.ndarray) -> tuple[float, float, float] | None:
    """Sample SD over seeds with its 95 % interval (chi-square, for values that are about normal). None under two seeds."""
    from scipy.special import chdtri

    df = len(values_S) - 1
    if df < 1:
        return None
    sd = float(np.std(values_S, ddof=1))
    low, high = (sd * float(np.sqrt(df / chdtri(df, tail))) for tail in (0.025, 0.975))
    return sd, low, high
