"""How the examples of a map are coloured: by a metric, the label, a column of the data or the spread over runs; and what the legend hides.

A legend has parts: its labels, or the fifths of its scale. A part that is switched off takes its examples off the maps, and a lasso drawn
meanwhile takes what is seen: its step says so in the words of a selection file (`hidden_by`).

Shapes: N training examples of the dataset, M examples of a map.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app import theme
from app.shown import Shown
from ftft import Workspace
from ftft.domain import Dataset, runs_in

FIFTHS = 5  # parts of a scale that can be switched off
MOST_VALUES = 12  # a column of text with more different values has no legend
COLUMN, SPREAD, TOP_SHARE = "column ", "spread of ", "share of runs with it in their top 33 %"
FARTHEST = 1e300  # beyond every value of a metric, and still a number that a file can hold

# Ranges that follow from the definitions; for the others (and those in epochs or classes) the data decide.
RANGES = {
    "confidence": (0.0, 1.0), "variability": (0.0, 0.5), "threshold_closeness": (0.0, 0.25),
    "aleatoric": (0.0, 0.25), "el2n": (0.0, 2**0.5), TOP_SHARE: (0.0, 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How examples are coloured: by `by`, from `low` to `high` along `colours`, or, where `nominal`, one colour a value.

    `ticks`: the values, or the two ends of the scale. `off`: the parts of the legend that are switched off; `filters`: can they be?
    `mean`: the mean map over whose runs a spread is taken.
    """

    by: str
    colours: tuple[str, ...]
    ticks: tuple[str, ...]
    low: float = 0.0
    high: float = 1.0
    nominal: bool = False
    off: frozenset[int] = frozenset()
    filters: bool = True
    mean: str = ""

    @property
    def parts(self) -> int:
        """How many parts the legend has."""
        return len(self.ticks) if self.nominal else FIFTHS

    @property
    def edges(self) -> np.ndarray:
        """(FIFTHS - 1,) where one fifth of the scale ends and the next begins; a value on an edge belongs to the upper one.

        Shares of epochs lie on edges often, and 3 / 5 is not .6 to the last bit: their edges lie a little lower.
        """
        return np.linspace(self.low, self.high, FIFTHS + 1)[1:-1] - (1e-9 if self.by == "correctness" else 0)


def words(name: str) -> str:
    """A metric, a column or another colour, as a reader calls it."""
    return name.replace("_", " ")


def common_metrics(ws: Workspace, runs: Sequence[Shown]) -> list[str]:
    """The metrics that all maps have: an imported run may lack some."""
    first, *others = [ws.map(run.id).values for run in runs]
    return [name for name in first if all(name in values for values in others)]


def offered(ws: Workspace, dataset: Dataset, runs: Sequence[Shown]) -> list[str]:
    """By what the maps can be coloured, the usual ones first."""
    metrics = common_metrics(ws, runs)
    first = ["correctness", "label"] if "correctness" in metrics else ["confidence", "label"]
    columns = [COLUMN + name for name in columns_of(ws, dataset.name, dataset.fingerprint)]
    over_runs = [SPREAD + "confidence", SPREAD + "variability", TOP_SHARE] if _means(runs) else []
    return list(dict.fromkeys([*first, *over_runs, *metrics, *columns]))


def look(ws: Workspace, dataset: Dataset, by: str, mode: str, runs: Sequence[Shown], maps: Sequence[Any], off: frozenset[int]) -> Look:
    """The colours of all `maps` (those of `runs`) together: one legend holds for all of them. `mode`: light or dark."""
    if by == "label":
        return Look(by, theme.nominal(theme.LABELS[mode], len(dataset.labels)), dataset.labels, nominal=True, off=off)
    if by.startswith(COLUMN):
        values_N, names = columns_of(ws, dataset.name, dataset.fingerprint)[by.removeprefix(COLUMN)]
        if names:
            return Look(by, theme.nominal(theme.LABELS[mode], len(names)), names, nominal=True, off=off)
        low, high = _range_of([values_N])
        return Look(by, theme.metric_scale(mode), (f"{low:.3g}", f"{high:.3g}"), low, high, filters=False)
    if by == "correctness":
        return Look(by, theme.correctness_scale(mode), ("never right", "always right"), off=off)
    if by == TOP_SHARE:
        return Look(by, theme.metric_scale(mode), ("no run", "all runs"), filters=False, mean=_means(runs)[0])
    if by.startswith(SPREAD):
        return Look(by, theme.metric_scale(mode), ("0", "0.3 and more"), 0.0, 0.3, filters=False, mean=_means(runs)[0])
    low, high = RANGES.get(by) or _range_of([metric_as_shown(m, by) for m in maps])
    return Look(by, theme.metric_scale(mode), (f"{low:.2g}", f"{high:.2g}"), low, high, off=off, filters=by != "forgetting")


def metric_as_shown(data_map: Any, by: str) -> np.ndarray:
    """(M,) the metric as coloured: correctness as a share of the epochs, "never learnt" as the most forgotten."""
    values_M, epochs = data_map.values[by], data_map.epochs[1] - data_map.epochs[0]
    if by == "correctness":
        return values_M / (epochs + 1)
    return np.nan_to_num(values_M, nan=epochs) if by == "forgetting" else values_M


def part_of(look: Look, value_M: np.ndarray) -> np.ndarray:
    """(M,) the part of the legend that each example belongs to; a missing value belongs to none, -1."""
    if look.nominal:
        return np.nan_to_num(value_M, nan=-1).astype(np.int64)
    return np.where(np.isnan(value_M), -1, np.searchsorted(look.edges, value_M, "right"))


# ---- what the legend hides, as steps of a selection


def hidden_by(look: Look, run: str, epochs: tuple[int, int]) -> tuple[dict[str, Any], ...]:
    """What a lasso takes only: steps without an op, none where nothing is hidden."""
    shown = [part for part in range(look.parts) if part not in look.off]
    if not look.off or not look.filters:
        return ()
    if look.by == "label":
        return ({"by": "label", "labels": [look.ticks[part] for part in shown]},)
    if look.by.startswith(COLUMN):
        return ({"by": "column", "column": look.by.removeprefix(COLUMN), "values": [look.ticks[part] for part in shown]},)
    scale = epochs[1] - epochs[0] + 1 if look.by == "correctness" else 1  # it is a count in files, and a share on the map
    edges = (-FARTHEST, *(look.edges * scale), FARTHEST)
    shapes = [
        {"type": "box", "x0": float(edges[part]), "x1": float(np.nextafter(edges[part + 1], -np.inf)), "y0": -FARTHEST, "y1": FARTHEST}
        for part in shown
    ]
    return ({"by": "region", "run": run, "x": look.by, "y": "confidence", "epochs": list(epochs), "shapes": shapes},)


# ---- values


@functools.lru_cache(8)
def columns_of(ws: Workspace, dataset: str, fingerprint: str) -> dict[str, tuple[np.ndarray, tuple[str, ...]]]:
    """Columns that can colour a map: numbers as (N,) float and no names; few different values as their places among (N,) names."""
    about = ws.data.get(dataset)
    if not about.other_columns:
        return {}
    rows = ws.data.rows(dataset)
    found = {name: _column(rows[name].to_numpy()) for name in about.other_columns}
    return {name: column for name, column in found.items() if column is not None}


def _column(values_N: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]] | None:
    """One column as `columns_of` gives it; None where it can colour nothing."""
    import pandas as pd

    places_N, names = pd.factorize(values_N.astype(object), sort=False)
    if values_N.dtype.kind in "iuf" and len(names) > MOST_VALUES:
        return values_N.astype(np.float64), ()
    if not 2 <= len(names) <= MOST_VALUES:
        return None
    order = sorted(range(len(names)), key=lambda k: (isinstance(names[k], str), names[k]))
    rank = np.empty(len(names) + 1, np.float64)
    rank[order], rank[-1] = np.arange(len(names)), np.nan  # a missing value has no place
    return rank[places_N], tuple(_plain(names[k]) for k in order)


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


@functools.lru_cache(4)
def spread(ws: Workspace, mean: str, metric: str) -> np.ndarray:
    """(N,) sample SD of an example's metric over the runs of a mean map; NaN where not all of them saw it."""
    sd_M, place_N = ws.spread(mean, metric)[1], ws.places(mean)
    return np.where(place_N >= 0, sd_M[place_N], np.nan)


@functools.lru_cache(4)
def top_share(ws: Workspace, mean: str) -> np.ndarray:
    """(N,) share of the runs of a mean map that have an example among their 33 % most variable."""
    return ws.top_share(runs_in(mean))


def _means(runs: Sequence[Shown]) -> list[str]:
    return [run.id for run in runs if run.is_mean]


def _range_of(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """From the first to the 99th percentile: one outlier must not flatten the rest."""
    every = np.concatenate(list(values))
    every = every[np.isfinite(every)]
    low, high = np.percentile(every, (1, 99)) if len(every) else (0.0, 1.0)
    return (float(low), float(high)) if low < high else (float(low) - 0.5, float(low) + 0.5)
