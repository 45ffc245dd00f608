"""The report of a single run: what it was, how it scored, what it cost, and its data map."""

import base64
import html
from typing import TYPE_CHECKING

from ftft.domain import Run
from ftft.workspace.report.sections import Section

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

HIDDEN = {"dataset", "model", "seeds", "seed"}  # told in other words


def sections(ws: "Workspace", run: Run) -> list[Section]:
    """In their order; without a map, where it recorded none."""
    found = [
        Section("Scores", "one seed is no evidence", _scores(run)),
        Section("Data map", "training dynamics: mean and standard deviation of p(gold) over the epochs", _map(ws, run)),
        Section("Cost", "FLOPs of all attempts", _pairs({name: f"{value:.4g}" for name, value in run.cost.items() if value is not None})),
        Section("Settings", "all that are not empty", _settings(run)),
        Section("Computed with", "", _pairs({k.replace("_", " "): str(v) for k, v in run.environment.items()})),
        Section("Warnings", "", "".join(f"<p class='r-note'>{_text(w['message'])}</p>" for w in run.warnings)),
    ]
    return [section for section in found if section.content]


def heading(run: Run) -> tuple[str, str]:
    """(title, a line about it)."""
    on = run.spec.subset or "everything"
    seed = "" if run.spec.seed is None else f", seed {run.spec.seed}"
    return f"{run.spec.model_name} on {run.spec.dataset}", f"run {run.id}, {on}{seed}: {run.state}, {run.steps_done} steps"


def _scores(run: Run) -> str:
    metrics = list(dict.fromkeys(metric for scores in run.scores.values() for metric in scores))
    if not metrics:
        return ""
    head = "".join(f"<th class='n'>{_text(metric.replace('_', ' '))}</th>" for metric in metrics)
    body = "".join(
        f"<tr><th scope='row'>{_text(name)}</th>{''.join(f'<td class=n>{_number(scores.get(m))}</td>' for m in metrics)}</tr>"
        for name, scores in run.scores.items()
    )
    return f"<table class='r-table'><thead><tr><th></th>{head}</tr></thead>{body}</table>"


def _map(ws: "Workspace", run: Run) -> str:
    if not run.mapped:
        return ""
    png = base64.b64encode(ws.figure_bytes(run.id, kind="png")).decode()
    return f"<div class='r-figure paper'><img alt='Data map of {_text(run.spec.model_name)}' src='data:image/png;base64,{png}'></div>"


def _settings(run: Run) -> str:
    spec = {name: value for name, value in run.spec.to_json().items() if value is not None and name not in HIDDEN}
    return _pairs({name.replace("_", " "): str(value) for name, value in spec.items()})


def _pairs(rows: dict[str, str]) -> str:
    lines = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in rows.items())
    return f"<dl class='r-settings'>{lines}</dl>" if rows else ""


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)
