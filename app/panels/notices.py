"""A word on every page when a run ends, once in each tab that was open before."""

from collections import Counter

import streamlit as st

from app import forms
from app.panels import runs_words
from ftft import Workspace
from ftft.domain import Run

EVERY_S = 2
MOST = 3  # at a time: of more, one word says how many
ICONS = {"succeeded": "check_circle", "cancelled": "block", "lost": "help", "failed": "error"}  # from good to bad


@st.fragment(run_every=EVERY_S)
def watch(ws: Workspace) -> None:
    """Looks at what has left the queue since the last look: that costs one small query, and a file for each run that has ended."""
    looked = forms.attempt(ws.jobs.list)
    if looked.problem:  # an unreadable queue, which the Runs page speaks of
        return
    now = {job.run for job in looked.value}
    ended = st.session_state.get("jobs_seen", set()) - now
    st.session_state["jobs_seen"] = now
    running = sum(job.state == "running" for job in looked.value)
    st.set_page_config(page_title=f"({running}) ftft" if running else "ftft")
    looked_up = [forms.attempt(ws.runs.get, run).value for run in sorted(ended)]
    finals = [run for run in looked_up if run and run.final]
    if len(finals) > MOST:
        st.toast(together(finals), icon=f":material/{ICONS[_worst(finals)]}:", duration="long")
        return
    for run in finals:
        st.toast(words(ws, run), icon=f":material/{ICONS[run.state]}:", duration="long")


def together(runs: list[Run]) -> str:
    """ "7 runs ended: 5 succeeded, 2 failed"."""
    counts = Counter(run.state for run in runs)
    return f"{len(runs)} runs ended: {', '.join(f'{counts[state]} {state}' for state in ICONS if counts[state])}"


def _worst(runs: list[Run]) -> str:
    return max((run.state for run in runs), key=list(ICONS).index)


def words(ws: Workspace, run: Run) -> str:
    """ "bert-mini · ambiguous, seed 1 succeeded: dev .81" or "… failed: no memory left"; none of it is markup."""
    outcome = {"succeeded": runs_words.scored(ws, run)[0], "failed": run.error.get("message", "")}.get(run.state, "")
    verb = {"cancelled": "was cancelled", "lost": "is lost"}.get(run.state, run.state)
    return plain(f"{runs_words.with_seed(run)} {verb}{f': {outcome}' if outcome else ''}")


def plain(text: str) -> str:
    """`text` such that Markdown shows it as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|<>~:$&" else c for c in " ".join(text.split()))
