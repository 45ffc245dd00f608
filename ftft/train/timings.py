"""From what a few updates took to what any update takes."""

from collections.abc import Sequence

import numpy as np
import psutil

from ftft.train.precision import this_device


class Timings:
    """What was timed: F batches (or updates) of so many FLOPs, in turns, and how large the process was after each."""

    def __init__(self, flops_F: Sequence[float]) -> None:
        self.flops_F = list(flops_F)
        self.seconds: list[float] = []
        self.sizes: list[int] = []

    def add(self, seconds: float) -> None:
        """One more."""
        self.seconds.append(seconds)
        self.sizes.append(psutil.Process().memory_info().rss)

    def fit(self) -> tuple[float, float, float]:
        """(a, b, c) of `a + b * FLOPs`, plus c where a shape is new: all at least 0, a and b nearest to what was timed, in relative terms.

        Of each batch the median counts: a pause of the machine is not the model's. Where patience ended in the first round, every shape
        timed was new, and what that costs is in a.
        """
        kinds, timed = len(self.flops_F), dict[int, list[float]]()
        warm = kinds if len(self.seconds) > kinds else 1
        for n, seconds in enumerate(self.seconds[warm:], warm):
            timed.setdefault(n % kinds, []).append(seconds)
        flops = np.array([self.flops_F[k] for k in timed])
        took = np.array([np.median(of_kind) for of_kind in timed.values()])
        new = [self.seconds[k] - np.median(timed[k]) for k in timed if k > 0] if warm == kinds else []
        return *_line(flops, took), max(0.0, float(np.median(new))) if new else 0.0

    def shape_bytes(self) -> float:
        """How much the process grew with a shape that it had not met; the first two bring much else, the second one being the largest."""
        kinds = len(self.flops_F)
        if this_device().type != "cpu" or kinds < 3 or len(self.sizes) <= kinds:
            return 0.0
        return max(0.0, float(np.median(self.sizes[kinds:])) - max(self.sizes[:2])) / (kinds - 2)


def _line(flops: np.ndarray, took: np.ndarray) -> tuple[float, float]:
    rate = float(np.median(took / flops))
    if np.ptp(flops) < 0.05 * flops.max():
        return 0.0, rate
    weighted = np.column_stack([np.ones_like(flops), flops]) / took[:, None]
    a, b = (float(value) for value in np.linalg.lstsq(weighted, np.ones_like(took), rcond=None)[0])
    if b <= 0:
        return float(np.median(took)), 0.0
    return (a, b) if a >= 0 else (0.0, rate)
