"""The examples that a strategy chooses from, and what it may ask about them.

Shapes: N examples, E epochs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Candidates:
    """Examples of one map. What is asked for is worked out on first use, and kept.

    `metric(name)`: (N,) values of a metric of `ftft.metrics`. `losses()`: (E, N), −log p(gold) in each epoch. `suspect(run)`: (N,) bool,
    an AUM below that of the threshold samples of that run; None where nobody can say. All three may raise InputError.
    `references` are the single maps behind a mean, of the same examples in the same order; a single map has none.
    """

    ids_N: np.ndarray  # text
    gold_N: np.ndarray  # int
    metric: Callable[[str], np.ndarray]
    losses: Callable[[], np.ndarray]
    references: tuple["Candidates", ...] = ()
    suspect: Callable[[str], np.ndarray] | None = None

    def __post_init__(self) -> None:
        assert len(self.ids_N) == len(self.gold_N)
        assert all(np.array_equal(reference.ids_N, self.ids_N) for reference in self.references)
        for asked in ("metric", "losses", "suspect"):
            if (answer := getattr(self, asked)) is not None:
                object.__setattr__(self, asked, cache(answer))

    @property
    def n(self) -> int:
        """N."""
        return len(self.ids_N)

    def take(self, rows: np.ndarray) -> "Candidates":
        """A part of the examples, in the order of `rows`."""

        def part(answer: Callable[..., np.ndarray]) -> Callable[..., Any]:
            return lambda *asked: answer(*asked)[..., rows]

        references = tuple(reference.take(rows) for reference in self.references)
        suspect = part(self.suspect) if self.suspect else None
        return Candidates(self.ids_N[rows], self.gold_N[rows], part(self.metric), part(self.losses), references, suspect)
