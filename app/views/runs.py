"""Runs: queue and history on the left, one run in full on the right. Its parts are drawn again as they change; it never trains anything."""

import streamlit as st

from app import parts
from app.backend import workspace
from app.panels import runs_curves, runs_detail, runs_log, runs_look, runs_queue, runs_table

ws = workspace()
with parts.page_header("Runs", "Training goes on in its own processes: closing this page changes nothing."):
    runs_queue.draw(ws)
left, right = st.columns([1.45, 1], gap="medium")
with left:
    runs_table.draw(ws)
runs_look.remember(ws)  # after the table, which chooses a run
with right:
    runs_detail.draw(ws)
    runs_curves.draw(ws)
    runs_log.draw(ws)
runs_look.watch(ws)
