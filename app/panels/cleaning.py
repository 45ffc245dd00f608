"""Cleaning labels: flag what is selected, suggest labels, derive a dataset; and what is written beside one example."""

import shlex
from collections.abc import Callable
from typing import Any, Literal, cast

import numpy as np
import streamlit as st

from app import brush, failure, forms, parts
from app.backend import read_only
from app.panels.choice import Choice
from ftft import Workspace
from ftft.domain import LABEL_WRONG

HOW = {"drop": "Leave them out", "relabel": "Give them the suggested labels"}
state = st.session_state

# ---- what is selected


def cleaning(ws: Workspace, choice: Choice, mask_N: np.ndarray) -> None:
    """A button that opens what can be written beside all selected examples, and leads to a dataset without them."""
    with st.container(width="content"):
        _flags(ws, choice, mask_N)
    if state.get("deriving"):
        _derive(ws, choice)


@st.fragment
def _flags(ws: Workspace, choice: Choice, mask_N: np.ndarray) -> None:
    dataset, n = choice.dataset.name, int(mask_N.sum())
    with st.popover("Flag", icon=":material/flag:", key="flag_selected", on_change="rerun", disabled=not n) as menu:
        if n and menu.open:
            for flag, count in ws.notes.flags(dataset).items():
                _flag_row(ws, choice, mask_N, flag, count)
            with st.container(horizontal=True, vertical_alignment="bottom"):
                other = st.text_input("Another flag", key="other_flag", max_chars=40).strip()
                _button("Flag", "flag_other", ws.notes.flag, dataset, _ids(ws, dataset, mask_N), other, disabled=not other)
            with st.container(horizontal=True, vertical_alignment="bottom"):
                label = st.selectbox("Suggest a label", choice.dataset.labels, None, key=f"suggest_{dataset}", placeholder="none")
                _button(f"For all {parts.num(n)}", "suggest_all", ws.notes.suggest, dataset, _ids(ws, dataset, mask_N), label)
            st.button("Derive a dataset …", icon=":material/cleaning_services:", key="derive", disabled=read_only(), on_click=_open)
            _problem("selected")
    if state.pop("noted", False):
        st.rerun()


def _flag_row(ws: Workspace, choice: Choice, mask_N: np.ndarray, flag: str, count: int) -> None:
    dataset, n = choice.dataset.name, int(mask_N.sum())
    have = int((ws.notes.flagged(dataset, flag) & mask_N).sum()) if count else 0
    with st.container(horizontal=True, vertical_alignment="center"):
        words = f"{parts.num(have)} of {parts.num(n)} have it" if have < n else f"all {parts.num(n)} have it"
        _button(flag.capitalize(), f"flag_{flag}", ws.notes.flag, dataset, _ids(ws, dataset, mask_N), flag, disabled=have == n)
        st.html(f"<span class='hint'>{words}</span>", width="stretch")
        _button("Take away", f"unflag_{flag}", ws.notes.flag, dataset, _ids(ws, dataset, mask_N), flag, False, disabled=not have)


def _ids(ws: Workspace, dataset: str, mask_N: np.ndarray) -> Callable[[], list[str]]:
    """The ids, when they are needed: a million take their time."""
    return lambda: ws.data.ids(dataset)[mask_N].tolist()


def _button(words: str, key: str, write: Callable[..., None], *args: Any, disabled: bool = False) -> None:
    if st.button(words, key=key, disabled=disabled or read_only()):  # no callback: it would have what was typed before the last change
        _written("selected", write, *args)


def _written(place: str, write: Callable[..., None], *args: Any) -> None:
    """Writes, or keeps what is wrong for the place where it is shown."""
    outcome = forms.attempt(write, *(arg() if callable(arg) else arg for arg in args))
    state.setdefault("note_problems", {})[place] = outcome.problem
    state.noted = place == "selected"  # a fragment, after which the page has to follow


def _open() -> None:
    state.deriving, state.noted, state.flag_selected = True, True, False


def _problem(place: str) -> None:
    problem = state.get("note_problems", {}).get(place)
    if problem is not None:
        failure.show(problem)


# ---- a dataset of its own


@st.dialog("Derive a dataset", icon=":material/cleaning_services:", on_dismiss=lambda: state.pop("deriving", None))
def _derive(ws: Workspace, choice: Choice) -> None:
    dataset = choice.dataset.name
    flags = {flag: n for flag, n in ws.notes.flags(dataset).items() if n}
    if not flags:
        parts.empty("flag", "Nothing is flagged yet", f'Select examples and flag them as "{LABEL_WRONG}" first.')
        return
    flag = st.selectbox(
        "Flagged examples", list(flags), format_func=lambda f: f"{f} · {parts.of(flags[f], choice.dataset.train.rows)}", key="derive_flag"
    )
    how = st.segmented_control(
        "What happens to them", list(HOW), format_func=HOW.__getitem__, default="drop", required=True, key="derive_how"
    )
    taken = set(ws.data.names())
    name = st.text_input("Name", _free(dataset, taken), key=f"derive_name_{dataset}").strip()
    assert flag is not None
    file = forms.attempt(ws.notes.list_file, dataset, flag, how)
    if file.problem:
        failure.show(file.problem)
        return
    st.caption(f"{dataset} stays as it is; subsets and runs belong to it. The same in a shell, once the list is written:")
    st.code(
        forms.in_lines(shlex.join(["ftft", "data", "derive", dataset, "--name", name, f"--{how}", str(file.value)])),
        language="bash",
        wrap_lines=True,
    )
    if st.button(f"Make {name}", type="primary", key="confirm_derive", disabled=read_only() or not name):
        with st.spinner("Writing and checking …"):
            made = forms.attempt(ws.notes.derive, dataset, name=name, flag=flag, how=cast(Literal["drop", "relabel"], how))
        if made.problem:
            failure.show(made.problem)
            return
        state.derived = made.value.name, made.value.train.rows
    if state.get("derived", ("",))[0] == name:
        rows = parts.plural(state.derived[1], "training example")
        st.html(parts.finding("good", "check_circle", f"{name} is made, with {rows}", "Train a reference on it to see its map."))
        if st.button(f"Open {name}", icon=":material/database:", key="open_derived"):
            state.data_open = name
            state.pop("deriving", None)
            state.pop("derived", None)
            st.switch_page("views/data.py")


def _free(dataset: str, taken: set[str]) -> str:
    """A name that no dataset has."""
    names = (f"{dataset}-clean{f'-{n}' if n > 1 else ''}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


# ---- one example


def note_editor(ws: Workspace, choice: Choice, example_id: str) -> None:
    """Flags, the label that it should have, a note: written as soon as they are changed."""
    dataset, note, locked = choice.dataset.name, ws.notes.get(choice.dataset.name, example_id), read_only()
    keys = {name: f"note_{name}_{dataset}_{example_id}" for name in ("flags", "label", "text")}
    values = {"flags": list(note.flags), "label": note.label, "text": note.text}
    for name, value in values.items():
        if state.get(keys[name]) != value:  # another browser may have written
            state[keys[name]] = value

    def flagged() -> None:
        now, before = set(state[keys["flags"]]), set(ws.notes.get(dataset, example_id).flags)
        for flag in sorted(now ^ before):
            _written("example", ws.notes.flag, dataset, [example_id], flag, flag in now)

    with st.container(key="note_editor", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.pills(
                "Flags", list(dict.fromkeys([*ws.notes.flags(dataset), *note.flags])), selection_mode="multi", key=keys["flags"],
                label_visibility="collapsed", on_change=flagged, disabled=locked, width="content",
            )  # fmt: skip
            st.selectbox(
                "Suggested label", choice.dataset.labels, None, key=keys["label"], placeholder="suggest a label", width=170,
                label_visibility="collapsed", disabled=locked,
                on_change=lambda: _written("example", ws.notes.suggest, dataset, [example_id], state[keys["label"]]),
            )  # fmt: skip
            _pick(choice, example_id)
        st.text_input(
            "Note", key=keys["text"], placeholder="Note", label_visibility="collapsed", disabled=locked,
            on_change=lambda: _written("example", ws.notes.write, dataset, example_id, state[keys["text"]]),
        )  # fmt: skip
        _problem("example")


def _pick(choice: Choice, example_id: str) -> None:
    """The example as a step of the selection."""
    for op, icon, words in (("add", "add_circle", "Add to the selection"), ("subtract", "do_not_disturb_on", "Take out of the selection")):
        st.button(
            words, icon=f":material/{icon}:", key=f"pick_{op}", type="tertiary", help=words, on_click=brush.pick,
            args=(choice.dataset.name, example_id, op),
        )  # fmt: skip
