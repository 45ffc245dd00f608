"""Figures for papers: PNG, SVG and PDF, drawn by matplotlib without a screen.

Colours are those of the app's light theme; the scale runs from never right to always right and stays ordered for colour-blind eyes.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ftft.errors import unknown
from ftft.publish import publish

KINDS = (".png", ".svg", ".pdf")
CORRECTNESS = ("#ED8641", "#C13B86", "#3441A8")
INK, MUTED, LINE = "#1C2130", "#667085", "#E2E5EB"


def data_map(variability_N: np.ndarray, confidence_N: np.ndarray, correctness_N: np.ndarray | None, title: str, how: str) -> Any:
    """A matplotlib Figure. All (N,); `correctness_N` is a share in [0, 1]; `how` says below the title how the numbers came about.

    Without correctness, which an imported run may lack, all points have one colour and there is no scale.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 3.6), dpi=200, layout="constrained")
    axes = figure.subplots()
    shown = np.random.default_rng(0).permutation(len(variability_N))  # or the rows drawn last would cover the others
    scale = LinearSegmentedColormap.from_list("correctness", CORRECTNESS)
    points = axes.scatter(
        variability_N[shown], confidence_N[shown], c=np.ones(len(shown)) if correctness_N is None else correctness_N[shown], cmap=scale,
        vmin=0, vmax=1,
        s=np.clip(4e4 / len(shown), 0.6, 10), alpha=0.75, linewidths=0, rasterized=True,
    )  # fmt: skip
    axes.set(xlim=(-0.006, 0.506), ylim=(-0.012, 1.012), xlabel="variability", ylabel="confidence")
    axes.set_title(title, loc="left", fontsize=9, fontweight="bold", color=INK, pad=16)
    axes.annotate(how, (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=7.5, color=MUTED)
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7.5, labelcolor=MUTED)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(fontsize=8.5, color=MUTED)
    if correctness_N is None:
        return figure
    bar = figure.colorbar(points, ax=axes, shrink=0.5, aspect=14, pad=0.02)
    bar.solids.set(alpha=1)  # pyright: ignore[reportOptionalMemberAccess]
    bar.outline.set(visible=False)
    bar.set_ticks([0, 1], labels=["never right", "always right"], fontsize=7.5, color=MUTED)
    bar.ax.tick_params(length=0)
    return figure


def save(figure: Any, path: Path) -> None:
    """Writes .png, .svg or .pdf, by the ending of `path`; fonts stay text."""
    import matplotlib

    kind = path.suffix.lower()
    if kind not in KINDS:
        raise unknown("kind of figure", kind, KINDS)
    with matplotlib.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42}):
        publish(path, lambda aside: figure.savefig(aside, format=kind[1:]))
