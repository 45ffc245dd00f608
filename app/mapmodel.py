"""What the Maps page shows of a run: coordinates, colours, pictures, histograms, points. Computed once and kept; no Streamlit in here.

Shapes: N training examples of the dataset, M examples that a map shows (M < N for a run on a subset, or where the legend hides some),
P cells of a picture.
"""

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app import looks, shading
from app.looks import Look
from app.shading import View
from ftft import Workspace

POINTS = 4_000  # at or under so many examples in view, real points that can be pointed at replace the picture
GL_MAPS = 4  # a browser has about 16 WebGL contexts and Plotly takes three a map: beyond, points are SVG, and fewer
BINS = 48
MARGIN = 0.012  # of an axis beyond its range, so that points on the edge stay whole
KEPT = 10  # maps of one look: 16 MB each at a million examples, and 5 MB for each view of it
VIEWS = 6  # views of a map, and pictures of them


@dataclass(frozen=True, eq=False)
class DrawnMap:
    """One run's map, ready to be shaded, in the map's own order: an epoch that is passed by is not worth another.

    `row_M`: row of each example in the dataset, int32; `colour_M`: its place among `look.colours`.
    """

    x_M: np.ndarray
    y_M: np.ndarray
    colour_M: np.ndarray
    row_M: np.ndarray
    look: Look
    kept: "OrderedDict[Any, Any]" = field(default_factory=OrderedDict, repr=False)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` gave for `key` before, or gives now. It goes when the map goes; of many views the latest are kept."""
        found = self.kept.get(key)
        if found is None:
            found = self.kept[key] = make()
            while len(self.kept) > VIEWS:
                self.kept.popitem(last=False)
        return found

    @property
    def n(self) -> int:
        """M."""
        return len(self.x_M)


# ---- maps


@functools.lru_cache(KEPT)
def drawn(ws: Workspace, dataset: tuple[str, str], run: str, epochs: tuple[int, int], x: str, y: str, how: Look) -> DrawnMap:
    """A map on the axes `x` and `y`, in the colours of `how`; examples without a value on an axis, or hidden, are left out.

    `dataset`: name and fingerprint.
    """
    data_map, row_M = ws.map(run, epochs), _rows(ws, dataset, run, ws.map(run, epochs).n)
    x_M, y_M = (data_map.of_metric(name).astype(np.float32) for name in (x, y))
    value_M = _values(ws, dataset, data_map, row_M, how)
    seen_M = (row_M >= 0) & np.isfinite(x_M) & np.isfinite(y_M)
    if how.off:
        part_M = looks.part_of(how, value_M)
        seen_M &= (part_M >= 0) & ~np.isin(part_M, list(how.off))
    if not seen_M.all():
        x_M, y_M, value_M, row_M = x_M[seen_M], y_M[seen_M], value_M[seen_M], row_M[seen_M]
    return DrawnMap(x_M, y_M, _colours_of(how, value_M), row_M, how)


@functools.lru_cache(8)
def _rows(ws: Workspace, dataset: tuple[str, str], run: str, n: int) -> np.ndarray:
    """(n,) int32: the row in the dataset of each example in a run's map of `n`; -1 where the dataset does not hold it."""
    place_N, row_M = ws.places(run), np.full(n, -1, np.int32)
    rows = np.flatnonzero(place_N >= 0)
    row_M[place_N[rows]] = rows
    return row_M


def _values(ws: Workspace, dataset: tuple[str, str], data_map: Any, row_M: np.ndarray, how: Look) -> np.ndarray:
    """(M,) what the examples of a map, in rows `row_M` of the dataset, are coloured by."""
    if how.by == "label":
        return data_map.gold_N
    if how.by.startswith(looks.COLUMN):
        return looks.columns_of(ws, *dataset)[how.by.removeprefix(looks.COLUMN)][0][row_M]
    if how.by == looks.TOP_SHARE:
        return looks.top_share(ws, how.mean)[row_M]
    if how.by.startswith(looks.SPREAD):
        return looks.spread(ws, how.mean, how.by.removeprefix(looks.SPREAD))[row_M]
    return looks.metric_as_shown(data_map, how.by)


def _colours_of(how: Look, value_M: np.ndarray) -> np.ndarray:
    """(M,) float32 places among the colours; a missing value has the first one."""
    colour_M = value_M.astype(np.float32)
    if how.nominal:
        return np.maximum(np.nan_to_num(colour_M), 0)
    colour_M -= np.float32(how.low)
    colour_M *= np.float32((len(how.colours) - 1) / (how.high - how.low))
    np.fmax(colour_M, 0, out=colour_M)  # of NaN and a number it takes the number
    return np.fmin(colour_M, len(how.colours) - 1, out=colour_M)


def home(ws: Workspace, runs: Sequence[tuple[str, tuple[int, int]]], x: str, y: str) -> tuple[shading.Range, shading.Range]:
    """The ranges of both axes that hold all examples of all maps, with a margin."""
    return _range(ws, tuple(runs), x), _range(ws, tuple(runs), y)


@functools.lru_cache(64)
def _range(ws: Workspace, runs: tuple[tuple[str, tuple[int, int]], ...], axis: str) -> shading.Range:
    if axis in looks.RANGES:
        low, high = looks.RANGES[axis]
    else:
        values = [ws.map(run, epochs).of_metric(axis) for run, epochs in runs]
        ends = [(float(np.nanmin(v)), float(np.nanmax(v))) for v in values if np.isfinite(v).any()] or [(0.0, 1.0)]
        low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    room = MARGIN * ((high - low) or 1)
    return low - room, high + room


@functools.lru_cache(48)
def regions(ws: Workspace, run: str, epochs: tuple[int, int]) -> dict[str, float]:
    """Share in [0, 1] of a run's examples in each region."""
    data_map = ws.map(run, epochs)
    return {name: count / max(data_map.n, 1) for name, count in data_map.regions().items()}


# ---- pictures


def _cells(m: DrawnMap, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Cell of each example, and examples in each cell."""

    def make() -> tuple[np.ndarray, np.ndarray]:
        cell_M = shading.cells(m.x_M, m.y_M, view)
        return cell_M, shading.per_cell(cell_M, view.cells)

    return m.once(view, make)


def in_view(m: DrawnMap, view: View) -> int:
    """Number of examples in the view."""
    return int(_cells(m, view)[1].sum())


def as_points(m: DrawnMap, view: View, maps: int) -> bool:
    """Are there few enough examples in view for real points, `maps` maps standing side by side?"""
    return in_view(m, view) <= (POINTS if maps <= GL_MAPS else POINTS // 4)


def picture(m: DrawnMap, view: View, grey: str | None) -> str:
    """All examples, in their colours or (behind a selection) in `grey`; as an image's address."""
    return m.once((view, grey), lambda: _picture(m, view, grey))


def _picture(m: DrawnMap, view: View, grey: str | None) -> str:
    cell_M, count_P = _cells(m, view)
    if grey is None:
        colour_P, palette = _colour_of_cells(m, cell_M, m.colour_M, count_P), shading.palette(m.look.colours, 0.30)
    else:
        colour_P, palette = np.zeros_like(count_P), shading.palette((grey,), 0.10)
    return shading.data_uri(shading.shade(count_P, colour_P, shading.by_density(count_P), palette, view))


@dataclass(frozen=True, eq=False)
class Lit:
    """The selected examples of a map, in one view: cell and colour of each that is in view, and how many lie in each cell."""

    cell: np.ndarray
    colour: np.ndarray
    count_P: np.ndarray


def lit(m: DrawnMap, view: View, mask_N: np.ndarray) -> Lit:
    """Those that `mask_N` selects."""
    chosen = np.flatnonzero(mask_N[m.row_M])
    cell = _cells(m, view)[0][chosen]
    return Lit(cell, m.colour_M[chosen], shading.per_cell(cell, view.cells))


def highlight(m: DrawnMap, view: View, chosen: Lit) -> str:
    """The selected examples in colour, opaque where most of a cell's examples are selected; as an image's address."""
    colour_P = _colour_of_cells(m, chosen.cell, chosen.colour, chosen.count_P)
    alphas = shading.by_share(chosen.count_P, _cells(m, view)[1])
    return shading.data_uri(shading.shade(chosen.count_P, colour_P, alphas, shading.palette(m.look.colours, 0.16), view))


def _colour_of_cells(m: DrawnMap, cell: np.ndarray, colour: np.ndarray, count_P: np.ndarray) -> np.ndarray:
    if m.look.nominal:
        return shading.commonest_colour(cell, colour, len(count_P), len(m.look.colours))
    return shading.mean_colour(cell, colour, count_P)


# ---- histograms, points


def histograms(m: DrawnMap, view: View, chosen: Lit | None) -> dict[str, list[float] | None]:
    """Bin heights in [0, 100] along both axes, of what is in view and of what is selected, summed from the picture's cells.

    Heights are square roots of counts: the easy corner would flatten everything else.
    """
    whole = _per_bin(_cells(m, view)[1], view)
    lit = _per_bin(chosen.count_P, view) if chosen else (None, None)
    out: dict[str, list[float] | None] = {}
    for axis, count, part in zip("xy", whole, lit, strict=True):
        peak = np.sqrt(max(int(count.max()), 1))
        out[f"hist_{axis}"] = _percent(count, peak)
        out[f"hist_{axis}_lit"] = None if part is None else _percent(part, peak)
    return out


def _per_bin(count_P: np.ndarray, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Examples in each of BINS bins along x, from the left, and along y, from below."""
    count_HW = count_P.reshape(view.height, view.width)
    sums = count_HW.sum(0), count_HW.sum(1)[::-1]
    return tuple(np.add.reduceat(s, np.linspace(0, len(s), BINS, endpoint=False).astype(int)) for s in sums)  # type: ignore[return-value]


def _percent(count: np.ndarray, peak: float) -> list[float]:
    return (np.sqrt(count) / peak * 100).round(1).tolist()


def rows_in_view(m: DrawnMap, view: View) -> np.ndarray:
    """Rows in the dataset of the examples in view, at most POINTS of them wanted."""
    return m.row_M[_here(m, view)]


def _here(m: DrawnMap, view: View) -> np.ndarray:
    return np.flatnonzero(_cells(m, view)[0] < view.cells)


def points(m: DrawnMap, view: View, mask_N: np.ndarray | None, grey: str) -> dict[str, list[Any]]:
    """The examples in view as columns for a scatter trace, in the order of `rows_in_view`."""
    here = _here(m, view)
    colours = np.array(m.look.colours)[np.rint(m.colour_M[here]).astype(int) % len(m.look.colours)]
    lit = None if mask_N is None else mask_N[m.row_M[here]]
    return {
        "x": m.x_M[here].round(5).tolist(),
        "y": m.y_M[here].round(5).tolist(),
        "colour": colours.tolist() if lit is None else np.where(lit, colours, grey).tolist(),
        "opacity": [0.9] * len(here) if lit is None else np.where(lit, 0.95, 0.18).tolist(),
    }


def nearest(m: DrawnMap, view: View, x: float, y: float) -> int | None:
    """Row in the dataset of the example in view that lies nearest on the screen to (x, y), or None."""
    here = _here(m, view)
    if not len(here):
        return None
    width, height = view.x[1] - view.x[0], view.y[1] - view.y[0]
    return int(m.row_M[here][np.argmin(((m.x_M[here] - x) / width) ** 2 + ((m.y_M[here] - y) / height) ** 2)])


def ring(m: DrawnMap, row: int | None) -> tuple[float, float, str] | None:
    """Where the example in row `row` of the dataset lies on this map, and its colour; None where it is not shown."""
    found = np.flatnonzero(m.row_M == row) if row is not None else np.array([], int)
    if not found.size:
        return None
    k = int(found[0])
    return float(m.x_M[k]), float(m.y_M[k]), m.look.colours[round(float(m.colour_M[k])) % len(m.look.colours)]
