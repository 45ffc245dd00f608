"""One training example from near: what each run said of it epoch by epoch, where it stands, and what lies near it.

Shapes: E epochs, N training examples, M examples of a map, C classes.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft.domain import runs_in
from ftft.errors import InputError
from ftft.likeness import Rarity, words

if TYPE_CHECKING:
    from ftft.datamap import DataMap
    from ftft.workspace.root import Workspace

SAMPLE = 20_000  # texts that say how rare a word is
RARE, SHARE = 8, 0.02  # at most so many of an example's words, one of which a text must hold to be looked at: about so many texts do
WEIGHED = 24  # words of an example by which the database orders those texts
CANDIDATES = 300  # texts that are compared word by word


class OneExample:
    """What `ws.trajectories`, `ws.percentiles`, `ws.neighbours` and `ws.similar` answer."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self._trajectory = lru_cache(256)(self._read_trajectory)
        self._rarity = lru_cache(4)(self._count_words)

    def trajectories(self, runs: Sequence[str], id: str) -> dict[str, dict[str, Any]]:
        """Runs, or means of runs, -> what they said of the example; those that did not see it, or have metrics alone, are left out."""
        return {run: found for run in runs if (found := self._of(run, id)) is not None}

    def percentiles(self, run: str, id: str, epochs: Sequence[int] | None, metrics: Sequence[str] | None) -> dict[str, tuple[float, float]]:
        """Metric -> (value, percent of the map's examples below it, those that tie counted half). Empty where the map does not hold it."""
        found = self.workspace._maps.of(run, epochs)
        at = self._place(found, id)
        if at is None:
            return {}
        return {name: (float(found.values[name][at]), percentile(found.values[name], at)) for name in metrics or found.values}

    def neighbours(self, run: str, id: str, epochs: Sequence[int] | None, x: str, y: str, k: int) -> list[tuple[str, float]]:
        """The `k` examples that lie nearest on the map, and how far: each axis from 0 to 1 over the map. Ties go by id."""
        found = self.workspace._maps.of(run, epochs)
        at = self._place(found, id)
        if at is None:
            return []
        near = nearest([found.of_metric(x), found.of_metric(y)], at, k)
        return [(str(found.ids_N[place]), distance) for place, distance in near]

    def similar(self, dataset: str, id: str, k: int) -> list[tuple[str, float]]:
        """The `k` examples whose texts are most alike, and how much, in (0, 1]: `ftft.likeness`. Ties keep the dataset's order.

        Compared are the CANDIDATES that share most with it, among those that hold one of its rarest words.
        """
        row = self.workspace.data.place(dataset, id)
        if row < 0:
            raise InputError(f"example {id!r} is not in dataset {dataset!r}", "Use the id of a training example")
        rarity = self._rarity(dataset, self.workspace.data.get(dataset).fingerprint)
        with self.workspace.store(datasets=[dataset]) as store:
            own = words(store.texts(dataset, np.array([row]))[0])
            weights = {word: rarity.weight(word) for word in rarity.rarest(own)[:WEIGHED]}
            found = store.alike(dataset, rarity.telling(own, RARE, SHARE), weights, CANDIDATES)
        scored = [(rarity.similarity(own, words(text)), other) for other, text in found if other != row]
        best = sorted(((-score, other) for score, other in scored if score > 0))[:k]
        ids_N = self.workspace.data.ids(dataset)
        return [(str(ids_N[other]), -score) for score, other in best]

    # ---- inside

    def _of(self, run: str, id: str) -> dict[str, Any] | None:
        runs = runs_in(run)
        every = [found for r in runs if (found := self._trajectory(r, self.workspace._maps.key(r), id)) is not None]
        if len(every) < len(runs):
            return None
        if len(every) == 1:
            return every[0]
        shared = [e for e in every[0]["epochs"] if all(e in one["epochs"] for one in every)]
        rows = [[one["epochs"].index(e) for e in shared] for one in every]
        p_EC, p_gold_E = (np.mean([one[part][at] for one, at in zip(every, rows, strict=True)], axis=0) for part in ("p_EC", "p_gold_E"))
        return {"epochs": tuple(shared), "p_EC": p_EC, "predicted_E": p_EC.argmax(axis=1), "p_gold_E": p_gold_E}

    def _read_trajectory(self, run: str, _state: tuple, id: str) -> dict[str, Any] | None:
        """`_state`: of which files it is. Of each epoch's file only the part is read that holds the example."""
        curves = self.workspace._maps.read(run)
        at = int(np.searchsorted(curves.ids_N, id)) if len(curves.ids_N) else 0
        if at == len(curves.ids_N) or curves.ids_N[at] != id:
            return None
        logits_EC = np.array([curves.folder.logits_of(number, at) for number in curves.numbers], dtype=np.float64)
        odds_EC = np.exp(logits_EC - logits_EC.max(axis=1, keepdims=True))
        p_gold_E = np.array([curve.p_gold_N[at] for curve in curves.epochs])
        p_EC = odds_EC / odds_EC.sum(axis=1, keepdims=True)
        return {"epochs": curves.numbers, "p_EC": p_EC, "predicted_E": logits_EC.argmax(axis=1), "p_gold_E": p_gold_E}

    def _count_words(self, dataset: str, _fingerprint: str) -> Rarity:
        with self.workspace.store(datasets=[dataset]) as store:
            return Rarity.of(store.sample(dataset, SAMPLE))

    def _place(self, found: "DataMap", id: str) -> int | None:
        at = int(np.searchsorted(found.ids_N, id)) if found.n else 0
        return at if at < found.n and found.ids_N[at] == id else None


def percentile(values_M: np.ndarray, at: int) -> float:
    """Percent of the values below that in place `at`, in [0, 100], ties counted half. NaN, never learnt, is above all numbers."""
    if np.isnan(values_M[at]):
        below, ties = np.count_nonzero(~np.isnan(values_M)), np.count_nonzero(np.isnan(values_M))
    else:
        below, ties = np.count_nonzero(values_M < values_M[at]), np.count_nonzero(values_M == values_M[at])
    return 100 * (int(below) + (int(ties) - 1) / 2) / max(len(values_M) - 1, 1)


def nearest(axes: Sequence[np.ndarray], at: int, k: int) -> list[tuple[int, float]]:
    """The `k` places nearest to `at`, and their distances, each axis scaled to its range. A point without coordinates is near to none."""
    squares_M = np.zeros(len(axes[0]))
    for values_M in axes:
        finite_M = values_M[np.isfinite(values_M)]
        span = float(np.ptp(finite_M)) if len(finite_M) else 0.0
        squares_M += ((values_M - values_M[at]) / (span or 1.0)) ** 2
    squares_M[at] = np.nan
    there = int(np.count_nonzero(~np.isnan(squares_M)))
    if not there or not k:
        return []
    cut = np.partition(squares_M, min(k, there) - 1)[min(k, there) - 1]  # NaN is put last
    near = np.flatnonzero(squares_M <= cut)
    near = near[np.argsort(squares_M[near], kind="stable")][:k]
    return [(int(place), float(np.sqrt(squares_M[place]))) for place in near]
