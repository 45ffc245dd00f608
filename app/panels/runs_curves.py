"""What a run learnt, step by step: its training loss, its scores while it was trained, and those in the end."""

import html
from typing import Any

import streamlit as st

from app import forms, parts, progress, theme
from app.component import live
from app.names import METRICS, RULES
from app.panels import runs_look, runs_words
from ftft import Workspace
from ftft.domain import Run

COLUMNS = METRICS | {"loss": "loss"}
MOST_DOTS = 30  # more of them are a line already


@runs_look.part("run_curves")
def draw(ws: Workspace) -> None:
    """The curves and the scores of the chosen run; nothing where there are none."""
    chosen = st.session_state.get("run_open")
    read = forms.attempt(lambda: (ws.runs.get(chosen), ws.runs.progress(chosen))) if chosen else None
    if read is None or read.problem:
        return
    run, lines = read.value[0], progress.standing(read.value[1])
    dataset = runs_words.dataset_of(ws, run)
    metric = dataset.metric if dataset else "accuracy"
    curves = score_curves(lines, metric)
    if steps := progress.losses(lines)[0]:
        end = run.steps_total or steps[-1]
        live.run_curves([_loss(run, lines, end), *([_over_steps(curves, metric, end)] if curves else [])], key="curves")
    if run.scores:
        st.html(_scores(run))


def score_curves(lines: progress.Lines, metric: str) -> dict[str, list[tuple[int, float]]]:
    """Name -> (step, score): of each evaluation set that was looked at more than once, and what early stopping went by."""
    curves = {name: points for name, points in progress.scores(lines, metric).items() if len({step for step, _ in points}) > 1}
    judged = progress.judged(lines)
    if judged and len(curves) != 1:  # of a single set it is that set's score
        rule = next(str(line["stop"]) for line in lines if "stop" in line)
        curves |= {f"mean of {RULES.get(rule, rule)}": judged}
    return curves


def _loss(run: Run, lines: progress.Lines, end: int) -> dict[str, Any]:
    steps, losses = progress.losses(lines)
    t, rate = theme.tokens(), progress.rate(lines)
    now = f" · learning rate now {forms.short(float(f'{rate:.1e}'))}" if run.state == "running" and rate is not None else ""
    each = {"name": "", "colour": t["faint"], "faint": True, "dots": False, "points": _pairs(steps, losses)}
    smooth = {"name": "", "colour": t["accent"], "faint": False, "dots": False, "points": _pairs(steps, progress.smooth(losses))}
    return {"title": f"training loss{now}", "end": end, "zero": True, "digits": 3, "lines": [each, smooth]}


def _over_steps(curves: dict[str, list[tuple[int, float]]], metric: str, end: int) -> dict[str, Any]:
    colours = theme.run_colours(len(curves))
    lines = [
        {"name": name, "colour": colour, "faint": False, "dots": len(points) <= MOST_DOTS, "points": points}
        for (name, points), colour in zip(curves.items(), colours, strict=True)
    ]
    of_one = f", {next(iter(curves))}" if len(curves) == 1 else ""
    return {"title": f"{METRICS[metric]}{of_one}", "end": end, "zero": False, "digits": 3, "lines": lines}


def _pairs(steps: list[int], values: list[float]) -> list[tuple[int, float]]:
    return [(step, round(value, 5)) for step, value in zip(steps, values, strict=True)]


def _scores(run: Run) -> str:
    head = "".join(f"<th>{name}</th>" for name in COLUMNS.values())
    body = "".join(
        f"<tr><td>{html.escape(evaluation)}</td>{''.join(f'<td>{cell(metric, scores.get(metric))}</td>' for metric in COLUMNS)}</tr>"
        for evaluation, scores in run.scores.items()
    )
    return f"<table class='mini'><tr><th>scores</th>{head}</tr>{body}</table>"


def cell(metric: str, value: float | None) -> str:
    """A score in points, a loss as it is, a dash for none."""
    if value is None:
        return "–"
    return f"{value:.3f}" if metric == "loss" else f"{100 * value:.1f}"


def gain(metric: str, value: float | None, base: float | None) -> str:
    """The difference of two scores, in points; "" where one is missing."""
    if value is None or base is None:
        return ""
    return parts.signed(value - base, 3) if metric == "loss" else parts.signed(100 * (value - base))


def loss_trace(lines: progress.Lines, name: str, colour: str) -> dict[str, Any] | None:
    """The smoothed loss of one run among others; None where there is none."""
    steps, losses = progress.losses(progress.standing(lines))
    if not steps:
        return None
    return {
        "type": "scatter", "x": steps, "y": progress.smooth(losses), "mode": "lines", "name": name, "line": {"color": colour, "width": 2},
        "hovertemplate": f"{html.escape(name)}, step %{{x}}: %{{y:.3f}}<extra></extra>",
    }  # fmt: skip
