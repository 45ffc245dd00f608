"""Figures of stability: how far the seeds of each method end apart, whether its failures show early, and what theory foresees.

As those of `ftft.result_figures`: by matplotlib, for papers, for the report and for the page.

Shapes: N examples.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ftft.result_figures import BASE, GAIN, LOSS, MUTED, SERIES, SURFACE, blank, furnish

LINE_INCHES = 0.24  # a method's share of the height
MOST_POINTS = 4_000  # of a cloud: more of them only hide each other
BINS = 10
FACTORS = {
    "n": "examples", "L": "scale of the features (L)", "distance": "distance to the solution", "iterations": "iterations",
    "learning_rate": "learning rate", "margin": "margin",
}  # fmt: skip


def strips(values: Mapping[str, Sequence[float]], floor: float | None, unit: str, width: str = "page") -> Any:
    """Every seed's score, a line a method: its mean as a tick, failed runs hollow, and what the commonest answer would score."""
    figure, (ax,) = _lines(list(values), width, unit)
    if floor is not None:
        ax.axvline(floor, color=LOSS, linewidth=0.8, linestyle=(0, (3, 2)))
    for place, scores in enumerate(values.values()):
        for score, offset in zip(sorted(scores), _apart(sorted(scores)), strict=True):
            failed = floor is not None and score <= floor
            face = SURFACE if failed else SERIES[0]
            ax.plot(
                score, place + offset, "o", color=LOSS if failed else SERIES[0], markerfacecolor=face, markersize=3.2, markeredgewidth=0.8
            )
        if scores:
            mean = float(np.mean(scores))
            ax.plot([mean, mean], [place - 0.36, place + 0.36], color=MUTED, linewidth=1.2)
    return figure


def intervals(parts: Mapping[str, Mapping[str, tuple[float, float, float] | None]], baseline: str, width: str = "page") -> Any:
    """(value, low, high) of each method, a panel for each of `parts`: the baseline is grey, and its value marked."""
    names = list(next(iter(parts.values())))
    figure, axes = blank(len(parts), width, 0.62 + LINE_INCHES * len(names))
    for ax, (title, values) in zip(axes, parts.items(), strict=True):
        furnish(ax, "")
        own = values.get(baseline)
        if own:
            ax.axvline(own[0], color=BASE, linewidth=0.8, linestyle=(0, (3, 2)))
        for place, (name, found) in enumerate(values.items()):
            if found is None:
                continue
            ink = BASE if name == baseline else _against(found, own)
            ax.plot(found[1:], [place, place], color=ink, linewidth=1.6, solid_capstyle="round")
            ax.plot(found[0], place, "o", color=ink, markersize=4)
        _name(ax, names if ax is axes[0] else [""] * len(names))
        ax.set_xlabel(title)
        ax.set_xlim(left=0)
        ax.locator_params(axis="x", nbins=12 // len(parts))  # labels of small numbers are long
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    return figure


def _against(found: tuple[float, float, float], own: tuple[float, float, float] | None) -> str:
    """Its colour: less or more than the baseline where the intervals do not meet. Of a value without an interval nothing is told."""
    if own is None or found[1] == found[2]:
        return SERIES[0]
    return GAIN if found[2] < own[1] else LOSS if found[1] > own[2] else SERIES[0]


def churn_on_map(x_N: np.ndarray, y_N: np.ndarray, churn_N: np.ndarray, axes_of: tuple[str, str], width: str = "screen") -> Any:
    """Training examples on a data map, the darker the more pairs of runs answer them differently; those on top."""
    from matplotlib.colors import LinearSegmentedColormap

    figure, (ax,) = blank(1, width, 3.4)
    furnish(ax, "")
    shown = np.random.default_rng(0).permutation(len(x_N))[:MOST_POINTS]
    shown = shown[np.argsort(churn_N[shown], kind="stable")]
    ramp = LinearSegmentedColormap.from_list("churn", [BASE, "#B7791F", "#C0362C"])
    drawn = ax.scatter(x_N[shown], y_N[shown], c=churn_N[shown], cmap=ramp, s=3, linewidths=0, alpha=0.75, vmin=0, rasterized=True)
    bar = figure.colorbar(drawn, ax=ax, shrink=0.5, aspect=18, pad=0.02)
    bar.ax.tick_params(labelsize=6, colors=MUTED, length=2, width=0.5)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.set_label("churn", fontsize=6.5, color=MUTED)
    ax.set_xlabel(axes_of[0])
    ax.set_ylabel(axes_of[1])
    return figure


def churn_by(x_N: np.ndarray, churn_N: np.ndarray, name: str, width: str = "screen") -> Any:
    """Mean churn of each tenth of the examples by a metric, with the 95 % interval of that mean as a band."""
    figure, (ax,) = blank(1, width, 3.4)
    furnish(ax, "")
    tenths = np.array_split(np.argsort(x_N, kind="stable"), min(BINS, len(x_N)))
    middle = [float(np.mean(x_N[rows])) for rows in tenths]
    mean = np.array([np.mean(churn_N[rows]) for rows in tenths])
    reach = 1.96 * np.array([np.std(churn_N[rows]) / np.sqrt(len(rows)) for rows in tenths])
    ax.fill_between(middle, mean - reach, mean + reach, color=SERIES[0], alpha=0.18, linewidth=0)
    ax.plot(middle, mean, color=SERIES[0], linewidth=1.6, marker="o", markersize=3)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(f"{name}, by tenths of the examples")
    ax.set_ylabel("churn")
    return figure


def learning(curves: Sequence[tuple[bool, Sequence[tuple[int, float]]]], width: str = "screen") -> Any:
    """Training loss after so many steps, a line a run: failed ones stand out from healthy ones."""
    figure, (ax,) = blank(1, width, 2.7)
    furnish(ax, "")
    for failed in (False, True):
        lines = [points for is_failed, points in curves if is_failed == failed and points]
        ink = LOSS if failed else BASE
        for number, points in enumerate(lines):
            label = f"{'failed' if failed else 'healthy'} ({len(lines)})" if number == 0 else None
            ax.plot(*zip(*points, strict=True), color=ink, linewidth=0.9, alpha=0.85 if failed else 0.55, label=label)
    ax.set_xlabel("steps")
    ax.set_ylabel("training loss, nats")
    ax.legend(fontsize=6, frameon=False, labelcolor=MUTED)
    return figure


def left_out(epsilon: Mapping[str, Sequence[float]], floor: Mapping[str, float | None], width: str = "screen") -> Any:
    """How far leaving one example out moves the weights, a dot an example; the tick is what another seed does."""
    figure, (ax,) = _lines(list(epsilon), width, "distance of the weights")
    for place, (method, values) in enumerate(epsilon.items()):
        ax.plot(list(values), [place] * len(values), "o", color=SERIES[0], markersize=3, alpha=0.7, markeredgewidth=0)
        if (own := floor.get(method)) is not None:
            ax.plot([own, own], [place - 0.36, place + 0.36], color=LOSS, linewidth=1.4)
    _logarithmic(ax, "x")
    return figure


def trends(found: Mapping[str, Mapping[str, Any]], methods: Sequence[str], width: str = "page") -> Any:
    """Leave-one-out distance on synthetic sets against each factor that theory names, a dot a set, a colour a method; logarithmic axes."""
    figure, axes = _grid(len(found), 3, width)
    for ax, (factor, of) in zip(axes, found.items(), strict=False):
        furnish(ax, "")
        for number, method in enumerate(methods):
            values = of["methods"][method]["epsilon"]
            ax.plot(of["values"], values, "o", color=SERIES[number], markersize=2.2, alpha=0.7, markeredgewidth=0, label=method)
        _logarithmic(ax, "x")
        _logarithmic(ax, "y")
        rho = of["methods"][methods[0]]["spearman"]["epsilon"]
        said = "–" if rho is None else f"{rho['value']:+.2f} [{rho['low']:+.2f}, {rho['high']:+.2f}]".replace("-", "−")
        ax.set_title(f"{said}, theory {of['expected']}", fontsize=6, color=MUTED, loc="left", pad=3)
        ax.set_xlabel(FACTORS.get(factor, factor))
    axes[0].set_ylabel("leave-one-out distance")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=len(methods), fontsize=6, frameon=False, labelcolor=MUTED
    )
    return figure


def _logarithmic(ax: Any, axis: str) -> None:
    """A few plain numbers as ticks: 0.01, 0.02, 0.05."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    ax.set(**{f"{axis}scale": "log"})
    of = ax.xaxis if axis == "x" else ax.yaxis
    of.set_major_locator(LogLocator(10, subs=(1, 2, 5), numticks=6))
    of.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    of.set_minor_locator(NullLocator())


def _lines(names: Sequence[str], width: str, unit: str) -> tuple[Any, Sequence[Any]]:
    """Axes with a line for each name."""
    figure, axes = blank(1, width, 0.55 + LINE_INCHES * max(1, len(names)))
    furnish(axes[0], "")
    _name(axes[0], names)
    axes[0].set_xlabel(unit)
    return figure, axes


def _name(ax: Any, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def _grid(panels: int, columns: int, width: str) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    from ftft.result_figures import SIZES

    rows = -(-panels // columns)
    figure = Figure(figsize=(SIZES[width], 0.3 + 1.55 * rows), dpi=300, layout="constrained")
    return figure, [figure.add_subplot(rows, columns, n) for n in range(1, panels + 1)]


def _apart(ordered: Sequence[float], reach: float = 0.3) -> list[float]:
    """Offsets that keep equal and nearly equal values from hiding each other: alternately above and below, further out each time."""
    near = 0.012 * ((max(ordered) - min(ordered)) or 1.0)
    offsets: list[float] = []
    rank = 0
    for number, value in enumerate(ordered):
        rank = rank + 1 if number and value - ordered[number - 1] < near else 0
        offsets.append(min(reach, 0.09 * ((rank + 1) // 2)) * (1 if rank % 2 else -1))
    return offsets
