"""Runs side by side: the settings in which they differ, their scores against the first one, what they cost, their losses."""

import html
from typing import Any

import streamlit as st

from app import clock, forms, parts, price, theme
from app.names import METRICS
from app.panels import runs_curves, runs_words
from ftft import Workspace
from ftft.domain import Run

MOST = 4  # beside the run itself: more columns cannot be read
_NOT_SETTINGS = {"dataset_fingerprint", "model_fingerprint", "seeds", "subset_hash", "report_to", "again"}


@st.dialog("Compare runs", width="large")
def dialog(ws: Workspace, run: str) -> None:
    """Beside `run`, one or more that the reader chooses; those of its dataset come first."""
    found = forms.attempt(ws.runs.get, run)
    if found.problem:
        parts.empty("folder_off", f"Run {run[:6]} is gone", "Its folder was removed.")
        return
    base = found.value
    others = {other.id: other for other in ws.runs.list() if other.id != run}
    ids = sorted(others, key=lambda other: others[other].spec.dataset != base.spec.dataset)
    chosen = st.multiselect(
        f"{runs_words.with_seed(base)}, run {run[:6]}, beside", ids, max_selections=MOST, key="compare_with",
        format_func=lambda other: _option(others[other]) if other in others else other,
        placeholder="Choose one or more runs",
    )  # fmt: skip
    if not chosen:
        st.html("<p class='hint'>Choose a run: what differs, what it scored and what it cost stands here side by side.</p>")
        return
    runs = [base, *(others[other] for other in chosen)]
    st.html(table(runs))
    _losses(ws, runs)


def _option(run: Run) -> str:
    return f"{runs_words.with_seed(run)} · {run.id[:6]} · {run.state}"


def table(runs: list[Run]) -> str:
    """The runs as columns, as markup: settings that differ, scores with their difference to the first run, cost."""
    head = "".join(f"<th>{html.escape(runs_words.with_seed(run))}<br><small>{run.id[:6]} · {run.state}</small></th>" for run in runs)
    rows = [(name, values) for name, values in settings(runs)] or [("settings", ["the same"] * len(runs))]
    groups = [("settings that differ", rows), ("scores", scores(runs)), ("cost", cost(runs))]
    body = "".join(
        f"<tr><th class='group' colspan='{len(runs) + 1}'>{title}</th></tr>"
        + "".join(f"<tr><td>{html.escape(name)}</td>{''.join(f'<td>{value}</td>' for value in values)}</tr>" for name, values in rows)
        for title, rows in groups
        if rows
    )
    return f"<table class='mini beside'><tr><th></th>{head}</tr>{body}</table>"


def settings(runs: list[Run]) -> list[tuple[str, list[str]]]:
    """(name, one value a run) of every setting in which the specs differ, as escaped text; what is not known is a dash."""
    specs = [run.spec.to_json() for run in runs]
    names = [name for name in specs[0] if name not in _NOT_SETTINGS and len({repr(spec[name]) for spec in specs}) > 1]
    return [(name.replace("_", " "), [_value(name, spec[name]) for spec in specs]) for name in names]


def scores(runs: list[Run]) -> list[tuple[str, list[str]]]:
    """(evaluation set and metric, one score a run) of everything that any of them was scored on, in points, with what it gained."""
    evaluations = dict.fromkeys(evaluation for run in runs for evaluation in run.scores)
    found = []
    for evaluation in evaluations:
        for metric in METRICS:
            values = [run.scores.get(evaluation, {}).get(metric) for run in runs]
            if any(value is not None for value in values):
                gains = ["", *(runs_curves.gain(metric, value, values[0]) for value in values[1:])]
                cells = [f"{runs_curves.cell(metric, value)} <small>{more}</small>" for value, more in zip(values, gains, strict=True)]
                found.append((f"{evaluation}, {METRICS[metric]}", cells))
    return found


def cost(runs: list[Run]) -> list[tuple[str, list[str]]]:
    """(what was spent, one value a run)."""
    kinds = {"seconds": ("time", clock.duration), "train_flops": ("training", price.flops), "attempts": ("attempts", lambda n: f"{n:.0f}")}
    return [
        (name, [words(run.cost[key]) if run.cost.get(key) is not None else "–" for run in runs])
        for key, (name, words) in kinds.items()
        if any(run.cost.get(key) is not None for run in runs)
    ]


def _value(name: str, value: Any) -> str:
    if value is None:
        return {"subset": "everything", "layers": "all", "stop": "never"}.get(name, "–")
    return html.escape(forms.short(value) if isinstance(value, float) else str(value))


def _losses(ws: Workspace, runs: list[Run]) -> None:
    colours = theme.run_colours(len(runs))
    read = [forms.attempt(ws.runs.progress, run.id).value or [] for run in runs]
    traces = [
        runs_curves.loss_trace(lines, f"{runs_words.with_seed(run)} · {run.id[:4]}", colour)
        for run, lines, colour in zip(runs, read, colours, strict=True)
    ]
    if drawn := [trace for trace in traces if trace]:
        st.html("<span class='hint'>training loss</span>")
        layout = {"yaxis": {"nticks": 5, "rangemode": "tozero"}, "xaxis": {"title": "step", "nticks": 8}}
        theme.show(theme.figure(*drawn, height=260, **layout), key="compared_losses", alt="Training losses of the compared runs over steps")
