"""What the Maps page shows of a run: coordinates, colours, pictures, histograms, points. Computed once and kept; no Streamlit in here.

Shapes: N training examples of the dataset, M examples that a run recorded (M < N for a run on a subset), P cells of a picture.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app import shading, theme
from app.brush import X, Y
from app.shading import View
from ftft import Workspace

POINTS = 4_000  # at or under so many examples in view, real points that can be pointed at replace the picture
GL_MAPS = 4  # a browser has about 16 WebGL contexts and Plotly takes three a map: beyond, points are SVG, and fewer
BINS = 48
MARGIN = 0.012  # of an axis beyond its range, so that points on the edge stay whole
HOME = tuple((low - MARGIN * (high - low), high + MARGIN * (high - low)) for low, high in ((0.0, 0.5), (0.0, 1.0)))  # of x and y

# Ranges that follow from the definitions; for the others (and those in epochs or classes) the data decide.
RANGES = {
    "confidence": (0.0, 1.0), "variability": (0.0, 0.5), "threshold_closeness": (0.0, 0.25),
    "aleatoric": (0.0, 0.25), "el2n": (0.0, 2**0.5),
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How examples are coloured: by `by`, from `low` to `high` along `colours`, or, where `nominal`, one colour a label."""

    by: str
    colours: tuple[str, ...]
    ticks: tuple[str, ...]
    low: float = 0.0
    high: float = 1.0
    nominal: bool = False


@dataclass(frozen=True, eq=False)
class DrawnMap:
    """One run's map, ready to be shaded. `place_M`: row of each example in the dataset; `colour_M`: its place among `look.colours`."""

    x_M: np.ndarray
    y_M: np.ndarray
    colour_M: np.ndarray
    place_M: np.ndarray
    look: Look


# ---- looks


def look(by: str, labels: Sequence[str], mode: str, maps: Sequence[Any]) -> Look:
    """The colours for metric `by`, or "label", of all `maps` together: one legend holds for all of them. `mode`: light or dark."""
    if by == "label":
        return Look(by, theme.nominal(theme.LABELS[mode], len(labels)), tuple(labels), nominal=True)
    if by == "correctness":
        return Look(by, theme.correctness_scale(mode), ("never right", "always right"))
    low, high = RANGES.get(by) or _range_of([colour_values(m, by) for m in maps])
    return Look(by, theme.metric_scale(mode), (f"{low:.2g}", f"{high:.2g}"), low, high)


def colour_values(data_map: Any, by: str) -> np.ndarray:
    """(M,) the metric as shown: correctness as a share of the epochs, "never learnt" as the most forgotten."""
    values_M = data_map.values[by]
    if by == "correctness":
        return values_M / (data_map.epochs[1] - data_map.epochs[0] + 1)
    if by == "forgetting":
        return np.nan_to_num(values_M, nan=data_map.epochs[1] - data_map.epochs[0], posinf=data_map.epochs[1] - data_map.epochs[0])
    return values_M


def _range_of(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """From the first to the 99th percentile: one outlier must not flatten the rest."""
    low, high = np.percentile(np.concatenate(list(values)), (1, 99))
    return (float(low), float(high)) if low < high else (float(low) - 0.5, float(low) + 0.5)


# ---- maps


class Ids:
    """The ids of a dataset's training examples, and where each lies."""

    def __init__(self, ids_N: np.ndarray) -> None:
        self.ids_N = ids_N
        self._place = {example: n for n, example in enumerate(ids_N.tolist())}

    def place(self, example: str | None) -> int | None:
        """Row of the example, or None."""
        return self._place.get(example) if example is not None else None

    def places(self, ids_M: np.ndarray) -> np.ndarray:
        """(M,) rows of these examples; -1 where the dataset does not hold one."""
        return np.array([self._place.get(example, -1) for example in ids_M.tolist()], np.int64)


@functools.lru_cache(8)
def ids(ws: Workspace, dataset: str, fingerprint: str) -> Ids:
    """The ids of a dataset; `fingerprint` is part of the key, since a name can be used again."""
    return Ids(ws.data.ids(dataset))


@functools.lru_cache(48)
def drawn(ws: Workspace, dataset: tuple[str, str], run: str, epochs: tuple[int, int], how: Look) -> DrawnMap:
    """A run's map in the colours of `how`. `dataset`: name and fingerprint. Examples that the dataset does not hold are left out."""
    data_map = ws.map(run, epochs)
    place_M = ids(ws, *dataset).places(data_map.ids_N)
    known_M = place_M >= 0
    if how.nominal:
        colour_M = data_map.gold_N.astype(np.float32)
    else:
        share_M = (colour_values(data_map, how.by) - how.low) / (how.high - how.low)
        colour_M = (np.clip(share_M, 0, 1) * (len(how.colours) - 1)).astype(np.float32)
    x_M, y_M = (data_map.values[name].astype(np.float32) for name in (X, Y))
    return DrawnMap(x_M[known_M], y_M[known_M], colour_M[known_M], place_M[known_M], how)


@functools.lru_cache(48)
def regions(ws: Workspace, run: str, epochs: tuple[int, int]) -> dict[str, float]:
    """Share in [0, 1] of a run's examples in each region."""
    data_map = ws.map(run, epochs)
    return {name: count / max(data_map.n, 1) for name, count in data_map.regions().items()}


# ---- pictures


@functools.lru_cache(48)
def _cells(m: DrawnMap, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Cell of each example, and examples in each cell."""
    cell_M = shading.cells(m.x_M, m.y_M, view)
    return cell_M, shading.per_cell(cell_M, view.cells)


def in_view(m: DrawnMap, view: View) -> int:
    """Number of examples in the view."""
    return int(_cells(m, view)[1].sum())


def as_points(m: DrawnMap, view: View, maps: int) -> bool:
    """Are there few enough examples in view for real points, `maps` maps standing side by side?"""
    return in_view(m, view) <= (POINTS if maps <= GL_MAPS else POINTS // 4)


@functools.lru_cache(256)
def picture(m: DrawnMap, view: View, grey: str | None) -> str:
    """All examples, in their colours or (behind a selection) in `grey`; as an image's address."""
    cell_M, count_P = _cells(m, view)
    if grey is None:
        colour_P, palette = _colours(m, cell_M, m.colour_M, count_P), shading.palette(m.look.colours, 0.30)
    else:
        colour_P, palette = np.zeros_like(count_P), shading.palette((grey,), 0.10)
    return shading.data_uri(shading.shade(count_P, colour_P, shading.by_density(count_P), palette, view))


def highlight(m: DrawnMap, view: View, mask_N: np.ndarray) -> str:
    """The selected examples in colour, opaque where most of a cell's examples are selected; as an image's address."""
    cell_M, whole_P = _cells(m, view)
    lit_M = mask_N[m.place_M]
    count_P = shading.per_cell(cell_M[lit_M], view.cells)
    colour_P = _colours(m, cell_M[lit_M], m.colour_M[lit_M], count_P)
    palette = shading.palette(m.look.colours, 0.16)
    return shading.data_uri(shading.shade(count_P, colour_P, shading.by_share(count_P, whole_P), palette, view))


def _colours(m: DrawnMap, cell: np.ndarray, colour: np.ndarray, count_P: np.ndarray) -> np.ndarray:
    if m.look.nominal:
        return shading.commonest_colour(cell, colour, len(count_P), len(m.look.colours))
    return shading.mean_colour(cell, colour, count_P)


# ---- histograms, points


def histograms(m: DrawnMap, view: View, mask_N: np.ndarray | None) -> dict[str, list[float] | None]:
    """Bin heights in [0, 100] along both axes, of what is in view and of what is selected.

    Heights are square roots of counts: the easy corner would flatten everything else.
    """
    out: dict[str, list[float] | None] = {}
    for axis, whole in zip("xy", _histograms(m, view), strict=True):
        peak = np.sqrt(max(int(whole.max()), 1))
        out[f"hist_{axis}"] = _percent(whole, peak)
        out[f"hist_{axis}_lit"] = None
        if mask_N is not None:
            lit_M = mask_N[m.place_M] & (_cells(m, view)[0] < view.cells)
            values_M, limits = (m.x_M, view.x) if axis == "x" else (m.y_M, view.y)
            out[f"hist_{axis}_lit"] = _percent(np.histogram(values_M[lit_M], BINS, limits)[0], peak)
    return out


@functools.lru_cache(48)
def _histograms(m: DrawnMap, view: View) -> tuple[np.ndarray, np.ndarray]:
    inside_M = _cells(m, view)[0] < view.cells
    return np.histogram(m.x_M[inside_M], BINS, view.x)[0], np.histogram(m.y_M[inside_M], BINS, view.y)[0]


def _percent(count: np.ndarray, peak: float) -> list[float]:
    return (np.sqrt(count) / peak * 100).round(1).tolist()


def rows_in_view(m: DrawnMap, view: View) -> np.ndarray:
    """Rows in the dataset of the examples in view, at most POINTS of them wanted."""
    return m.place_M[_cells(m, view)[0] < view.cells]


def points(m: DrawnMap, view: View, mask_N: np.ndarray | None, grey: str) -> dict[str, list[Any]]:
    """The examples in view as columns for a scatter trace, in the order of `rows_in_view`."""
    here = np.flatnonzero(_cells(m, view)[0] < view.cells)
    colours = np.array(m.look.colours)[np.rint(m.colour_M[here]).astype(int) % len(m.look.colours)]
    lit = None if mask_N is None else mask_N[m.place_M[here]]
    return {
        "x": m.x_M[here].round(5).tolist(),
        "y": m.y_M[here].round(5).tolist(),
        "colour": colours.tolist() if lit is None else np.where(lit, colours, grey).tolist(),
        "opacity": [0.9] * len(here) if lit is None else np.where(lit, 0.95, 0.18).tolist(),
    }


def nearest(m: DrawnMap, view: View, x: float, y: float) -> int | None:
    """Row in the dataset of the example in view that lies nearest on the screen to (x, y), or None."""
    here = np.flatnonzero(_cells(m, view)[0] < view.cells)
    if not len(here):
        return None
    width, height = view.x[1] - view.x[0], view.y[1] - view.y[0]
    return int(m.place_M[here[np.argmin(((m.x_M[here] - x) / width) ** 2 + ((m.y_M[here] - y) / height) ** 2)]])


def ring(m: DrawnMap, row: int | None) -> tuple[float, float, str] | None:
    """Where the example in row `row` of the dataset lies on this map, and its colour; None where the run did not see it."""
    if row is None or not (m.place_M == row).any():
        return None
    k = int(np.argmax(m.place_M == row))
    return float(m.x_M[k]), float(m.y_M[k]), m.look.colours[round(float(m.colour_M[k])) % len(m.look.colours)]
