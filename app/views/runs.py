"""Runs: queue and history on the left, one run in full on the right. Looks again every two seconds; never trains anything."""

from collections import Counter

import streamlit as st

from app import parts
from app.backend import workspace
from app.panels import runs_detail, runs_table

ws = workspace()


@st.fragment(run_every=2)
def watch() -> None:
    """Redraws in place: scroll, selection and the rest of the page stay."""
    runs = ws.runs.list()
    runs_table.summary(Counter(run.state for run in runs))
    if not runs:
        parts.empty("play_circle", "No run yet", "Start one on the Launch page, or with `ftft train`.")
        return
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        chosen = runs_table.table(ws, runs)
    with right:
        runs_detail.detail(ws, chosen)


parts.page_header("Runs", "Training goes on in its own processes: closing this page changes nothing.")
watch()
