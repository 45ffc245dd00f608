"""What can be done with a run, by its state."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app import forms, price
from app.backend import read_only
from app.panels import runs_compare
from ftft import Workspace
from ftft.domain import Run

RESUMABLE = ("failed", "cancelled", "lost")


def draw(ws: Workspace, run: Run) -> None:
    """The buttons: what changes the run first, then where to go with it."""
    trained = not run.spec.imported
    with st.container(horizontal=True, key="run_buttons"):
        if run.state in ("queued", "running"):
            words, icon = ("Stopping …", "hourglass_top") if run.stopping else ("Cancel", "block")
            _act(words, icon, "cancel_run", ws.runs.cancel, run.id, disabled=run.stopping)
        if run.state in RESUMABLE and trained:
            words = "Retry" if run.state == "failed" else "Resume"
            _act(words, "replay", "resume_run", ws.runs.resume, run.id, primary=True)
        if run.state == "queued" and (run.position or 1) > 1:
            _act("Run next", "vertical_align_top", "first_run", ws.jobs.first, run.id)
        if run.mapped and run.spec.subset is None and st.button("Open map", icon=":material/bubble_chart:", key="open_map"):
            st.switch_page("views/maps.py", query_params={"dataset": run.spec.dataset, "runs": run.id})
        if run.spec.subset and run.scores and st.button("Open results", icon=":material/leaderboard:", key="open_results"):
            st.switch_page("views/results.py")
        if st.button("Compare", icon=":material/compare_arrows:", key="compare_run", help="With other runs: settings, scores, losses"):
            runs_compare.dialog(ws, run.id)
        if (
            run.spec.has_settings
            and trained
            and st.button(
                "Clone", icon=":material/content_copy:", key="clone_run", help="Fills the Launch page with these settings, to change some"
            )
        ):
            st.session_state["launch_from"] = run.id
            st.switch_page("views/launch.py")
        if run.final:
            _remove(ws, run)


def _remove(ws: Workspace, run: Run) -> None:
    """Two clicks; the second one says what it frees."""
    if st.session_state.get("run_removing") != run.id:
        st.button("Remove", icon=":material/delete:", key="remove_run", on_click=_ask, args=(run.id,), disabled=read_only())
        return
    words = f"Remove, frees {price.size(ws.runs.size(run.id))}"
    _act(words, "delete", "confirm_remove_run", _removed, ws, run.id, primary=True)
    st.button("Keep", key="keep_run", on_click=_ask, args=(None,))


def _ask(run: str | None) -> None:
    st.session_state["run_removing"] = run


def _removed(ws: Workspace, run: str) -> None:
    ws.runs.remove(run)
    st.session_state["run_removed"] = run  # the page need not say that it is gone
    st.session_state["run_removing"] = None


def _act(words: str, icon: str, key: str, action: Callable[..., Any], *args: Any, disabled: bool = False, primary: bool = False) -> None:
    st.button(
        words, icon=f":material/{icon}:", key=key, type="primary" if primary else "secondary", on_click=_do, args=(action, *args),
        disabled=disabled or read_only(),
    )  # fmt: skip


def _do(action: Callable[..., Any], *args: Any) -> None:
    """Does it, and has the page drawn with what came of it."""
    done = forms.attempt(action, *args)
    if done.problem:
        st.toast(str(done.problem), icon=":material/warning:")
    st.rerun()
