"""The queue in one line, and what can be done with it: pause, go on, more at once."""

import html

import streamlit as st

from app import forms, parts
from app.backend import read_only
from app.panels import runs_look
from ftft import Workspace

MOST_SLOTS = 64  # that a person would mean


@runs_look.part("runs_queue")
def draw(ws: Workspace) -> None:
    """How much is being trained at once, how much waits, and the controls."""
    jobs, slots, gpus, paused, locked = ws.jobs.list(), ws.jobs.slots, ws.jobs.gpus, ws.jobs.paused, read_only()
    running, waiting = (sum(job.state == state for job in jobs) for state in ("running", "queued"))
    with st.container(horizontal=True, vertical_alignment="center", key="queue"):
        st.html(f"<div class='queue'>{words(running, waiting, slots, gpus, paused)}</div>")
        if st.session_state.get("slots_seen") != slots:  # changed from elsewhere, or never shown
            st.session_state["queue_slots"] = st.session_state["slots_seen"] = slots
        where = "each GPU" if gpus else "this machine's CPU"
        st.number_input(
            "Slots", 1, max(MOST_SLOTS, slots), key="queue_slots", width=110, label_visibility="collapsed", disabled=locked,
            on_change=_set_slots, args=(ws,), help=f"Runs trained at once on {where}",
        )  # fmt: skip
        st.html(f"<span class='hint'>{'slots a GPU' if gpus else 'at once'}</span>", width="content")
        if paused:
            st.button("Go on", icon=":material/play_arrow:", key="resume_queue", on_click=ws.jobs.resume, disabled=locked, type="primary")
        else:
            means = "Starts nothing more; what runs goes on"
            st.button("Pause", icon=":material/pause:", key="pause_queue", on_click=ws.jobs.pause, disabled=locked, help=means)


def words(running: int, waiting: int, slots: int, gpus: tuple[str, ...], paused: bool) -> str:
    """ "1 of 1 slot busy · 3 waiting", as markup, and that the queue is paused."""
    whole = slots * max(len(gpus), 1)
    busy = f"<b>{running} of {whole}</b> slot{'' if whole == 1 else 's'} busy"
    waits = f" · <b>{parts.num(waiting)}</b> waiting" if waiting else ""
    stopped = f" {parts.pill('paused: nothing new starts', 'warn')}" if paused else ""
    return f"<span title='{html.escape(', '.join(gpus) or 'trained on the CPU')}'>{busy}{waits}</span>{stopped}"


def _set_slots(ws: Workspace) -> None:
    wanted = st.session_state["queue_slots"]
    done = forms.attempt(ws.jobs.set_slots, wanted)
    if done.problem:
        st.toast(str(done.problem), icon=":material/warning:")
    st.session_state["slots_seen"] = wanted if not done.problem else None
