"""Selections that last: the address names the one that is made now; subsets are reopened, and compared with it."""

import streamlit as st

from app import brush, failure, forms, parts
from app.backend import read_only
from app.panels.choice import Choice
from app.panels.members import selected
from ftft import Workspace
from ftft.domain import Selection, Step
from ftft.errors import InputError

state = st.session_state

# ---- the address


def follow_address(ws: Workspace, choice: Choice) -> None:
    """Before anything is drawn: takes over the selection that the address names, and lets go of one that can no longer be found out.

    An address that this page wrote is not obeyed: a reader who is faster than the page sends an older one along.
    """
    asked, written = st.query_params.get("selection"), state.setdefault("selections_written", set())
    if asked and asked not in written:
        written.add(asked)
        state.selection_problem = forms.attempt(_take, ws, choice, asked).problem
    elif brush.history(choice.dataset.name).now.steps:
        state.selection_problem = None
    if problem := forms.attempt(selected, ws, choice, brush.history(choice.dataset.name).now).problem:
        brush.act(choice.dataset.name, "clear")
        state.selection_problem = problem
    if (said := state.get("selection_problem")) is not None:
        failure.show(said)


def write_address(ws: Workspace, choice: Choice) -> None:
    """The address shows the hash of what is selected, stored so that it can be opened again, here or in another browser."""
    now = brush.history(choice.dataset.name).now
    hash = ws.selections.keep(now, write=not read_only()) if now.steps else None
    if hash:
        state.setdefault("selections_written", set()).add(hash)
    if st.query_params.get("selection") == hash:
        return
    if hash:
        st.query_params["selection"] = hash
    else:
        st.query_params.pop("selection", None)


def _take(ws: Workspace, choice: Choice, asked: str) -> None:
    found = ws.selections.get(asked)
    if found.dataset != choice.dataset.name:
        raise InputError(
            f"selection {asked[:12]} is of dataset {found.dataset!r}", f"Choose {found.dataset} above, and open the address again"
        )
    selected(ws, choice, found)  # InputError where a run or subset that it was made by is gone
    brush.replay(found)


# ---- subsets


def saved(ws: Workspace, choice: Choice) -> None:
    """A button that opens the list of subsets."""
    with st.container(width="content"):
        _button(ws, choice)


@st.fragment
def _button(ws: Workspace, choice: Choice) -> None:
    with st.popover("Saved", icon=":material/bookmarks:", key="saved", on_change="rerun") as menu:
        _menu(ws, choice, bool(menu.open))
    if state.pop("reopened", False):
        st.rerun()


def _menu(ws: Workspace, choice: Choice, is_open: bool) -> None:
    subsets = ws.subsets.sizes(choice.dataset.name)
    if not subsets:
        parts.empty("bookmarks", "No subset yet", f"Select examples of {choice.dataset.name} and save them as a subset: it is listed here.")
        return
    name = st.selectbox(
        "Subset", list(subsets), format_func=lambda s: f"{s} · {parts.num(subsets[s])}", key=f"saved_subset_{choice.dataset.name}"
    )
    assert name is not None
    st.button("Open as the selection", icon=":material/open_in_new:", key="reopen", on_click=_open, args=(ws, choice, name), type="primary")
    chosen = selected(ws, choice, brush.history(choice.dataset.name).now)
    there = selected(ws, choice, _by_subset(choice.dataset.name, name)) if is_open else None
    if chosen is None or there is None:
        st.html("<p class='hint'>With something selected on the maps, the two are compared here.</p>")
        return
    both = int((chosen[0] & there[0]).sum())
    only_here, only_there = int(chosen[0].sum()) - both, int(there[0].sum()) - both
    st.html("<p class='hint'>Compared with what is selected now. Each part can be made the selection.</p>")
    with st.container(horizontal=True, gap="xsmall"):
        for key, words, n in (("here", "only here", only_here), ("both", "in both", both), ("there", f"only in {name}", only_there)):
            st.button(
                f"**{parts.num(n)}** {words}", key=f"compare_{key}", disabled=not n, on_click=_part, args=(choice.dataset.name, name, key)
            )


def _open(ws: Workspace, choice: Choice, name: str) -> None:
    """The steps that made it, where they give the same examples still; else its ids."""
    dataset, subset = choice.dataset, ws.subsets.get(name)
    again = forms.attempt(Selection.from_json, subset.selection).value
    found = again and again.dataset == dataset.name and forms.attempt(selected, ws, choice, again).value
    if found and found[1] == subset.hash:
        brush.replay(again)
    else:
        brush.replay(_by_subset(dataset.name, name))
        st.toast(f"The steps of {name} no longer give its examples: its frozen ids are selected", icon=":material/info:")
    _close()


def _by_subset(dataset: str, name: str) -> Selection:
    return Selection(dataset, (Step("new", "subset", {"subset": name}),))


def _part(dataset: str, name: str, part: str) -> None:
    now = brush.history(dataset).now
    if part == "there":  # what is not here, as far as the subset has it
        now, op = now.then(Step("new", "invert")), "intersect"
    else:
        op = "intersect" if part == "both" else "subtract"
    brush.replay(now.then(Step(op, "subset", {"subset": name})))
    _close()


def _close() -> None:
    state.saved, state.reopened = False, True
