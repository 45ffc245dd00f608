"""The left half of the Transfer page's first row: the verdict in words, and the evidence for it beside the other references."""

import html
from typing import Any

import streamlit as st

from app import failure, forms, parts, transfermodel
from app.backend import read_only
from app.transfermodel import RULE, Question, Row
from ftft import Workspace
from ftft.domain import Run


def verdict(ws: Workspace, question: Question, pair: dict[str, Any], rows: int) -> None:
    """The sentence, why, and what the reader can do about a missing ceiling. `rows`: examples of the dataset."""
    said = transfermodel.verdict(question, pair)
    st.html(
        f"<div class='verdict' data-testid='verdict' data-kind='{pair['verdict']}'><span class='icon {said.kind}'>{said.icon}</span>"
        f"<div><b>{html.escape(said.title)}</b><p>{html.escape(said.why)}</p></div></div>"
    )
    if not pair["ceiling_pairs"] and not question.reference.is_mean and not question.target.is_mean:
        _train_ceiling(ws, question.reference.runs[0])
    if more := transfermodel.notes(question, pair, rows):
        st.html(f"<p class='hint'>{html.escape(' '.join(more))}</p>")


def evidence(question: Question, checks: list[dict[str, Any]]) -> None:
    """One row a check: this reference filled, the others hollow."""
    lines = "".join(_line(row, question) for row in transfermodel.evidence(question, checks))
    st.html(
        "<table class='grid evidence'><tr><th>evidence</th><th class='r'></th><th></th><th>beside the other runs</th></tr>"
        f"{lines}</table><p class='hint'>● {html.escape(question.reference.label)} &ensp;○ other references &ensp;"
        f"◇ {html.escape(question.target.label)} &ensp;▏chance, label shares or ceiling: point at it.</p>"
        f"<p class='hint'>{html.escape(RULE)}</p>"
    )


def _line(row: Row, question: Question) -> str:
    mine = row.values.get(question.reference.id)
    return (
        f"<tr title='{html.escape(row.help)}'><td>{html.escape(row.name)}</td><td class='r'><b>{transfermodel.two(mine)}</b></td>"
        f"<td class='hint'>{html.escape(row.beside)}</td><td>{_strip(row, question)}</td></tr>"
    )


def _strip(row: Row, question: Question) -> str:
    """A one-dimensional dot plot. `title` says what each dot is, since colour alone would not."""

    def place(value: float) -> str:
        return f"left:{100 * min(max((value - row.low) / (row.high - row.low), 0), 1):.1f}%"

    labels = {run.id: run.label for run in question.every}
    kinds = {question.reference.id: "on", question.target.id: "target"}
    marks = "".join(f"<u style='{place(v)}' title='{html.escape(f'{what} {v:.2f}')}'></u>" for v, what in row.marks)
    order = sorted(row.values, key=lambda run: run == question.reference.id)  # drawn last, on top
    hints = {run: html.escape(f"{labels[run]}: {value:.2f}") for run, value in row.values.items()}
    dots = "".join(f"<i class='{kinds.get(run, '')}' style='{place(row.values[run])}' title='{hints[run]}'></i>" for run in order)
    return f"<div class='strip'>{marks}{dots}</div>"


# ---- a missing ceiling


def _train_ceiling(ws: Workspace, run: Run) -> None:
    coming = [other for other in ws.siblings(run.id) if other.state in ("queued", "running")]
    if coming:
        st.html(parts.finding("muted", "hourglass_top", f"The ceiling is coming: seed {coming[0].spec.seed} is {coming[0].state}",
                              "The verdict changes by itself once its last epoch is recorded."))  # fmt: skip
        return
    planned = forms.attempt(ws.another_seed, run.id)
    if planned.problem:
        failure.show(planned.problem)
        return
    seed = planned.value["seeds"][0]
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            f"Train seed {seed} of {run.spec.model_name}", icon=":material/rocket_launch:", key="train_ceiling", disabled=read_only(),
            help="Queues the same run with another seed and data order: how well it agrees with this one is the ceiling",
        )  # fmt: skip
        st.html(f"<span class='hint'>or</span> <code class='once'>{html.escape(ws.train_command(**planned.value))}</code>", width="content")
    if pressed:
        started = forms.attempt(ws.train, detach=True, **planned.value)
        if started.problem:
            failure.show(started.problem)
        else:
            st.rerun()
