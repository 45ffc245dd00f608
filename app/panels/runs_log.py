"""The log of a run: its last lines, which keep up with its end, and all of it as a file."""

import streamlit as st

from app import forms, parts
from app.component import live
from app.panels import runs_look
from ftft import Workspace

LINES = 400


@runs_look.part("run_log")
def draw(ws: Workspace) -> None:
    """The log of the chosen run; nothing before it has one."""
    chosen = st.session_state.get("run_open")
    log = forms.attempt(ws.runs.log, chosen, lines=LINES).value if chosen else None
    if not log:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="log_head"):
        parts.section("Log", f"runs/{chosen}/log.txt")
        st.space("stretch")
        st.download_button(
            "Whole log", lambda: forms.attempt(ws.runs.whole_log, chosen).value or b"", f"{chosen}.txt", "text/plain",
            icon=":material/download:", type="tertiary", key="download_log", on_click="ignore",
        )  # fmt: skip
    live.run_log(str(chosen), log, key="run_log")
