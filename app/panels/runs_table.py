"""The table of the Runs page: every run of the workspace, newest first, one of them chosen. Looked for by state, dataset and words."""

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from app import clock, parts, progress
from app.component import live
from app.panels import runs_look, runs_words
from ftft import Workspace
from ftft.domain import STATES, Run

KEY = "runs_table"
PAGE = 100  # rows; more are a page further
NO_FILTER = {"state": "", "dataset": "", "words": "", "page": 0}
COLUMNS = (
    ("state", "state", ""),
    ("name", "run", "model · what it is trained on"),
    ("seed", "seed", ""),
    ("progress", "progress", "Share of its steps, or its place in the queue"),
    ("eta", "left", "Time until the last step, at the speed of the last minute"),
    ("loss", "loss", "Training loss, the latest"),
    ("score", "score", "On the development set in distribution, if there is one"),
    ("asked", "asked for", ""),
    ("took", "took", "Time of training"),
    ("dataset", "dataset", ""),
)


@runs_look.part("runs_list")
def draw(ws: Workspace) -> None:
    """The table, or what to do where there is no run."""
    runs = ws.runs.list()
    if not runs:
        st.session_state.pop("run_open", None)
        parts.empty("play_circle", "No run yet", "Start one on the Launch page, or with `ftft train`.")
        return
    st.session_state["runs_ticks"] = st.session_state.get("runs_ticks", 0) + 1
    keep_choice(runs)
    live.runs_table(data(ws, runs), key=KEY, on_chosen=lambda: _choose(ws), on_filters=_filter)


def keep_choice(runs: list[Run]) -> str:
    """The id of the run to show in full. One that was removed gives way to another, with a word."""
    ids, open_run = [run.id for run in runs], st.session_state.get("run_open")
    if open_run in ids:
        return open_run
    if open_run and open_run != st.session_state.pop("run_removed", None):
        st.toast(f"Run {open_run[:6]} is gone: its folder was removed.", icon=":material/info:")
    st.session_state["run_open"] = next((run.id for run in runs if run.state == "running"), ids[0])
    return st.session_state["run_open"]


def data(ws: Workspace, runs: list[Run]) -> dict[str, Any]:
    """What the table shows of `runs`, as js/runs_table.js takes it: one page of those that pass the filters."""
    filters = NO_FILTER | st.session_state.get("runs_filters", {})
    found = [run for run in runs if _passes(run, filters)]
    last_page = max(0, (len(found) - 1) // PAGE)
    filters = filters | {"page": min(max(int(filters["page"]), 0), last_page)}
    first = PAGE * filters["page"]
    states = {run.id: run.state for run in runs}
    counts, datasets = Counter(states.values()), sorted({run.spec.dataset for run in runs})
    return {
        "rows": [_row(ws, run, states) for run in found[first : first + PAGE]],
        "columns": COLUMNS if len(datasets) > 1 else COLUMNS[:-1],
        "chosen": st.session_state.get("run_open"),
        "states": [(state, counts[state]) for state in STATES if counts[state]],
        "datasets": datasets,
        "filters": filters,
        "found": len(found),
        "first": first,
        "more": filters["page"] < last_page,
        "ticks": st.session_state.get("runs_ticks", 0),
    }


def elapsed(run: Run, lines: progress.Lines, now: float, since: float) -> str:
    """How long the run trained, from its verdict or, while it runs, since this attempt began; "" where nobody knows."""
    if "seconds" in run.cost:
        return clock.duration(run.cost["seconds"])
    began = since or next((line["time"] for line in lines), now)
    return clock.duration(now - began) if run.state == "running" and now > began else ""


def _passes(run: Run, filters: dict[str, Any]) -> bool:
    if filters["state"] not in ("", run.state) or filters["dataset"] not in ("", run.spec.dataset):
        return False
    words = str(filters["words"]).lower().split()
    text = f"{runs_words.with_seed(run)} {run.spec.dataset}".lower() if words else ""
    return all(word in text or (len(word) >= runs_words.SHORT and run.id.startswith(word)) for word in words)


def _row(ws: Workspace, run: Run, states: dict[str, str]) -> dict[str, Any]:
    running, now = run.state == "running", time.time()
    lines = ws.runs.progress(run.id) if running else []
    since = progress.began(ws, run.id) if running else 0.0
    share, left = progress.share(run), progress.left(run, lines, now, since)
    loss = next((line["loss"] for line in reversed(lines) if line.get("loss") is not None and "evaluation" not in line), None)
    queued = run.state == "queued"
    return {
        "id": run.id,
        "state": run.state,
        "note": "stopping" if run.stopping else "",
        "name": runs_words.short_name(run),
        "called": runs_words.name(run),
        "seed": "" if run.spec.seed is None else str(run.spec.seed),
        "share": None if queued or not run.spec.has_settings else share,
        "place": runs_words.place(run, states) if queued else parts.pct(share) if run.spec.has_settings else "",
        "eta": "" if left is None or run.stopping else clock.about(left),
        "loss": "" if loss is None else f"{loss:.3f}",
        "score": runs_words.scored(ws, run, lines)[0],
        "asked": clock.moment(run.created, datetime.now(UTC), clock.reader_zone(st.context.timezone)),
        "took": elapsed(run, lines, now, since),
        "dataset": run.spec.dataset,
    }


def _choose(ws: Workspace) -> None:
    """Another run in full, and nothing else is drawn again."""
    st.session_state["run_open"] = st.session_state[KEY].chosen
    st.session_state.pop("run_removing", None)
    runs_look.remember(ws)
    st.rerun(runs_look.PARTS[1:])


def _filter() -> None:
    st.session_state["runs_filters"] = st.session_state[KEY].filters
