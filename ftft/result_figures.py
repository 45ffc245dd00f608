"""Figures of results, drawn by matplotlib for papers, for the report and for the page: one drawing for all three.

As SVG for a page their inks are CSS variables, so that the same picture is right in the light and in the dark (`themed`).
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftft.figures import INK, LINE, MUTED, NORMAL, SMALL, WIDTHS

SERIES = ("#3A55C8", "#0E9384", "#B7791F", "#8C564B", "#4AA8E0", "#7A5195", "#5B6B8C", "#C1666B")  # of methods; the baseline is grey
BASE, GAIN, LOSS, SURFACE = "#8B93A3", "#0F7F78", "#A9661B", "#FEFEFE"
MARKS = "osD^vP*X"
SIZES = WIDTHS | {"screen": 4.4}  # inches wide: of a paper's column and page, and of half a page of the report
LINE_INCHES, LETTERS = 0.13, 18  # of a legend: the height of a line, the letters in an inch
VARIABLES = {INK: "ink", MUTED: "muted", LINE: "line", BASE: "base", GAIN: "gain", LOSS: "loss", SURFACE: "bg"} | {
    colour: f"series-{n}" for n, colour in enumerate(SERIES, 1)
}  # ink of a figure -> the CSS variable that stands for it
_FONT = re.compile(r"font: (?:\w+ )*([\d.]+)px [^;\"]*")


@dataclass(frozen=True)
class Interval:
    """A line of a forest plot: `value` in [low, high]; `sure`: the interval leaves 0 out."""

    name: str
    value: float
    low: float
    high: float
    sure: bool


def colours(methods: Sequence[str], baseline: str) -> dict[str, str]:
    """One colour a method, the baseline's grey; beyond eight they repeat, and marks tell them apart."""
    others = [method for method in methods if method != baseline]
    return {baseline: BASE} | {method: SERIES[n % len(SERIES)] for n, method in enumerate(others)}


def marks(methods: Sequence[str]) -> dict[str, str]:
    """One mark a method."""
    return {method: MARKS[n % len(MARKS)] for n, method in enumerate(methods)}


def forest(parts: Mapping[str, Sequence[Interval]], unit: str, width: str = "page") -> Any:
    """Differences with their intervals, a panel for each of `parts`, zero marked. Lines are the same methods in each."""
    names = [line.name for line in next(iter(parts.values()))]
    figure, axes = blank(len(parts), width, 0.5 + 0.2 * len(names))
    for ax, (title, lines) in zip(axes, parts.items(), strict=True):
        furnish(ax, title)
        ax.axvline(0, color=MUTED, linewidth=0.7)
        for place, line in enumerate(lines):
            ink = GAIN if line.sure and line.value > 0 else LOSS if line.sure else BASE
            ax.plot([line.low, line.high], [place, place], color=ink, linewidth=1.6, solid_capstyle="round")
            ax.plot([line.value], [place], "o", color=ink, markersize=4)
        ax.set_yticks(range(len(names)), names if ax is axes[0] else [""] * len(names))
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(unit)
        reach = max((abs(end) for line in lines for end in (line.low, line.high)), default=1.0) * 1.08 or 1.0
        ax.set_xlim(-min(reach, 100.0), min(reach, 100.0))
    return figure


def against_steps(
    looks: Mapping[str, Sequence[Sequence[tuple[int, float]]]], inks: Mapping[str, str], unit: str, width: str = "screen"
) -> Any:
    """Value after so many steps, a thin line a seed and a thick one for the mean of the seeds that are still there."""
    figure, ax = _with_legend(width, list(looks))
    for method, seeds in looks.items():
        for points in seeds:
            ax.plot(*zip(*points, strict=True), color=inks[method], linewidth=0.6, alpha=0.35)
        mean = _mean(seeds)
        if mean:
            ax.plot(*zip(*mean, strict=True), color=inks[method], linewidth=1.6, label=method)
    ax.set_xlabel("steps")
    ax.set_ylabel(unit)
    ax.xaxis.set_major_locator(_whole())
    _legend(figure, ax, width)
    return figure


def against_cost(points: Sequence[Mapping[str, Any]], inks: Mapping[str, str], unit: str, width: str = "screen") -> Any:
    """Score against cost, bars of one SD, and the front of those that no other one beats in both."""
    figure, ax = _with_legend(width, [p["method"] for p in points])
    front = sorted((p for p in points if p["on_front"]), key=lambda p: p["cost"])
    ax.step([100 * p["cost"] for p in front], [p["mean"] for p in front], where="post", color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
    shapes = marks([p["method"] for p in points])
    for p in points:
        x, ink = 100 * p["cost"], inks[p["method"]]
        ax.errorbar([x], [p["mean"]], yerr=[p["sd"] or 0.0], color=ink, linewidth=0.9, capsize=0)
        face = ink if p["on_front"] else SURFACE
        ax.plot([x], [p["mean"]], shapes[p["method"]], color=ink, markerfacecolor=face, markersize=5, label=p["method"], linestyle="none")
    ax.set_xlim(left=0)
    ax.set_xlabel("FLOPs with references, % of erm")
    ax.set_ylabel(unit)
    _legend(figure, ax, width)
    return figure


def reliability(curves: Mapping[str, Sequence[Mapping[str, float]]], inks: Mapping[str, str], width: str = "screen") -> Any:
    """Accuracy against confidence, bin by bin; on the diagonal a model is as often right as it says."""
    figure, ax = _with_legend(width, list(curves))
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=0.7, linestyle=(0, (3, 2)))
    for method, bins in curves.items():
        ax.plot(
            [b["confidence"] for b in bins],
            [b["accuracy"] for b in bins],
            color=inks[method],
            linewidth=1.2,
            marker="o",
            markersize=2.5,
            label=method,
        )
    lowest = min((b["confidence"] for bins in curves.values() for b in bins), default=0.0)
    ax.set_xlim(max(0.0, lowest - 0.05), 1.0)
    ax.set_ylim(0, 1)
    ax.set_xlabel("confidence")
    ax.set_ylabel("accuracy")
    _legend(figure, ax, width)
    return figure


def gains(regions: Mapping[str, Mapping[str, float]], a: str, b: str, width: str = "screen") -> Any:
    """For each region of the reference's map: the share of its examples that `a` gains over `b`, and loses."""
    figure, (ax,) = blank(1, width, 0.75 + 0.28 * len(regions))
    furnish(ax, "")
    names = list(regions)
    for place, region in enumerate(regions.values()):
        n = max(region["n"], 1.0)
        gained, lost = 100 * region["gained"] / n, 100 * region["lost"] / n
        ax.barh(place, gained, color=GAIN, height=0.62)
        ax.barh(place, -lost, color=LOSS, height=0.62)
        for value, side in ((gained, 1), (-lost, -1)):
            ax.text(
                value + side * 0.4, place, f"{abs(value):.1f}", va="center", ha="left" if side > 0 else "right", fontsize=SMALL, color=MUTED
            )
    reach = 1.3 * max([1.0, *(100 * max(r["gained"], r["lost"]) / max(r["n"], 1.0) for r in regions.values())])
    ax.set_xlim(-reach, reach)
    ax.axvline(0, color=MUTED, linewidth=0.7)
    ax.set_yticks(range(len(names)), [f"{name} ({regions[name]['n']:.0f})" for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_title(f"only {b} right", fontsize=SMALL + 0.5, color=LOSS, loc="left", pad=4)
    ax.set_title(f"only {a} right", fontsize=SMALL + 0.5, color=GAIN, loc="right", pad=4)
    ax.set_xlabel("% of the region's examples")
    ax.xaxis.set_major_formatter(lambda x, _: f"{abs(x):g}")
    return figure


def themed(figure: Any, alt: str) -> str:
    """The figure as inline SVG: inks are CSS variables (--c-NAME), letters those of the page, `alt` what a screen reader says."""
    import html

    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": alt}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    for ink, name in VARIABLES.items():
        text = re.sub(re.escape(ink), f"var(--c-{name})", text, flags=re.IGNORECASE)
    text = _FONT.sub(r"font-size: \1px", text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r"<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" ', text, count=1)


def blank(panels: int, width: str, height: float) -> tuple[Any, Sequence[Any]]:
    """A figure of so many inches, with its axes side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIZES[width], height), dpi=300, layout="constrained")
    return figure, [figure.add_subplot(1, panels, n) for n in range(1, panels + 1)]


def furnish(ax: Any, title: str) -> None:
    """Quiet axes, titled at the left."""
    ax.set_title(title, fontsize=NORMAL, color=INK, loc="left", pad=4)
    ax.tick_params(labelsize=SMALL, colors=MUTED, length=2, width=0.5)
    ax.xaxis.label.set(size=SMALL + 0.5, color=MUTED)
    ax.yaxis.label.set(size=SMALL + 0.5, color=MUTED)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set(color=LINE, linewidth=0.8)
    ax.grid(color=LINE, linewidth=0.5)
    ax.set_axisbelow(True)


def _with_legend(width: str, names: Sequence[str]) -> tuple[Any, Any]:
    """(figure, axes) with room above the axes for a legend of these names."""
    figure, (ax,) = blank(1, width, 0.62 * SIZES[width] + LINE_INCHES * -(-len(names) // _columns(width, names)))
    furnish(ax, "")
    return figure, ax


def _columns(width: str, names: Sequence[str]) -> int:
    """Of a legend: as many as the longest name allows."""
    return max(1, min(len(names), int(SIZES[width] * LETTERS / (max(map(len, names), default=0) + 6))))


def _legend(figure: Any, ax: Any, width: str) -> None:
    _, names = ax.get_legend_handles_labels()
    style = {"fontsize": SMALL, "frameon": False, "labelcolor": MUTED, "handlelength": 1.4, "columnspacing": 1.2}
    if names:
        figure.legend(loc="outside upper left", ncols=_columns(width, names), **style)


def _whole() -> Any:
    """Ticks at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5, integer=True)


def _mean(seeds: Sequence[Sequence[tuple[int, float]]]) -> list[tuple[int, float]]:
    """Over seeds, as long as half of them are there: a mean of the last survivor would jump."""
    steps = sorted({step for points in seeds for step, _ in points})
    values = {step: [dict(points)[step] for points in seeds if step in dict(points)] for step in steps}
    return [(step, sum(found) / len(found)) for step, found in values.items() if 2 * len(found) >= len(seeds)]
