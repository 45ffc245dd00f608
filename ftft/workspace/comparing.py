"""Pairs of maps, lined up and ranked. What belongs to one map is put in order once, what belongs to a pair counted once.

Kept by the map itself, since a workspace gives the same `Map` as long as its run's files are the same. Shapes: N examples in common.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import selection as pick
from ftft.agreement import METRICS, Ranked, Top, rank_agreement, tops
from ftft.datamap import DataMap, positions
from ftft.errors import InputError
from ftft.stats import Estimate

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

KEPT_MAPS = 16  # 28 MB each at a million examples
LEAST = 3  # examples in common


@dataclass(frozen=True, eq=False)
class Pair:
    """Two maps on the examples that both runs saw, with the same label: row n is the same example in `a` and `b`.

    `rows_a`: where these lie in the first map, `first`. `numbers`: what was worked out of the pair.
    """

    first: DataMap
    rows_a: np.ndarray
    a: Ranked
    b: Ranked
    numbers: dict[tuple, Any] = field(default_factory=dict)

    def once(self, key: tuple, make: Callable[[], Any]) -> Any:
        """`make()`, the first time that it is asked for."""
        if key not in self.numbers:
            self.numbers[key] = make()
        return self.numbers[key]


class Comparing:
    """Lines up, ranks, and keeps."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self._maps: OrderedDict[tuple, tuple[Any, Any]] = OrderedDict()
        self._lock = RLock()

    def pair(self, a: str, b: str, epochs_a: Sequence[int] | None, epochs_b: Sequence[int] | None) -> Pair:
        """Both maps, lined up. InputError where they have next to no examples in common, or one lacks a metric."""
        first, second = self.workspace.map(a, epochs_a), self.workspace.map(b, epochs_b)
        with self._lock:
            return self._once((first, second), lambda: self._lined_up(first, second))

    def ranked(self, data_map: DataMap) -> Ranked:
        """One map, all its examples."""
        with self._lock:
            return self._once((data_map,), lambda: _ranked(data_map, np.arange(data_map.n)))

    def _lined_up(self, first: DataMap, second: DataMap) -> Pair:
        if _same_examples(first, second):
            return Pair(first, np.arange(first.n), self.ranked(first), self.ranked(second))
        place_b = positions(second.ids_N, first.ids_N)
        common = (place_b >= 0) & (second.gold_N[place_b] == first.gold_N)
        if common.sum() < LEAST:
            what = f"runs {first.run} and {second.run} have {common.sum()} examples in common"
            raise InputError(what, "Compare runs on the same training set")
        rows_a = np.flatnonzero(common)
        return Pair(first, rows_a, _ranked(first, rows_a), _ranked(second, place_b[common]))

    def _once(self, maps: tuple[DataMap, ...], make: Callable[[], Any]) -> Any:
        """Kept with the maps it was made of, so that an id names the same map as long as it is in a key."""
        key = tuple(map(id, maps))
        if key not in self._maps:
            self._maps[key] = (maps, make())
        self._maps.move_to_end(key)
        while sum(len(known) == 1 for known in self._maps) > KEPT_MAPS or len(self._maps) > KEPT_MAPS**2:
            self._forget(next(iter(self._maps)))
        return self._maps[key][1]

    def _forget(self, key: tuple[int, ...]) -> None:
        """With a map go its pairs, which hold it."""
        for known in [k for k in self._maps if k == key or (len(key) == 1 and key[0] in k)]:
            del self._maps[known]


def ranks(pair: Pair, metric: str) -> tuple[Estimate | None, Estimate | None]:
    """Spearman's correlation, overall and within labels."""
    return pair.once(("ranks", metric), lambda: rank_agreement(pair.a, pair.b, metric))


def tops_at(pair: Pair, shares: Sequence[float]) -> dict[float, Top]:
    """q -> the overlap there; a q whose top is nothing, or everything, is left out."""
    wanted = [q for q in shares if 0 < round(q * pair.a.n) < pair.a.n]
    new = [q for q in wanted if ("top", q) not in pair.numbers]
    sizes = {q: np.array(pick.largest_remainder(q * pair.a.n_L, round(q * pair.a.n))) for q in new}
    pair.numbers.update({("top", top.q): top for top in tops(pair.a, pair.b, sizes)})
    return {q: pair.numbers["top", q] for q in wanted}


def _same_examples(first: DataMap, second: DataMap) -> bool:
    """The same examples with the same labels in the same rows, at least LEAST."""
    same_ids = first.ids_N is second.ids_N or np.array_equal(first.ids_N, second.ids_N)
    return first.n >= LEAST and same_ids and np.array_equal(first.gold_N, second.gold_N)


def _ranked(data_map: DataMap, rows: np.ndarray) -> Ranked:
    values = {m: data_map.of_metric(m)[rows] for m in METRICS}
    return Ranked(data_map.gold_N[rows], values, pick.ranking(data_map.ids_N[rows], values["variability"]))
