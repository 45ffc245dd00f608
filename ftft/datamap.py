"""A data map: every example of one run, or of several averaged, as a point; its metrics taken over a range of epochs.

Shapes: N examples, R runs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ftft.domain import UNKNOWN, mean_id, runs_in
from ftft.dynamics import Dynamics, Measures
from ftft.errors import InputError, unknown
from ftft.metrics import METRICS, compute, metric
from ftft.publish import publish
from ftft.selection import top

if TYPE_CHECKING:
    import pandas as pd

REGIONS = ("easy", "ambiguous", "hard")
AMBIGUOUS_SHARE = 0.33  # FTFT's choice
EASY_CONFIDENCE = 0.5
LEAST_SHARED = 3  # examples that maps must share to be put together
COUNTS = {"correctness": "int64", "forgetting": "Int64"}


class Values(Mapping[str, np.ndarray]):
    """Metric -> (N,) values of it, worked out when they are first asked for, and kept. In the order of METRICS.

    `groups`: which metrics are worked out together, and how.
    """

    def __init__(self, groups: Iterable[tuple[Sequence[str], Callable[[Sequence[str]], dict[str, np.ndarray]]]]) -> None:
        self._group = {name: (names, compute) for names, compute in groups for name in names}
        assert set(self._group) <= set(METRICS)
        self._kept: dict[str, np.ndarray] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._group  # without working it out

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._kept:
            names, compute = self._group[name]
            self._kept.update(compute(names))
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in METRICS if name in self._group)

    def __len__(self) -> int:
        return len(self._group)


@dataclass(frozen=True, eq=False)
class DataMap:
    """Row n of every array is the same example; rows are ordered by id as text.

    `values[metric]` is (N,) float64, NaN where there is none. `epochs` are the first and the last one taken, counted from 1;
    `recorded` is how many complete epochs the run has; `capture` says which pass the logits come from. A map of imported metrics
    lacks those that its file did not have: `of_metric` says so. `run` is the id of a run, or of a mean (ftft/domain/mean.py).
    """

    run: str
    ids_N: np.ndarray  # text
    gold_N: np.ndarray  # int: place in `labels`
    labels: tuple[str, ...]
    values: Mapping[str, np.ndarray]
    epochs: tuple[int, int]
    recorded: int
    capture: str

    @classmethod
    def of(cls, dynamics: Dynamics, labels: tuple[str, ...], epochs: tuple[int, int] | None = None) -> "DataMap":
        """The map of `dynamics` over `epochs` (first, last), or over all of them. InputError when these were not recorded."""
        first, last = epoch_range(dynamics.run, dynamics.epochs, epochs)
        rows = [e for e, number in enumerate(dynamics.epochs) if first <= number <= last]
        logits_ENC = dynamics.logits_ENC[rows[0] : rows[-1] + 1]
        values = Values([(tuple(METRICS), lambda names: compute(names, logits_ENC, dynamics.gold_N))])
        recorded = len(dynamics.epochs)
        return cls(dynamics.run, dynamics.ids_N, dynamics.gold_N, labels, values, (first, last), recorded, dynamics.capture)

    @classmethod
    def of_measures(cls, measures: Measures, labels: tuple[str, ...], epochs: tuple[int, int] | None = None) -> "DataMap":
        """The map of imported metrics. InputError for any range of `epochs` but the whole: they cannot be taken apart."""
        whole = (1, measures.epochs)
        if epochs not in (None, whole):
            raise InputError(
                f"run {measures.run} cannot be mapped over epochs {epochs[0]}-{epochs[1]}: it was imported with its metrics alone",
                f"Map all its epochs ({whole[0]}-{whole[1]}), or import the logits of every epoch",
            )
        return cls(measures.run, measures.ids_N, measures.gold_N, labels, measures.values, whole, measures.epochs, UNKNOWN)

    def of_metric(self, name: str) -> np.ndarray:
        """(N,) float64: the values of one metric. InputError where there is no such metric, or the map lacks it."""
        if metric(name).name not in self.values:
            has = f"It has {', '.join(self.values)}"
            raise InputError(f"{'run' if len(self.runs) == 1 else 'one run of'} {self.run} was imported without {name}", has)
        return self.values[name]

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs behind it: more than one for a mean map."""
        return runs_in(self.run)

    @property
    def missing(self) -> tuple[str, ...]:
        """The axes that the map lacks, so that it cannot be drawn."""
        return tuple(axis for axis in ("variability", "confidence") if axis not in self.values)

    @property
    def n(self) -> int:
        """The number of examples."""
        return len(self.ids_N)

    def region_N(self) -> np.ndarray:
        """The region of each example, one of REGIONS, which partition the map. After Swayamdipta et al. 2020.

        "ambiguous" are the most variable AMBIGUOUS_SHARE, as `top` takes them; of the rest, "easy" have a confidence of at least
        EASY_CONFIDENCE, and "hard" are what remains.
        """
        ambiguous_N, easy_N = self._ambiguous_and_easy()
        return np.where(ambiguous_N, "ambiguous", np.where(easy_N, "easy", "hard"))

    def regions(self) -> dict[str, int]:
        """How many examples each region has."""
        ambiguous_N, easy_N = self._ambiguous_and_easy()
        ambiguous, easy = int(np.count_nonzero(ambiguous_N)), int(np.count_nonzero(easy_N))
        return {"easy": easy, "ambiguous": ambiguous, "hard": self.n - ambiguous - easy}

    def _ambiguous_and_easy(self) -> tuple[np.ndarray, np.ndarray]:
        """(N,) masks of two regions; the third has the rest."""
        ambiguous_N = top(self.ids_N, self.of_metric("variability"), AMBIGUOUS_SHARE)
        return ambiguous_N, (self.of_metric("confidence") >= EASY_CONFIDENCE) & ~ambiguous_N

    def frame(self) -> "pd.DataFrame":
        """One row an example: id, gold (the label's name), then the metrics. Never learnt is no forgetting.

        Counts are whole numbers, but in a mean map.
        """
        import pandas as pd

        columns = {"id": self.ids_N, "gold": np.array(self.labels, dtype=object)[self.gold_N], **self.values}
        frame = pd.DataFrame(columns)
        return frame if len(self.runs) > 1 else frame.astype({name: kind for name, kind in COUNTS.items() if name in self.values})


@dataclass(frozen=True, eq=False)
class Together:
    """Maps of several runs, brought to the examples that all of them recorded: row n is the same example everywhere."""

    maps: tuple[DataMap, ...]
    rows: tuple[np.ndarray | slice, ...]  # where in each map they lie
    ids_N: np.ndarray  # text, ascending
    gold_N: np.ndarray

    @classmethod
    def of(cls, maps: Sequence[DataMap]) -> "Together":
        """InputError where fewer than LEAST_SHARED examples were recorded by all."""
        ids = [m.ids_N for m in maps]
        if all(np.array_equal(ids[0], other) for other in ids[1:]):  # runs on the whole training set: nothing to look up
            return cls(tuple(maps), (slice(None),) * len(maps), ids[0], maps[0].gold_N)
        places_RN = np.stack([positions(other, ids[0]) for other in ids])
        shared_N = (places_RN >= 0).all(axis=0)
        if (n := int(shared_N.sum())) < LEAST_SHARED:
            raise InputError(f"runs {', '.join(m.run for m in maps)} have {n} examples in common", "Take runs on the same training set")
        rows = tuple(places_RN[:, shared_N])
        return cls(tuple(maps), rows, ids[0][rows[0]], maps[0].gold_N[rows[0]])

    @property
    def id(self) -> str:
        """The id of their mean."""
        return mean_id([m.run for m in self.maps])

    def of_metric(self, name: str) -> list[np.ndarray]:
        """R arrays (N,): the metric in each run."""
        return self.shared([found.of_metric(name) for found in self.maps])

    def shared(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """R arrays (N,) of one array for each map, whose rows are that map's."""
        return [of_map[rows] for of_map, rows in zip(values, self.rows, strict=True)]

    def mean(self, name: str) -> np.ndarray:
        """(N,) the mean over the runs, as `mean_over_runs` takes it."""
        return mean_over_runs(name, self.of_metric(name))

    def spread(self, name: str) -> np.ndarray:
        """(N,) the sample standard deviation over the runs, at least 0; of forgetting, NaN where fewer than two learnt the example."""
        values = self.of_metric(name)
        if name == "forgetting":
            mean_N, n_N = _mean_where_learnt(values), sum((~np.isnan(v)).astype(int) for v in values)
            squares_N = sum(np.nan_to_num((v - mean_N) ** 2) for v in values)
            return np.sqrt(np.where(n_N > 1, squares_N, np.nan) / np.maximum(n_N - 1, 1))
        mean_N = self.mean(name)
        return np.sqrt(sum(((v - mean_N) ** 2 for v in values[1:]), start=(values[0] - mean_N) ** 2) / (len(values) - 1))

    def averaged(self) -> DataMap:
        """The mean map: each metric the mean over the runs, worked out when asked for. A metric that a run lacks, it lacks."""
        first = self.maps[0]
        there = [name for name in METRICS if all(name in m.values for m in self.maps)]
        values = Values([((name,), lambda names: {n: self.mean(n) for n in names}) for name in there])
        captures = " + ".join(dict.fromkeys(m.capture for m in self.maps))
        recorded = min(m.recorded for m in self.maps)
        return DataMap(self.id, self.ids_N, self.gold_N, first.labels, values, first.epochs, recorded, captures)


def mean_over_runs(name: str, values: Sequence[np.ndarray]) -> np.ndarray:
    """(N,) the mean of R arrays of a metric; of forgetting, over the runs that ever learnt the example, NaN where none did."""
    return _mean_where_learnt(values) if name == "forgetting" else sum(values[1:], start=values[0]) / len(values)


def _mean_where_learnt(values: Sequence[np.ndarray]) -> np.ndarray:
    n_N = sum((~np.isnan(v)).astype(int) for v in values)
    return np.where(n_N > 0, sum(np.nan_to_num(v) for v in values), np.nan) / np.maximum(n_N, 1)


def epoch_range(run: str, recorded: Sequence[int], epochs: tuple[int, int] | None) -> tuple[int, int]:
    """First and last epoch of a map over `epochs` (None: all `recorded`). InputError when these were not recorded."""
    if not recorded:
        raise InputError(f"run {run} has not recorded a complete epoch", "Wait for its first epoch, or train it with dynamics")
    first, last = epochs or (recorded[0], recorded[-1])
    if first > last or not {first, last} <= set(recorded):
        raise InputError(f"run {run} cannot be mapped over epochs {first}-{last}", f"Recorded epochs: {', '.join(map(str, recorded))}")
    return first, last


def positions(ids_N: np.ndarray, wanted_M: np.ndarray) -> np.ndarray:
    """Where each of `wanted_M` lies in `ids_N`, (M,) int; -1 where it does not. `ids_N` are distinct, in any order."""
    import pandas as pd

    return pd.Index(ids_N, dtype=object).get_indexer(pd.Index(wanted_M, dtype=object))


# ---- files


def write(datamap: DataMap, path: Path) -> None:
    """Publishes the map as .csv, .parquet or .jsonl (the `td_metrics.jsonl` of the cartography code, whose rows are counted from 0)."""
    kind = Path(path).suffix.lower()
    if kind not in FILES:
        raise unknown("kind of map file", kind, FILES)
    publish(Path(path), lambda aside: FILES[kind](datamap, aside))


FILES: dict[str, Callable[[DataMap, Path], object]] = {
    ".csv": lambda datamap, file: datamap.frame().to_csv(file, index=False),
    ".parquet": lambda datamap, file: datamap.frame().to_parquet(file, index=False),
    ".jsonl": lambda datamap, file: _td_metrics(datamap).to_json(
        file, orient="records", lines=True, double_precision=15, force_ascii=False
    ),
}


def _td_metrics(datamap: DataMap) -> "pd.DataFrame":
    import pandas as pd

    frame = datamap.frame().rename(columns={"id": "guid", "forgetting": "forgetfulness"})
    columns = ["guid", "threshold_closeness", "confidence", "variability", "correctness", "forgetfulness"]
    td_metrics = pd.DataFrame({name: frame[name] for name in columns if name in frame})
    td_metrics.insert(1, "index", range(datamap.n))
    return td_metrics
