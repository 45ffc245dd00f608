"""A run that is to be asked for again with changes: its settings become the form's defaults, until somebody forgets it."""

import streamlit as st

from app import forms
from ftft import Workspace
from ftft.domain import Dataset, Run

FROM = "launch_from"  # the id of the run, as the Runs page asks for it


def taken_over(ws: Workspace, datasets: list[Dataset]) -> Run | None:
    """The run whose settings the form shows; None without one. At first the other fields are set to what it had."""
    state = st.session_state
    if asked := state.pop(FROM, None):
        state["launch_clone"], state["clone_is_new"] = asked, True
    run = forms.attempt(ws.runs.get, state.get("launch_clone", "")).value if "launch_clone" in state else None
    if run is None or not run.spec.has_settings or run.spec.dataset not in {dataset.name for dataset in datasets}:
        forget()
        return None
    if state.pop("clone_is_new", False):
        state["launch_dataset"], state["main_model"], state["launch_subset"] = run.spec.dataset, run.spec.model, run.spec.subset or ""
        state["seeds"], state["seeds_for"] = str(run.spec.seed), run.spec.subset is not None
    return run


def forget() -> None:
    """Back to the defaults."""
    st.session_state.pop("launch_clone", None)
