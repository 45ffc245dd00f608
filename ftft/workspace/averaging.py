"""Several runs as one, and how far to trust one: spread over runs, how stable the top examples are, and since which epoch they have been.

Shapes: N examples, R runs.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import reliability
from ftft import selection as pick
from ftft.datamap import Together, mean_over_runs
from ftft.domain import runs_in
from ftft.errors import InputError, unknown
from ftft.metrics import metric
from ftft.reliability import STABLE

if TYPE_CHECKING:
    from ftft.workspace.maps import Maps

ENDS = ("top", "bottom")


@dataclass(frozen=True)
class Stabilising:
    """Overlap of the top `q` by a metric over epochs a to e with that over a to b, for each recorded e after the first.

    `points` are {epoch, overlap, chance}; the last overlap is 1, since it is with itself.
    """

    run: str
    by: str
    end: str
    q: float
    k: int
    epochs: tuple[int, int]
    points: tuple[dict[str, Any], ...]
    threshold: float = STABLE

    @property
    def stabilised_at(self) -> int | None:
        """The first epoch from which on the overlap is `threshold` or more; None where only the last one, compared with itself, is."""
        stays = None
        for point in reversed(self.points):
            if point["overlap"] < self.threshold:
                break
            stays = point["epoch"]
        return None if stays == self.epochs[1] else stays


def spread(maps: "Maps", id: str, name: str, epochs: Sequence[int] | None) -> tuple[np.ndarray, np.ndarray]:
    """(ids_N, sd_N): the sample standard deviation of a metric over the runs of a mean map, rows as in that map."""
    together = _together(maps, [id], epochs)
    key = ("spread", *(maps.key(m.run) for m in together.maps), together.maps[0].epochs, metric(name).name)
    return together.ids_N, maps.once(key, lambda: together.spread(name))


def stability(maps: "Maps", runs: Sequence[str], q: float, by: str, end: str, epochs: Sequence[int] | None) -> dict[str, Any]:
    """`{n, k, q, by, end, epochs, runs, overlap{…}, rank{…}, always, sometimes, never}`, as in docs/architecture.md."""
    together = _together(maps, runs, epochs)
    key = ("stability", *_what(maps, together, q, by, end))
    return maps.once(key, lambda: _stability(together, q, by, end))


def _stability(together: Together, q: float, by: str, end: str) -> dict[str, Any]:
    values, n = together.of_metric(by), len(together.ids_N)
    orders = [pick.ranking(together.ids_N, values_N, end) for values_N in values]
    found = asdict(reliability.top_stability(orders, q, together.gold_N))
    k = found.pop("k")
    times_N = np.bincount(np.concatenate([order_N[:k] for order_N in orders]), minlength=n)
    agreement, runs = reliability.rank_agreement(values), [m.run for m in together.maps]
    always, never = int((times_N == len(runs)).sum()), int((times_N == 0).sum())
    return {
        "n": n, "k": k, "q": q, "by": by, "end": end, "epochs": list(together.maps[0].epochs), "runs": runs, "overlap": found,
        "rank": {
            "single": agreement,
            "mean": reliability.foreseen(agreement, len(runs)),
            "foreseen": [{"runs": m, "value": reliability.foreseen(agreement, m)} for m in reliability.FORESEEN],
        },
        "always": always, "sometimes": n - always - never, "never": never,
    }  # fmt: skip


def top_share(maps: "Maps", runs: Sequence[str], q: float, by: str, end: str, epochs: Sequence[int] | None) -> np.ndarray:
    """(N,) in the dataset's order: the share of the runs whose top holds the example; NaN where not all recorded it."""
    together = _together(maps, runs, epochs)
    key = ("top share", *_what(maps, together, q, by, end))

    def count() -> np.ndarray:
        ties = maps.ties(together.id, together.ids_N)
        tops = [pick.top(together.ids_N, values_N, q, end, ties=ties) for values_N in together.of_metric(by)]
        mean = maps.of(together.id, together.maps[0].epochs)
        place_N = maps.places(maps.dataset(mean.run), mean)
        return np.where(place_N >= 0, np.mean(tops, axis=0)[place_N], np.nan)

    return maps.once(key, count)


def stabilising(maps: "Maps", id: str, q: float, by: str, end: str, epochs: Sequence[int] | None) -> Stabilising:
    """When the top of a run, or of a mean map, had become what it is over all `epochs`. InputError under two epochs."""
    whole = maps.of(id, epochs)
    if any(maps.measured(run) for run in whole.runs):
        raise InputError(
            f"run {id} was imported with its metrics alone: its epochs cannot be looked at", "Import the logits of every epoch"
        )
    last = [e for e in maps.recorded(id) if whole.epochs[0] < e <= whole.epochs[1]]
    if not last:
        raise InputError(f"{by} over a single epoch of {id} cannot become stable", "Take two epochs or more")
    k = _k(q, whole.n)
    metric(by)
    _known_end(end)

    def top(values_N: np.ndarray) -> np.ndarray:
        return pick.top(whole.ids_N, values_N, q, end, ties=maps.ties(id, whole.ids_N))

    def follow() -> Stabilising:
        final_N = top(whole.of_metric(by))
        overlaps = [reliability.overlap(top(_values(maps, id, by, (whole.epochs[0], e))), final_N) for e in last[:-1]]
        points = tuple({"epoch": e, "overlap": o, "chance": k / whole.n} for e, o in zip(last, (*overlaps, 1.0), strict=True))
        return Stabilising(id, by, end, q, k, whole.epochs, points)

    return maps.once(("stabilising", *maps.key(id), whole.epochs, by, end, q), follow)


def _values(maps: "Maps", id: str, by: str, epochs: tuple[int, int]) -> np.ndarray:
    """As in the map over these epochs, which is not made: a map of every range would fill the memory."""
    runs = runs_in(id)
    values = [maps.read(run).of_metric(by, epochs) for run in runs]
    return values[0] if len(runs) == 1 else mean_over_runs(by, maps.together(runs).shared(values))


def _together(maps: "Maps", runs: Sequence[str], epochs: Sequence[int] | None) -> Together:
    """Runs are named by their ids, or by that of a mean."""
    every = list(dict.fromkeys(chain.from_iterable(runs_in(maps.id(run)) for run in runs)))
    if len(every) < 2:
        raise InputError(
            f"how {', '.join(every) or 'no run'} varies over runs is asked of one run alone", "Name two runs or more, or a mean of them"
        )
    return maps.together(every, epochs)


def _what(maps: "Maps", together: Together, q: float, by: str, end: str) -> tuple:
    """What an answer depends on; checked before anything is worked out."""
    _k(q, len(together.ids_N))
    _known_end(end)
    return (*(maps.key(m.run) for m in together.maps), together.maps[0].epochs, q, metric(by).name, end)


def _known_end(end: str) -> None:
    if end not in ENDS:
        raise unknown("end", end, ENDS)


def _k(q: float, n: int) -> int:
    """How many the top `q` of `n` are: some, and not all."""
    if not 0 < q < 1:
        raise InputError(f"top is {q}", "Give a share between 0 and 1, such as 0.33")
    k = round(q * n)
    if not 0 < k < n:
        raise InputError(f"the top {q:g} of {n} examples is {'nothing' if k == 0 else 'all of them'}", "Give another share")
    return k
