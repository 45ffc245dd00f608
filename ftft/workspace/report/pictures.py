"""The figures of a report, each as a matplotlib figure by name: for the page and the report as inline SVG, for papers as files."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ftft import result_figures as draw
from ftft.errors import InputError
from ftft.result_figures import Interval
from ftft.workspace.claims import NAMES, better, turned
from ftft.workspace.results import within

if TYPE_CHECKING:
    from ftft.workspace.results import Results, Row

CURVES = 8  # methods that one figure of lines shows


def figure(results: "Results", name: str, **of: str) -> Any:
    """A matplotlib Figure; InputError where there is nothing to draw yet. `of`: what the figure asks for, and its width (`SIZES`)."""
    return FIGURES[name](results, **of)


def forest(results: "Results", width: str = "page") -> Any:
    """Differences to the baseline on the columns that tell, in and out of distribution."""
    shown = [c for c in results.columns if c.role == "test" and (c.is_mean or not _has_mean(results, c.distribution))][:3]
    scale = 1.0 if results.metric == "loss" else 100.0
    rows = [row for row in results.rows if row.method != results.baseline and any(row.scores[c.name].difference for c in shown)]
    if not rows or not shown:
        raise InputError("there is no difference to draw yet", "Wait until a seed of the baseline and of another method has ended")
    parts = {c.name: [_interval(results, row, c.name, scale) for row in rows if row.scores[c.name].difference] for c in shown}
    return draw.forest(
        parts, "nats" if results.metric == "loss" else f"points of {NAMES[results.metric]} against {results.baseline}", width
    )


def _interval(results: "Results", row: "Row", column: str, scale: float) -> Interval:
    found = row.scores[column].difference
    assert found
    low, high = within(found, results.metric)
    sure = better(found, results.metric) or better(turned(found), results.metric)
    return Interval(row.method, scale * found.value, scale * low, scale * high, sure)


def against_steps(results: "Results", width: str = "screen") -> Any:
    """The development score that might stop a run, look by look."""
    looks = {m: [p for p in seeds.values() if p] for m, seeds in results.breakdowns.curves().items()}
    looks = {m: seeds for m, seeds in looks.items() if seeds}
    if not looks:
        raise InputError("no run was looked at while it trained", "Ask for the experiment with --stop")
    metric = NAMES[results.about.metric]
    return draw.against_steps(dict(list(looks.items())[:CURVES]), _inks(results), f"{metric}, dev sets", width)


def against_cost(results: "Results", width: str = "screen") -> Any:
    """Score on the column that tells against cost."""
    points = results.breakdowns.front()
    if not points:
        raise InputError("no cost is known yet", "Wait until a seed of erm has ended")
    assert results.telling
    return draw.against_cost(points, _inks(results), f"{NAMES[results.metric]}, {results.telling.name}", width)


def reliability(results: "Results", evaluation: str, width: str = "screen") -> Any:
    """Confidence and accuracy on one evaluation set."""
    curves = {one.method: one.bins for one in results.breakdowns.calibration(evaluation)}
    if not curves:
        raise InputError("no run has ended yet", "Wait for the first")
    return draw.reliability(dict(list(curves.items())[:CURVES]), _inks(results), width)


def gains(results: "Results", a: str, b: str, width: str = "screen") -> Any:
    """Training examples gained and lost, region by region."""
    return draw.gains(results.breakdowns.gains(a, b).regions, a, b, width)


FIGURES: dict[str, Callable[..., Any]] = {
    "differences": forest, "steps": against_steps, "cost": against_cost, "calibration": reliability, "gains": gains,
}  # fmt: skip


def svg(results: "Results", name: str, alt: str, **of: str) -> str:
    """As inline SVG; empty where there is nothing to draw yet."""
    try:
        return draw.themed(figure(results, name, **of), alt)
    except InputError:
        return ""


def _inks(results: "Results") -> dict[str, str]:
    return draw.colours([row.method for row in results.rows], results.baseline)


def _has_mean(results: "Results", distribution: str) -> bool:
    return any(c.is_mean and c.distribution == distribution for c in results.columns)
