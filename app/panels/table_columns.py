"""Which columns the table of examples can have, which it has, and how each is drawn."""

from typing import Any

import streamlit as st

from app import looks, theme
from app.panels.choice import Choice
from app.shown import Shown
from ftft import Workspace
from ftft.domain import Dataset

CURVE = "curve"
USUAL = ("confidence", "variability", "correctness", CURVE)
NOTES = ("flags", "note")
FIRST = ("variability", "confidence", "correctness")  # to sort by
COLUMN = "column:"  # before a column of the dataset: it may be called like a metric
NAMES = {CURVE: "p(gold)", "row": "order of the file"}
state = st.session_state


def sortable(ws: Workspace, choice: Choice, run: Shown) -> list[str]:
    """What the table can be sorted by: the metrics that the map has, what the dataset says."""
    metrics = list(ws.map(run.id, choice.epochs_of(run)).values)
    first = [m for m in FIRST if m in metrics]
    return [*first, *[m for m in metrics if m not in FIRST], "label", "text", "id", "row", *_own(choice.dataset)]


def columns_chosen(ws: Workspace, choice: Choice, run: Shown) -> None:
    """The box in which columns are chosen; `state.columns_chosen` is what of them there is for this run."""
    metrics = list(ws.map(run.id, choice.epochs_of(run)).values)
    curve = [CURVE] if run.measures is None else []
    usual = [m for m in USUAL if m in (*metrics, *curve)]
    offered = [*usual, *NOTES, *[m for m in metrics if m not in USUAL], *_own(choice.dataset)]
    wanted = state.setdefault("columns_wanted", list(USUAL))  # for all runs and datasets: not every one has each
    state.columns_chosen = [name for name in wanted if name in offered]

    def chosen() -> None:
        others = [name for name in state.columns_wanted if name not in offered]
        state.columns_wanted = [*state.columns_chosen, *others]

    st.multiselect("Columns beside id, label and text", offered, key="columns_chosen", format_func=shown_as, on_change=chosen, width=380)


def fetched() -> list[str]:
    """The chosen columns that the workspace is asked for: the others come with every page."""
    return [name for name in state.columns_chosen if name not in (*NOTES, CURVE)]


def shown_as(name: str) -> str:
    """What a reader calls a column; no two are called alike."""
    return NAMES.get(name) or (f"column {name.removeprefix(COLUMN)}" if name.startswith(COLUMN) else looks.words(name))


def configured(run: Shown, choice: Choice, with_curve: bool) -> dict[str, Any]:
    """How each column is drawn, as `st.dataframe` takes it."""
    t, column, (first, last) = theme.tokens(), st.column_config, choice.epochs_of(run)
    own = {
        "id": column.TextColumn(width=90),
        "label": column.TextColumn(width=90),
        "text": column.TextColumn(width=300 if with_curve else 380),
        "confidence": column.ProgressColumn("confidence", width=90, min_value=0, max_value=1, format="%.2f", color=t["easy"]),
        "variability": column.ProgressColumn("variability", width=90, min_value=0, max_value=0.5, format="%.2f", color=t["ambiguous"]),
        "correctness": column.NumberColumn(f"right of {last - first + 1}", width=70, format="%.1f" if run.is_mean else "%d"),
        CURVE: column.LineChartColumn(NAMES[CURVE], width=90, y_min=0, y_max=1, color=t["accent"]),
        "flags": column.TextColumn(width=120),
        "note": column.TextColumn(width=160),
    }
    others = [name for name in state.columns_chosen if name not in own]
    metric = {name: column.NumberColumn(shown_as(name), width=90, format="%.3f") for name in others if not name.startswith(COLUMN)}
    return own | metric | {name: column.Column(name.removeprefix(COLUMN), width=110) for name in others if name not in metric}


def _own(dataset: Dataset) -> list[str]:
    """The dataset's other columns, so named that none is taken for a metric."""
    return [f"{COLUMN}{name}" for name in dataset.other_columns]
