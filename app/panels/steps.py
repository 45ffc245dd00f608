"""How the selection came about, step by step in words, each of which can be removed; and the way to add one."""

import html
from collections.abc import Mapping

import streamlit as st

from app import brush
from app.panels.add_step import add_step
from app.panels.choice import Choice
from app.shown import run_labels
from ftft import Workspace
from ftft.domain import Selection, in_words, runs_in


def steps_panel(ws: Workspace, choice: Choice) -> None:
    """One row of chips; undo and redo are in the maps' toolbar."""
    dataset, steps = choice.dataset.name, brush.history(choice.dataset.name).now.steps
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="steps"):
        add_step(ws, choice)
        names = map_names(ws, choice, brush.history(dataset).now)
        for n, step in enumerate(steps):
            brief, words = (in_words(step, names, brief=brief) for brief in (True, False))
            with st.container(horizontal=True, vertical_alignment="center", gap=None, key=f"step_chip_{n}", width="content"):
                st.html(f"<span class='step' title='{html.escape(words)}'>{html.escape(brief)}</span>", width="content")
                st.button(
                    f"Remove step {n + 1}: {words}", icon=":material/close:", type="tertiary", key=f"step_remove_{n}",
                    on_click=brush.remove, args=(dataset, n),
                )  # fmt: skip


def map_names(ws: Workspace, choice: Choice, selection: Selection) -> Mapping[str, str]:
    """What the reader calls the maps that a selection was made on, also those that are not shown now."""
    names = {run.id: run.label for run in choice.runs}
    others = brush.runs_of(selection) - names.keys()
    if others:
        labels = run_labels([ws.runs.get(run) for run in {run for other in others for run in runs_in(other)}])
        names |= {i: labels[i] if i in labels else f"mean of {len(runs_in(i))} runs" for i in others}
    return names
