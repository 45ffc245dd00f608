"""Comparisons that a noisy machine cannot fake: two things take turns, each pair gives a ratio, the median has an interval.

Both things of a pair meet the same hour of the machine; which of them goes first alternates, so that neither inherits the other's warm
caches every time. The interval is a bootstrap over pairs, 95 %: with ten of them it is honest about what ten can say.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

DRAWS = 10_000


@dataclass(frozen=True)
class Pairs:
    """`ratios[k]` is a's time over b's in the k-th pair; `low` to `high` is the interval of their median. Seconds are medians too."""

    median: float
    low: float
    high: float
    ratios: tuple[float, ...]
    seconds_a: float
    seconds_b: float

    def to_json(self) -> dict[str, float | list[float]]:
        """`{median, low, high, ratios[], seconds_a, seconds_b}`, four digits."""
        rounded = {name: round(getattr(self, name), 4) for name in ("median", "low", "high", "seconds_a", "seconds_b")}
        return {**rounded, "ratios": [round(r, 4) for r in self.ratios]}


def pairs(
    a: Callable[[], object], b: Callable[[], object], n: int = 10, measure: Callable[[Callable[[], object]], float] | None = None
) -> Pairs:
    """Runs `a` and `b` n times each, in turns. `measure(f)` runs f and gives its seconds: by default the time on the wall."""
    assert n > 1
    taken: dict[Callable[[], object], list[float]] = {a: [], b: []}
    assert len(taken) == 2, "a thing is not compared with itself: wrap it twice"
    for k in range(n):
        for thing in (a, b) if k % 2 == 0 else (b, a):
            taken[thing].append((measure or seconds)(thing))
    ratios = tuple(x / y for x, y in zip(taken[a], taken[b], strict=True))
    return Pairs(statistics.median(ratios), *interval(ratios), ratios, statistics.median(taken[a]), statistics.median(taken[b]))


def seconds(thing: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    thing()
    return time.perf_counter() - began


def times(thing: Callable[[], object], n: int = 10) -> dict[str, float]:
    """`{median, low, high}` of the seconds of n calls, after one that warms up."""
    thing()
    taken = [seconds(thing) for _ in range(n)]
    low, high = interval(taken)
    return {"median": statistics.median(taken), "low": low, "high": high}


def interval(values: "list[float] | tuple[float, ...]", level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Bootstrap interval (percentiles) of the median of `values`."""
    draw = np.random.default_rng(seed)
    medians = np.median(draw.choice(np.asarray(values), (DRAWS, len(values))), axis=1)
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
