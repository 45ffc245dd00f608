"""What keeps the Runs page up to date: a look every second or two, after which the parts that have changed are drawn again, and no other.

The page is drawn as a whole only when the first run comes or the last one goes.
"""

import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import wraps
from pathlib import Path

import streamlit as st

from app import forms
from app.component import live
from ftft import Workspace

EVERY_S = 1.5
PARTS = ("runs_queue", "runs_list", "run_head", "run_curves", "run_log")  # keys of the fragments, in the order of the page
Seen = dict[str, Hashable]


@st.fragment
def watch(ws: Workspace) -> None:
    """The pulse: a fragment of its own, since it is drawn again where nothing has changed."""
    live.pulse(EVERY_S, key="runs_pulse", on_beat=lambda: beat(ws))


def beat(ws: Workspace) -> None:
    """Looks, and has drawn again what has changed."""
    looked = forms.attempt(seen, ws)
    if looked.problem:  # an unreadable queue: the page says so when it is drawn
        return
    before, now = st.session_state.get("runs_shown", {}), looked.value
    st.session_state["runs_seen"] = now
    if before.get("any") != now["any"]:
        st.rerun()
    if changed := [name for name in PARTS if before.get(name) != now[name]]:
        st.rerun(changed)


def remember(ws: Workspace) -> None:
    """Takes a look for what the page is about to show."""
    looked = forms.attempt(seen, ws)
    now = st.session_state["runs_seen"] = looked.value or {}
    _shown("any", now.get("any"))


def part(name: str) -> Callable[[Callable[[Workspace], None]], Callable[[Workspace], None]]:
    """A part of the page. It counts as shown once it was drawn whole: the next request may overtake one that was asked for, or end it."""

    def wrap(draw: Callable[[Workspace], None]) -> Callable[[Workspace], None]:
        @st.fragment(key=name)
        @wraps(draw)
        def drawn(ws: Workspace) -> None:
            mark = st.session_state.get("runs_seen", {}).get(name)  # from before the drawing: what changes meanwhile is drawn next time
            draw(ws)
            _shown(name, mark)

        return drawn

    return wrap


def _shown(name: str, mark: Hashable) -> None:
    st.session_state["runs_shown"] = st.session_state.get("runs_shown", {}) | {name: mark}


def seen(ws: Workspace) -> Seen:
    """Marks that change whenever a part of the page would look different. Cheap: the queue, and times and sizes of a few files."""
    jobs = ws.jobs.list()
    running = [job.run for job in jobs if job.state == "running"]
    chosen = st.session_state.get("run_open")
    clock = time.time() if running else 0  # what is being trained shows times
    queue = (tuple(jobs), ws.jobs.slots, ws.jobs.paused)
    folder = ws.runs.folder(chosen) if chosen else None
    own = chosen, _stamp(folder.path if folder else None), _stamp(folder.results_file if folder else None)
    mine = next((job for job in jobs if job.run == chosen), None)
    metrics, log = (_stamp(folder.metrics_file), _stamp(folder.log_file)) if folder else (None, None)
    return {
        "any": bool(ws.runs.ids()) if not chosen else None,
        "runs_queue": queue,
        "runs_list": (queue, _stamp(ws.runs.root), clock),
        "run_head": (own, mine, clock if chosen in running else 0),
        "run_curves": (own, mine and mine.state, metrics),
        "run_log": (own, log),
    }


def _stamp(path: Path | None) -> tuple[int, int] | None:
    """When a file was last changed, and its size; None where there is none. Of a folder: when something came or went."""
    with suppress(OSError):
        if path is not None:
            found = path.stat()
            return found.st_mtime_ns, found.st_size
    return None
