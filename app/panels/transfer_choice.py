"""The rows above the Transfer page: which runs, which pair of them, at which share and over which epochs; and what there is without two."""

from collections.abc import Sequence

import streamlit as st

from app import parts, transfermodel
from app.panels import waiting
from app.panels.choice import Choice
from app.shown import Shown
from app.transfermodel import Question
from ftft.domain import Run

state = st.session_state


def question(choice: Choice) -> Question:
    """Draws the row of the pair. `choice` shows two runs or more."""
    runs = {run.id: run for run in choice.runs}
    with st.container(horizontal=True, vertical_alignment="center", key="row_pair"):
        target = runs[_wanted("transfer_target", runs, transfermodel.default_target(choice.runs).id)]
        others = {i: run for i, run in runs.items() if i != target.id}
        reference = others[_wanted("transfer_reference", others, transfermodel.default_reference(choice.runs, target).id)]
        st.html("<span class='hint'>Would</span>", width="content")
        _box("Reference", "transfer_reference", others)
        st.html("<span class='hint'>choose the examples that</span>", width="content")
        _box("Main model", "transfer_target", runs)
        st.html("<span class='hint'>needs?</span>", width="content")
        st.space("stretch")
        if state.get("transfer_q") not in transfermodel.SHARES:
            state.transfer_q = 0.33
        q = st.selectbox(
            "Share", transfermodel.SHARES, key="transfer_q", label_visibility="collapsed", width=190, persist_state="session",
            format_func=lambda share: f"{parts.pct(share)} most ambiguous",
        )  # fmt: skip
        wanted = _epochs(choice)
    epochs = {run.id: run.epochs_within(wanted) for run in choice.runs}
    return Question(reference, target, choice.runs, q or 0.33, epochs)


def _wanted(key: str, runs: dict[str, Shown], default: str) -> str:
    """What the box was set to, as long as it is offered."""
    if state.get(key) not in runs:
        state[key] = default
    return state[key]


def _box(name: str, key: str, runs: dict[str, Shown]) -> None:
    st.selectbox(
        name, list(runs), key=key, format_func=lambda run: runs[run].label, label_visibility="collapsed", width=230, persist_state="session"
    )


def _epochs(choice: Choice) -> tuple[int, int] | None:
    """The range of epochs: at first that of the Maps page. None: all, whatever each run has."""
    last, key = choice.last_epoch, f"transfer_epochs_{choice.dataset.name}_{choice.last_epoch}"
    if last < 2:
        return None
    if key not in state:
        state[key] = choice.epochs or (1, last)
    with st.popover(transfermodel.span(state[key]), icon=":material/timeline:", key="transfer_epochs"):
        st.slider("Epochs", 1, last, key=key, width=260)
        st.caption("A run that has recorded fewer is taken as far as it goes.")
    return None if state[key] == (1, last) else state[key]


def too_few(choice: Choice, runs: Sequence[Run]) -> None:
    """What there is instead of a comparison. `runs`: all runs of the dataset."""
    if not choice.runs:
        waiting.no_map(choice, runs)
        return
    run = choice.runs[0]
    without = [other for other in runs if other.measures is not None and not other.mapped]
    also = f" ({without[0].id} was imported without confidence or variability, and cannot be compared.)" if without else ""
    if sum(other.mapped for other in runs) > 1:
        parts.empty("compare_arrows", "One run chosen", f"Choose a second one above: transfer is about what two maps have in common.{also}")
    else:
        model = run.runs[0].spec.model if run.runs[0].spec.has_settings and not run.runs[0].spec.imported else "MODEL"
        parts.empty(
            "compare_arrows", f"Only {run.label} has a map",
            "A second run is needed: another model, to see whether dynamics transfer, or the same one with another seed, to see how "
            f"reliable they are. `ftft train {choice.dataset.name} --model {model} --seed 2` starts one; so does the Launch page.{also}",
        )  # fmt: skip
