"""Parts of the report of a stability experiment as HTML, escaped; the Stability page shows the same ones."""

import html
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ftft.workspace.claims import NAMES, p_in_words, signed
from ftft.workspace.stability_design import ONE_BY_ONE, SOURCES

if TYPE_CHECKING:
    from ftft.workspace.instabilities import Instability, LeftOut
    from ftft.workspace.results import Results, Row

DASH = "–"
THEORY = {
    "n": "examples", "L": "Lipschitz constant L", "beta": "smoothness β", "mu": "strong convexity μ", "gamma": "margin γ",
    "B": "longest feature B", "d": "distance moved", "steps": "steps", "lr": "learning rate", "full_bound": "bound, full tuning",
    "head_bound": "bound, head tuning",
}  # fmt: skip


def table(results: "Results") -> str:
    """A line a method: spread, range, failures, agreement, what it costs more."""
    heads = ["method", "runs", "mean", "SD [95 %]", "p", "min – max", "failed", "disagreement", "JSD", "1 − κ", "FLOPs", "time"]
    shown = methods(results)
    body = "".join(_row(results, row, shown[row.method]) for row in results.rows if row.method in shown)
    head = f"<th>{heads[0]}</th>" + "".join(f"<th class='n'>{name}</th>" for name in heads[1:])
    on, scale = results.instabilities.evaluation, "" if results.metric == "loss" else " x 100"
    floor = results.instabilities.rows[results.baseline].floor
    failed = "" if floor is None else f" Failed: not above {_points(results, floor)}, what the commonest answer scores."
    notes = [
        f"{NAMES[results.metric]}{scale} on {_text(on)}, which decides nothing here; other sets are under Scores.{failed}",
        f"p: of spread equal to {_text(results.baseline)}'s (Brown and Forsythe, by medians, all runs), adjusted for all methods (Holm).",
        "Disagreement, Jensen–Shannon divergence (nats) and 1 − Fleiss' kappa: means over pairs of runs, after Du and Nguyen 2023.",
        f"FLOPs and time: times those of {_text(results.baseline)}; FLOPs with SURT's training, time as it was on this machine.",
    ]
    said = "".join(f"<li>{note}</li>" for note in notes)
    whole = f"<table class='r-table r-parts'><thead><tr>{head}</tr></thead>{body}</table>"
    return f"<div class='r-wide'>{whole}</div><ul class='r-notes'>{said}</ul>"


def methods(results: "Results") -> "dict[str, Instability]":
    """The methods themselves, without the rows in which one source of chance varies alone."""
    return {method: found for method, found in results.instabilities.rows.items() if ONE_BY_ONE not in method}


def sources(results: "Results") -> str:
    """SD of each method, with all seeds varied and with each source alone; empty where none was."""
    rows = results.instabilities.rows
    there = [source for source in SOURCES if any(name.endswith(f"{ONE_BY_ONE}{source}") for name in rows)]
    if not there:
        return ""
    head = "".join(f"<th class='n'>{name}</th>" for name in ("all of them", *there))
    body = ""
    for method in methods(results):
        names = [method, *(f"{method}{ONE_BY_ONE}{source}" for source in there)]
        body += f"<tr><th scope='row'>{_text(method)}</th>" + "".join(f"<td class='n'>{_sd(results, rows.get(n))}</td>" for n in names)
    note = (
        "SD of the score with its 95 % interval, and disagreement between runs. Which of two is larger is told where intervals are apart."
    )
    return f"<table class='r-table r-parts'><thead><tr><th></th>{head}</tr></thead>{body}</table><p class='r-note'>{note}</p>"


def _sd(results: "Results", found: "Instability | None") -> str:
    if found is None or found.spread is None:
        return DASH
    sd = f"{_points(results, found.spread[0])} <small>[{_ends(results, found.spread[1:])}]</small>"
    return sd if found.disagreement is None else f"{sd}<small> · {found.disagreement:.3f}</small>"


def _row(results: "Results", row: "Row", found: "Instability") -> str:
    waiting = ", ".join(f"{n} {state}" for state, n in row.states.items() if state != "succeeded")
    scores = list(results.instabilities.scores(row).values())
    spread = DASH if found.spread is None else f"{_points(results, found.spread[0])} <small>[{_ends(results, found.spread[1:])}]</small>"
    span = (
        DASH if found.lowest is None or found.highest is None else f"{_points(results, found.lowest)} – {_points(results, found.highest)}"
    )
    kind = _kind(found)
    cells = [
        f"{found.runs}{f' <small>{_text(waiting)}</small>' if waiting else ''}",
        _points(results, fmean(scores)) if scores else DASH, spread, DASH if found.p is None else _text(p_in_words(found.p)),
        span,
        DASH if found.failed_share is None else f"{len(found.failed)}", _number(found.disagreement, 3),
        DASH if found.jsd is None else f"{found.jsd:.2g}", _number(found.one_minus_fleiss_kappa, 3),
        _times(row.price.ratio), _times(found.seconds),
    ]  # fmt: skip
    body = "".join(f"<td class='n{f' {kind}' if n == 2 and kind else ''}'>{cell}</td>" for n, cell in enumerate(cells))
    return f"<tr><th scope='row'>{_text(row.method)}</th>{body}</tr>"


def _kind(found: "Instability") -> str:
    """The class of a cell: steadier or less steady than the baseline, by the interval of the ratio of SDs and by the test."""
    ratio = found.ratio if found.tested else None
    return "" if ratio is None else "gain" if ratio.high < 1 else "loss" if ratio.low > 1 else ""


def correlations(laid: dict[str, Any]) -> str:
    """Churn against the metrics of the map, with intervals over examples."""
    n = len(laid["ids_N"])
    said = [
        f"Rank correlation of churn with {name}: {signed(found.value, 2)} [{signed(found.low, 2)}, {signed(found.high, 2)}], "
        f"over {n} examples."
        for name in ("variability", "confidence")
        if (found := laid[f"with_{name}"]) is not None
    ]
    return "".join(f"<p class='r-note'>{text}</p>" for text in said)


def theory(found: Sequence["LeftOut"]) -> str:
    """What leaving one out moves, its noise floor, and the constants and bounds of theory, a column a method."""
    lines = {
        "left out": [str(len(one.epsilon)) for one in found],
        "mean distance": [_number(sum(one.epsilon.values()) / len(one.epsilon) if one.epsilon else None) for one in found],
        "largest": [_number(max(one.epsilon.values(), default=None)) for one in found],
        "another seed": [_number(one.floor) for one in found],
    }
    lines |= {words: [_number(one.theory.get(name)) for one in found] for name, words in THEORY.items()}
    head = "".join(f"<th class='n'>{_text(one.method)}</th>" for one in found)
    body = ""
    for words, cells in lines.items():
        body += f"<tr><th scope='row'>{words}</th>" + "".join(f"<td class='n'>{cell}</td>" for cell in cells) + "</tr>"
    note = (
        "Constants are those of the last layer on the features at the end of training, bounds after Fu et al. 2023 from memory: a "
        "trend to look at, in units of their own. A dash: it does not exist here, such as a margin where classes are not separated."
    )
    return f"<div><table class='r-table r-small'><thead><tr><th></th>{head}</tr></thead>{body}</table><p class='r-note'>{note}</p></div>"


def _points(results: "Results", value: float) -> str:
    return f"{value:.3f}" if results.metric == "loss" else f"{100 * value:.1f}"


def _ends(results: "Results", ends: Sequence[float]) -> str:
    return ", ".join(_points(results, end) for end in ends)


def _number(value: float | None, digits: int | None = None) -> str:
    return DASH if value is None else f"{value:.{digits}f}" if digits is not None else f"{value:.4g}"


def _times(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}"


def _text(text: str) -> str:
    return html.escape(text)
