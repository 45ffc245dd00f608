"""The table of the Runs page: every run of the workspace, newest first, one of them chosen."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from app import clock, parts, theme
from ftft import Workspace
from ftft.domain import STATES, Run

COLOUR = {"queued": "gray", "running": "blue", "succeeded": "green", "failed": "red", "cancelled": "gray", "lost": "orange"}
ICON = {"queued": "schedule", "running": "progress_activity", "succeeded": "check", "failed": "error", "cancelled": "block", "lost": "help"}
ROW = 32  # pixels
COLUMNS = ("state", "run", "seed", "progress", "asked for", "took", "dataset")
VISIBLE = 18  # rows before the table scrolls


def badge(state: str, text: str = "") -> None:
    """A state as a coloured badge."""
    st.badge(text or state, color=COLOUR[state], icon=f":material/{ICON[state]}:")  # pyright: ignore[reportArgumentType]


def summary(counts: Counter[str]) -> None:
    """One line instead of a wall of tiles: how many runs are in each state."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="states"):
        for state in STATES:
            if counts[state]:
                badge(state, f"{parts.num(counts[state])} {state}")


def name(run: Run) -> str:
    """What a person calls a run: its model and what it is trained on, where that is known."""
    return f"{run.spec.model_name} · {run.spec.subset or 'everything'}" if run.spec.has_settings else run.spec.model_name


def elapsed(run: Run, now: datetime, lines: list[dict[str, Any]]) -> str:
    """How long the run trained, from its verdict or, while it runs, from its first line of progress; "" where nobody knows."""
    if "seconds" in run.cost:
        return clock.duration(run.cost["seconds"])
    return clock.duration(now.timestamp() - lines[0]["time"]) if run.state == "running" and lines else ""


def progress(run: Run) -> float:
    """Share of the steps that are done, in [0, 1], to the per cent."""
    if run.state == "succeeded":
        return 1.0
    return round(min(run.steps_done / run.steps_total, 1.0), 2) if run.steps_total else 0.0


def table(ws: Workspace, runs: list[Run]) -> Run:
    """Draws the table and returns the chosen run.

    The widget knows rows, people mean runs: when the list changes, it becomes a new widget whose chosen row is the run chosen before.
    """
    ids = [run.id for run in runs]
    gone = st.session_state.get("run_open")
    if gone and gone not in ids:
        st.toast(f"Run {gone[:6]} is gone: its folder was removed.", icon=":material/info:")
    if gone not in ids:
        st.session_state["run_open"] = next((run.id for run in runs if run.state == "running"), ids[0])
    with st.container(key="runs_table"):
        event = st.dataframe(
            [_row(ws, run) for run in runs],
            key=f"runs_{hash(tuple(ids))}",
            hide_index=True,
            height=ROW * (min(len(runs), VISIBLE) + 1) + 2,
            row_height=ROW,
            on_select="rerun",
            selection_mode="single-row-required",
            selection_default={"selection": {"rows": [ids.index(st.session_state["run_open"])]}},
            column_config=_columns(),
            column_order=None if len({run.spec.dataset for run in runs}) > 1 else COLUMNS[:-1],
        )
    rows = event.selection.rows
    chosen = runs[rows[0]] if rows and rows[0] < len(runs) else runs[ids.index(st.session_state["run_open"])]
    st.session_state["run_open"] = chosen.id
    return chosen


def _row(ws: Workspace, run: Run) -> dict[str, Any]:
    now = datetime.now(UTC)
    lines = ws.runs.progress(run.id) if run.state == "running" else []
    return {
        "state": [run.state],
        "run": name(run),
        "seed": "" if run.spec.seed is None else str(run.spec.seed),
        "progress": progress(run),
        "asked for": clock.moment(run.created, now, clock.reader_zone(st.context.timezone)),
        "took": elapsed(run, now, lines),
        "dataset": run.spec.dataset,
    }


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        # a MarkdownColumn prints ":red-badge[…]" as it stands; a multi-select column draws coloured pills, also read-only
        "state": column.MultiselectColumn("state", options=list(COLOUR), color=list(COLOUR.values()), width=90),
        "run": column.TextColumn("run", width=195),
        "seed": column.TextColumn("seed", width=45),
        "progress": column.ProgressColumn("progress", min_value=0, max_value=1, format="percent", width=90, color=theme.tokens()["accent"]),
        "asked for": column.TextColumn("asked for", width=85),
        "took": column.TextColumn("took", width=80),
        "dataset": column.TextColumn("dataset", width=80),
    }
