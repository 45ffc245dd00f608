"""Below the maps: the selected examples as a table. Searching, filtering and sorting are on all of them, a page at a time is sent."""

from typing import Any

import numpy as np
import streamlit as st

from app import brush, failure, forms, parts
from app.panels.choice import Choice
from app.panels.linked_maps import active_run
from app.panels.table_columns import CURVE, columns_chosen, configured, fetched, shown_as, sortable
from app.shown import Shown
from ftft import Workspace
from ftft.domain import Step

PAGE_ROWS = (50, 100, 500)  # a table whose rows can be chosen sends them all to the browser
TEXT = 300  # characters of a text that the table shows; the rest is beside it
state = st.session_state


def examples(ws: Workspace, choice: Choice, mask_N: np.ndarray | None) -> None:
    """The selected examples, or all. `state.table` keeps which table it is, so that "next example" means its next row."""
    run, (first, last) = active_run(choice), choice.epochs_of(active_run(choice))
    title = "Selected examples" if mask_N is not None else "All examples"
    epochs = f"epochs {first}–{last}" if first < last else f"epoch {first}"
    parts.section(title, f"metrics of {run.label}, {epochs}")
    query = _query(ws, choice, run, mask_N)
    rows = state.page_rows
    page = state.get("table_page", 1)
    asked = {"run": run.id, "epochs": choice.epochs_of(run), **query}
    state.table = {"dataset": choice.dataset.name, "mask": mask_N, "query": asked}
    outcome = forms.attempt(ws.examples, choice.dataset.name, mask_N, offset=(page - 1) * rows, limit=rows, columns=fetched(), **asked)
    if outcome.problem:  # a regular expression that is not finished yet
        state.pop("table")
        failure.show(outcome.problem)
        return
    frame, total = outcome.value
    pages = -(-total // rows)
    if page > max(pages, 1):  # the search became narrower than the page that is open
        del state["table_page"]
        st.rerun()
    if not total:
        parts.empty("search_off", "No example matches", "Clear the search or the label filter, or draw a larger region on a map.")
        return
    _table(ws, choice, frame, run, f"{run.id}{page}{asked}{total}{state.columns_chosen}")
    with st.container(horizontal=True, vertical_alignment="center", key="table_below"):
        first = (page - 1) * rows + 1
        st.html(f"<span class='hint'>{parts.num(first)}–{parts.num(first + len(frame) - 1)} of {parts.num(total)}</span>", width="content")
        if pages > 1:
            st.pagination(pages, key="table_page", max_visible_pages=5)
        st.space("stretch")
        _select_these(choice, query, total, mask_N)


def _query(ws: Workspace, choice: Choice, run: Shown, mask_N: np.ndarray | None) -> dict[str, Any]:
    """The row above the table: what is searched for, which labels, in which order, and which columns there are."""
    sorts = sortable(ws, choice, run)
    if state.get("sort") not in sorts:
        state.sort = sorts[0]
    with st.container(horizontal=True, vertical_alignment="center", key="table_query"):
        search = st.text_input(
            "Search", placeholder="Search text", icon=":material/search:", label_visibility="collapsed", width=180, key="search",
            persist_state="session",
        )  # fmt: skip
        regex = st.toggle(
            "Regex", key="search_regex", help="Read by RE2, upper and lower case apart; (?i) takes both", persist_state="session"
        )
        labels = st.pills(
            "Label", choice.dataset.labels, selection_mode="multi", label_visibility="collapsed", key=f"labels_{choice.dataset.name}",
            width="content",
        )  # fmt: skip
        st.space("stretch")
        sort = st.selectbox(
            "Sort", sorts, label_visibility="collapsed", format_func=lambda name: f"Sort: {shown_as(name)}", width=180, key="sort",
            persist_state="session",
        )  # fmt: skip
        descending = _falling()
        with st.popover("", icon=":material/view_column:", key="columns", help="Columns and rows of the table"):
            columns_chosen(ws, choice, run)
            st.segmented_control("Rows a page", PAGE_ROWS, default=PAGE_ROWS[1], key="page_rows", required=True)
    return {"search": search, "regex": regex, "labels": tuple(labels or ()), "sort": sort, "descending": descending}


def _falling() -> bool:
    """Is the largest first? A button that says the one and does the other."""
    falling = state.setdefault("sort_falling", True)
    words = "Largest first" if falling else "Smallest first"

    def turn() -> None:
        state.sort_falling = not falling

    icon = ":material/arrow_downward:" if falling else ":material/arrow_upward:"
    st.button("", icon=icon, key="falling", on_click=turn, help=f"{words}; click to turn the order round")
    return falling


def _table(ws: Workspace, choice: Choice, frame: Any, run: Shown, key: str) -> None:
    columns = ["id", "label", "text", *state.columns_chosen]
    ids = frame["id"].tolist()
    key = f"table_{key}"

    def opened() -> None:
        """Only when another cell is chosen: a later click on a map wins over the one that is still marked."""
        cells = state[key].selection.cells
        if cells and cells[0][0] < len(ids):
            state.focus = ids[cells[0][0]]

    notes = ws.notes.all(choice.dataset.name) if {"flags", "note"} & set(columns) else {}
    frame = frame.assign(
        text=[text if len(text) <= TEXT else f"{text[:TEXT]} …" for text in frame["text"]],
        flags=[", ".join(notes[i].flags) if i in notes else "" for i in ids],
        note=[_note(notes[i]) if i in notes else "" for i in ids],
    )
    st.dataframe(
        frame[[name for name in columns if name in frame]],
        key=key,
        hide_index=True,
        height=520,
        row_height=30,
        on_select=opened,
        selection_mode="single-cell",
        placeholder="",
        column_config=configured(run, choice, CURVE in columns),
        alt="Examples; choose a cell to open its example",
    )


def _note(note: Any) -> str:
    suggested = [f"→ {note.label}"] if note.label is not None else []
    return " · ".join([*suggested, *([note.text] if note.text else [])])


def _select_these(choice: Choice, query: dict[str, Any], total: int, mask_N: np.ndarray | None) -> None:
    """What the table was narrowed down to becomes the selection: one step more for the search, and one for the labels."""
    steps = [("text", {"query": query["search"], "regex": query["regex"]})] if query["search"] else []
    steps += [("label", {"labels": list(query["labels"])})] if query["labels"] else []
    if not steps or total == (choice.dataset.train.rows if mask_N is None else np.count_nonzero(mask_N)):
        return  # nothing would change

    def select() -> None:
        for n, (by, what) in enumerate(steps):
            brush.select(choice.dataset.name, Step("new" if mask_N is None and not n else "intersect", by, what))

    st.button(f"Select these {parts.num(total)}", icon=":material/ink_selection:", key="select_these", on_click=select)
