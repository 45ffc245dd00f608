"""Figures for papers: PNG, SVG and PDF, drawn by matplotlib without a screen, as wide as a column or a page of a conference's paper.

Colours are those of the app's light theme; each scale stays ordered for colour-blind eyes and in grey print. Few examples are drawn as
points, many as a picture of small cells (ftft/picture.py). Either is rasterised inside SVG and PDF, so that a million examples make a
small file; all else stays text and lines.

Shapes: N examples of a map.
"""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ftft.errors import InputError, unknown
from ftft.picture import Grid, paint
from ftft.publish import publish

KINDS = (".png", ".svg", ".pdf")
WIDTHS = {"column": 3.3, "page": 6.9}  # inches: of one column, and of both
TALL = 0.86  # height of a map for its width
MOST = 12  # maps in one figure
POINTS = 20_000  # more examples than that are drawn as cells
CELLS_PER_INCH = (100, 150)  # up to 250,000 examples, and from a million on: finer ones would be full of holes
PIXELS_PER_INCH = 300
CORRECTNESS = ("#ED8641", "#C13B86", "#3441A8")
METRIC = ("#9CDDD6", "#2F9C94", "#00524D")
LABELS = ("#009E73", "#D9A400", "#5B6B8C", "#56B4E9", "#8C564B", "#A0A0A0")  # Okabe and Ito's, as in the app
INK, MUTED, LINE, GREY = "#1C2130", "#667085", "#E2E5EB", "#AEB5C2"
SMALL, NORMAL = 6.5, 8  # points
MARGIN, GAP = 0.13, 0.02  # of a histogram beside a map, in widths of the map


@dataclass(frozen=True, eq=False)
class Panel:
    """One map. `colour_N`: its values on the Scale, NaN where there is none; None for all alike. `chosen_N`: the selection, None for none.

    `lines` stand below the title. `outlines`: (points (M, 2), is it taken away?) of what was drawn by hand.
    """

    x_N: np.ndarray
    y_N: np.ndarray
    title: str
    lines: tuple[str, ...]
    colour_N: np.ndarray | None = None
    chosen_N: np.ndarray | None = None
    outlines: tuple[tuple[np.ndarray, bool], ...] = ()


@dataclass(frozen=True)
class Axis:
    """`low` and `high`: the ends of what is shown, before a little room."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Scale:
    """What colours mean: numbers from `low` to `high`, whose ends `ticks` name; or, where `nominal`, one colour for each of `ticks`."""

    name: str
    low: float
    high: float
    ticks: tuple[str, ...]
    nominal: bool = False

    def colours(self) -> Any:
        """A matplotlib colour map; that of a nominal scale has one entry for each tick."""
        from matplotlib.colors import LinearSegmentedColormap, ListedColormap

        if self.nominal:
            return ListedColormap([LABELS[k % len(LABELS)] for k in range(len(self.ticks))])
        return LinearSegmentedColormap.from_list(self.name, CORRECTNESS if self.name == "correctness" else METRIC)

    def bounds(self) -> tuple[float, float]:
        """The values of the first and the last colour's outer ends."""
        return (-0.5, len(self.ticks) - 0.5) if self.nominal else (self.low, self.high)


def data_maps(panels: Sequence[Panel], x: Axis, y: Axis, scale: Scale | None, width: str = "column", marginals: bool = False) -> Any:
    """A matplotlib Figure of maps with the same axes and colours. `marginals`: histograms along both axes. InputError for a strange width.

    Without a scale (imported metrics may lack correctness) all points have one colour.
    """
    from matplotlib.figure import Figure

    if width not in WIDTHS:
        raise unknown("width of a figure", width, WIDTHS)
    if not 0 < len(panels) <= MOST:
        raise InputError(f"{len(panels)} maps in one figure", f"Draw 1 to {MOST} at a time")
    columns = 1 if width == "column" else min(len(panels), 2 if len(panels) in (2, 4) else 3)
    rows = -(-len(panels) // columns)
    each = WIDTHS[width] / columns
    height = TALL * min(each, 4.6) + 0.24 + 0.11 * max(len(_below(panel, each)) for panel in panels)
    figure = Figure(figsize=(WIDTHS[width], rows * height + 0.5 * (scale is not None)), dpi=PIXELS_PER_INCH, layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    axes = [figure.add_subplot(grid[place]) for place in range(len(panels))]
    for place, (panel, ax) in enumerate(zip(panels, axes, strict=True)):
        shown = _draw(ax, panel, x, y, scale, min(each, 4.6))
        _furnish(ax, x, y, left=place % columns == 0, bottom=place + columns >= len(panels))
        if marginals:
            _marginals(ax, panel)
        _title(ax, panel, each, 1 + marginals * (MARGIN + GAP))
        if scale is not None and place == len(panels) - 1:
            _legend(figure, axes, shown, scale)
    return figure


def save(figure: Any, path: Path) -> None:
    """Writes .png, .svg or .pdf, by the ending of `path`; fonts stay text."""
    publish(path, lambda aside: aside.write_bytes(as_bytes(figure, path.suffix)))


def as_bytes(figure: Any, kind: str) -> bytes:
    """The file's content. `kind`: .png, .svg or .pdf. The same figure always gives the same bytes: no date is in it."""
    import matplotlib

    kind = kind.lower()
    if kind not in KINDS:
        raise unknown("kind of figure", kind, KINDS)
    out = io.BytesIO()
    about: dict[str, Any] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[kind]
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "ftft", "pdf.fonttype": 42}):
        figure.savefig(out, format=kind[1:], dpi=PIXELS_PER_INCH, metadata=about)
    return out.getvalue()


# ---- one map


def _draw(ax: Any, panel: Panel, x: Axis, y: Axis, scale: Scale | None, inches: float) -> Any:
    """The examples, those not selected in grey below the others, and the outlines. Returns what the legend is made from."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    for axis, limit in ((x, ax.set_xlim), (y, ax.set_ylim)):
        room = 0.015 * (axis.high - axis.low)
        limit(axis.low - room, axis.high + room)
    colours = scale.colours() if scale else ListedColormap([CORRECTNESS[2]])
    mapped = ScalarMappable(Normalize(*(scale.bounds() if scale else (0, 1))), colours)
    colour_N = np.ones(len(panel.x_N)) if panel.colour_N is None else panel.colour_N
    draw = _as_cells if len(panel.x_N) > POINTS else _as_points
    if panel.chosen_N is not None:
        grey = ScalarMappable(Normalize(0, 1), ListedColormap([GREY]))
        draw(ax, panel, ~panel.chosen_N, np.zeros(len(panel.x_N)), grey, None, inches, (0.2, 0.6))
    shown_N = np.isfinite(colour_N) if panel.chosen_N is None else panel.chosen_N & np.isfinite(colour_N)
    draw(ax, panel, shown_N, colour_N, mapped, len(scale.ticks) if scale and scale.nominal else None, inches, (0.35, 1))
    for points, taken_away in panel.outlines:
        ax.plot(*points.T, color=INK, linewidth=0.9, linestyle=(0, (4, 2)) if taken_away else "solid", solid_joinstyle="round")
    return mapped


def _as_points(
    ax: Any, panel: Panel, shown_N: np.ndarray, colour_N: np.ndarray, mapped: Any, values: int | None, inches: float,
    opacity: tuple[float, float],
) -> None:  # fmt: skip
    rows = np.flatnonzero(shown_N & np.isfinite(panel.x_N) & np.isfinite(panel.y_N))
    rows = rows[np.random.default_rng(0).permutation(len(rows))]  # or those drawn last would cover the others
    ax.scatter(
        panel.x_N[rows], panel.y_N[rows], c=colour_N[rows], cmap=mapped.cmap, norm=mapped.norm, rasterized=True, linewidths=0,
        s=np.clip(8e3 / max(len(panel.x_N), 1), 0.7, 9) * inches / 3, alpha=0.8 * opacity[1],
    )  # fmt: skip


def _as_cells(
    ax: Any, panel: Panel, shown_N: np.ndarray, colour_N: np.ndarray, mapped: Any, values: int | None, inches: float,
    opacity: tuple[float, float],
) -> None:  # fmt: skip
    fine = np.clip(CELLS_PER_INCH[1] * (len(panel.x_N) / 1e6) ** 0.3, *CELLS_PER_INCH)
    grid = Grid(ax.get_xlim(), ax.get_ylim(), round(fine * inches), round(TALL * fine * inches))
    cell_N = grid.cells(panel.x_N, panel.y_N)
    picture = paint(grid, cell_N, shown_N, colour_N, lambda value_P: mapped.to_rgba(value_P)[:, :3], values, opacity)
    ax.imshow(picture, extent=(*grid.x, *grid.y), aspect="auto", interpolation="none", zorder=1.5)


# ---- around it


def _furnish(ax: Any, x: Axis, y: Axis, left: bool, bottom: bool) -> None:
    """Names and numbers stand at the left and at the bottom of the whole grid only."""
    ax.set_xlabel(x.name if bottom else "", fontsize=NORMAL, color=MUTED)
    ax.set_ylabel(y.name if left else "", fontsize=NORMAL, color=MUTED)
    ax.grid(color=LINE, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=SMALL, labelcolor=MUTED, labelleft=left, labelbottom=bottom)
    ax.locator_params(nbins=5)


def _below(panel: Panel, inches: float) -> list[str]:
    return [part.removesuffix(" ·") for line in panel.lines for part in textwrap.wrap(line, _characters(inches, SMALL))]


def _characters(inches: float, size: float) -> int:
    """How many fit: a character of this font is half as wide as its size, and some room is at the sides."""
    return max(12, int((inches - 0.45) * 72 / (0.5 * size)))


def _title(ax: Any, panel: Panel, inches: float, top: float) -> None:
    """`top`: where the map ends, with what stands above it, in heights of the map."""
    below = _below(panel, inches)
    title = "\n".join(textwrap.wrap(panel.title, _characters(inches, NORMAL * 1.15)))
    ax.set_title(title, loc="left", fontsize=NORMAL, fontweight="bold", color=INK, y=top, pad=5 + 1.3 * SMALL * len(below))
    ax.annotate(
        "\n".join(below), (0, top), (0, 4), xycoords="axes fraction", textcoords="offset points", fontsize=SMALL, color=MUTED,
        linespacing=1.25,
    )  # fmt: skip


def _marginals(ax: Any, panel: Panel) -> None:
    """Histograms above and at the right: all examples in grey, the selected ones before them in ink."""
    above, beside = ax.inset_axes([0, 1 + GAP, 1, MARGIN], sharex=ax), ax.inset_axes([1 + GAP, 0, MARGIN, 1], sharey=ax)
    for side, values_N, (low, high), along in (
        (above, panel.x_N, ax.get_xlim(), "vertical"),
        (beside, panel.y_N, ax.get_ylim(), "horizontal"),
    ):
        edges, there_N = np.linspace(low, high, 61), np.isfinite(values_N)
        how = {"orientation": along, "histtype": "stepfilled", "linewidth": 0}
        side.hist(values_N[there_N], edges, color=GREY, alpha=0.55, **how)
        if panel.chosen_N is not None:
            side.hist(values_N[there_N & panel.chosen_N], edges, color=INK, alpha=0.75, **how)
        side.axis("off")


def _legend(figure: Any, axes: Sequence[Any], mapped: Any, scale: Scale) -> None:
    if scale.nominal:
        from matplotlib.lines import Line2D

        dots = [Line2D([], [], marker="o", markersize=4, linewidth=0, color=mapped.cmap(k), label=t) for k, t in enumerate(scale.ticks)]
        figure.legend(
            handles=dots, loc="outside lower center", ncols=min(len(dots), 6), fontsize=SMALL, labelcolor=MUTED, frameon=False,
            handletextpad=0, columnspacing=1,
        )  # fmt: skip
        return
    bar = figure.colorbar(mapped, ax=axes, location="bottom", shrink=0.62 if len(axes) == 1 else 0.4, aspect=34, pad=0.02)
    bar.outline.set(visible=False)
    bar.set_ticks([scale.low, scale.high], labels=list(scale.ticks), fontsize=SMALL, color=MUTED)
    for label, side in zip(bar.ax.get_xticklabels(), ("left", "right"), strict=True):
        label.set_horizontalalignment(side)
    if scale.name != "correctness":  # the words at its ends say that
        bar.set_label(scale.name, fontsize=SMALL, color=MUTED, labelpad=-6)
    bar.ax.tick_params(length=0, pad=2)
