"""The bar at the bottom: how many examples are selected, what they are, how far the other maps agree, and what can be done with them."""

from typing import Any

import numpy as np
import streamlit as st

from app import brush, parts, theme
from app.backend import read_only
from app.panels.add_step import add_step
from app.panels.choice import Choice
from app.panels.cleaning import cleaning
from app.panels.exporting import export_menu
from app.panels.members import agreement
from app.panels.saved import saved
from app.panels.steps import steps_panel
from ftft import Workspace
from ftft.domain import Selection

LABELS = 4  # shown here; of more, those whose share differs most
COMPARED = 3  # other maps whose agreement is shown here; the titles of the maps show all
state = st.session_state


def count(choice: Choice, chosen: tuple[np.ndarray, str] | None) -> tuple[Any, Any]:
    """How many examples are selected, before anything that takes longer; gives the places of the steps and of the rest of the bar.

    `chosen`: which examples are selected and the hash of their ids; None where nothing was ever selected.
    """
    whole = choice.dataset.train.rows
    steps, bar = st.container(key="steps_row"), st.container(horizontal=True, vertical_alignment="center", key="selection_bar")
    with bar:
        if chosen is None:
            _count(0, whole, "", "Draw a lasso on any map, or start from a region: the ambiguous third is what FTFT trains on.")
        else:
            n = int(np.count_nonzero(chosen[0]))
            _count(n, whole, chosen[1] if n else "", f"selected · {parts.pct(n / whole, 1)}")
    return steps, bar


def selection_bar(ws: Workspace, choice: Choice, chosen: tuple[np.ndarray, str] | None, places: tuple[Any, Any]) -> None:
    """All of the bar but the count; `places` as `count` gave them."""
    steps, bar = places
    if chosen is None:
        with bar:
            st.space("stretch")
            add_step(ws, choice)
            export_menu(ws, choice, None)
            saved(ws, choice)
        return
    mask_N, digest = chosen
    with steps:
        steps_panel(ws, choice)
    with bar:
        _labels(ws, choice, mask_N)
        _agreements(ws, choice, mask_N)
        st.space("stretch")
        cleaning(ws, choice, mask_N)
        export_menu(ws, choice, chosen)
        saved(ws, choice)
        _use(ws, brush.history(choice.dataset.name).now, digest, locked=not mask_N.any() or read_only())
    if state.get("naming"):
        _name_it(ws, choice, brush.history(choice.dataset.name).now, int(np.count_nonzero(mask_N)))


def _use(ws: Workspace, selection: Selection, digest: str, locked: bool) -> None:
    if st.button("Save as subset", icon=":material/bookmark_add:", key="save_subset", disabled=locked):
        state.naming = True
    if st.button("Fine-tune on this", type="primary", icon=":material/rocket_launch:", key="fine_tune", disabled=locked):
        _fine_tune(ws, selection, digest)


def _count(n: int, whole: int, digest: str, words: str) -> None:
    with st.container(key="selection_count", width="content"):
        st.html(
            f"<div class='count' data-testid='selection' data-n='{n}' data-of='{whole}' data-hash='{digest}'>"
            f"<b>{parts.num(n)}</b> <span>of {parts.num(whole)}</span><br><span>{words}</span></div>"
        )


def _labels(ws: Workspace, choice: Choice, mask_N: np.ndarray) -> None:
    labels = choice.dataset.labels
    gold_N = ws.data.gold(choice.dataset.name)
    mine, whole = (np.bincount(gold, minlength=len(labels)) / max(len(gold), 1) for gold in (gold_N[mask_N], gold_N))
    rows = list(zip(labels, mine.tolist(), whole.tolist(), theme.label_colours(len(labels)), strict=True))
    if len(rows) > LABELS:
        rows = sorted(rows, key=lambda row: abs(row[1] - row[2]), reverse=True)[:LABELS]
    st.html(parts.bars(rows, f"{'labels' if len(labels) <= LABELS else 'labels that differ most'}, | = whole training set"), width=230)


def _agreements(ws: Workspace, choice: Choice, mask_N: np.ndarray) -> None:
    made_on = brush.runs_of(brush.history(choice.dataset.name).now)
    others = [run for run in choice.runs if run.id not in made_on][:COMPARED]
    if not made_on or not others:  # by label or text, it is the same on every map
        return
    rows = [(run.label, *agreement(ws, choice, mask_N, run), theme.tokens()["muted"]) for run in others]
    # The titles of the maps say the same: on narrow pages it makes room for the buttons.
    st.html(f"<div class='wide-only'>{parts.bars(rows, 'same outlines on the other maps, | = chance')}</div>", width=310)


# ---- subsets


@st.dialog("Save as subset", on_dismiss=lambda: state.pop("naming", None))
def _name_it(ws: Workspace, choice: Choice, selection: Selection, n: int) -> None:
    taken = {subset.name for subset in ws.subsets.list()}
    name = st.text_input("Name", brush.suggested_name(selection, taken), key="subset_name")
    steps = parts.plural(len(selection.steps), "step")
    st.caption(f"{parts.num(n)} examples of {choice.dataset.name}, frozen: their ids, a hash, and how they were selected ({steps}).")
    if st.button("Save", type="primary", key="confirm_subset"):
        ws.select(selection, name=name)
        del state["naming"]
        st.toast(f"Saved subset {name}", icon=":material/check:")
        st.rerun()


def _fine_tune(ws: Workspace, selection: Selection, digest: str) -> None:
    """To the Launch page with this subset, which is saved first if it is not yet."""
    subsets = ws.subsets.list()
    same = next((s for s in subsets if s.hash == digest and s.dataset_name == selection.dataset), None)
    subset = same or ws.select(selection, name=brush.suggested_name(selection, {s.name for s in subsets}))
    state["launch_dataset"], state["launch_subset"] = selection.dataset, subset.name
    st.switch_page("views/launch.py")
