"""What a main model is to see: a subset that is saved, everything, or what a run that is still on its way will choose."""

import re
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from app import forms
from ftft import Workspace
from ftft.domain import Dataset, Run, Selection, Step

EVERYTHING = ""  # the option of the subset box that stands for no subset
COMING = "when/"  # begins an option that stands for a run; no name has a slash
TOP, METRIC = 0.33, "variability"  # what FTFT takes of a reference
_DRAWN = re.compile(r".+\.(random|matched)-\d+")


@dataclass(frozen=True)
class Choice:
    """`name` is None for everything; `selection` makes the subset later; `steps`: the selection behind it, as its file has it."""

    dataset: Dataset
    key: str
    name: str | None = None
    selection: Selection | None = None
    steps: dict[str, Any] = field(default_factory=dict)


def box(ws: Workspace, dataset: Dataset) -> Choice:
    """The subset box, and beside it the name of a subset that is still to be made."""
    sizes = ws.subsets.sizes(dataset.name)
    saved = sorted(sizes, key=lambda name: bool(_DRAWN.fullmatch(name)))  # those of random controls come last
    coming = {COMING + run.id: run for run in ws.runs.list(dataset=dataset.name) if _will_choose(run, dataset)}
    options = [*saved, *coming, EVERYTHING] if saved else [EVERYTHING, *coming]
    preset("launch_subset", "subset", options)
    chosen = st.selectbox(
        "Subset", options, format_func=lambda option: _called(option, coming), key="subset", persist_state="session",
        width=430 if coming else 220,
    )  # fmt: skip
    if chosen in coming:
        return _to_come(dataset, coming[chosen])
    if not chosen:
        return Choice(dataset, "")
    found = forms.attempt(ws.subsets.get, chosen)  # a broken one is for the plan to say
    return Choice(dataset, chosen, chosen, steps=found.value.selection if found.value else {})


def preset(asked: str, key: str, options: list[str], default: str | None = None) -> None:
    """Takes over what another page asked for, once; a choice that no longer exists is forgotten."""
    wanted = st.session_state.pop(asked, st.session_state.get(key, default))
    if wanted in options:
        st.session_state[key] = wanted
    else:
        st.session_state.pop(key, None)


def _to_come(dataset: Dataset, run: Run) -> Choice:
    proposed = re.sub(r"[^\w.+]+", "-", f"{run.spec.model_name}-s{run.spec.seed}").strip("-")[:60] + f".top{round(100 * TOP)}"
    name = st.text_input(
        "Its name", proposed, key=f"coming_name_{run.id}", width=200, help="Under which the subset is saved once it is made"
    )
    step = Step("new", "top", {"run": run.id, "metric": METRIC, "q": TOP})
    selection = Selection(dataset.name, (step,))
    return Choice(dataset, f"when_{run.id}", name, selection, selection.to_json())


def _will_choose(run: Run, dataset: Dataset) -> bool:
    """Is it a reference on its way: a run on everything that will leave a map?"""
    spec = run.spec
    waits = run.state in ("queued", "running") and not run.stopping
    return waits and spec.on_everything and spec.capture != "none" and spec.dataset_fingerprint == dataset.fingerprint


def _called(option: str, coming: dict[str, Run]) -> str:
    if option not in coming:
        return option or "everything"
    spec = coming[option].spec
    return f"top {round(100 * TOP)}\u202f% by {METRIC} of {spec.model_name} seed {spec.seed}, when it is done"
