"""Below the maps: the selected examples as a table, and one of them in full."""

import html
from typing import Any

import numpy as np
import streamlit as st

from app import mapmodel, parts, theme
from app.panels.choice import Choice, run_labels
from app.panels.linked_maps import active_run
from ftft import Workspace
from ftft.domain import JOIN, Run

PAGE_ROWS = 100  # a table whose rows can be chosen sends them all to the browser
SORTS = ("variability", "confidence", "correctness", "forgetting", "aum", "el2n", "loss", "id")
state = st.session_state


def examples(ws: Workspace, choice: Choice, mask_N: np.ndarray | None) -> None:
    """The selected examples, or all, page by page; searching, filtering and sorting are on all of them, not on the page."""
    run = active_run(choice)
    title = "Selected examples" if mask_N is not None else "All examples"
    parts.section(title, f"metrics of {run_labels(choice.runs)[run.id]}, over all {parts.plural(run.epochs_recorded, 'epoch')} recorded")
    page = state.get("table_page", 1)
    known = tuple(ws.map(run.id, choice.epochs_of(run)).values)
    query = _query(choice, known)
    frame, total = ws.examples(choice.dataset.name, mask_N, run=run.id, offset=(page - 1) * PAGE_ROWS, limit=PAGE_ROWS, **query)
    pages = -(-total // PAGE_ROWS)
    if page > max(pages, 1):  # the search became narrower than the page that is open
        del state["table_page"]
        st.rerun()
    if not total:
        parts.empty("search_off", "No example matches", "Clear the search or the label filter, or draw a larger region on a map.")
        return
    _table(frame, run, known, f"{run.id}{page}{query}{total}")
    with st.container(horizontal=True, vertical_alignment="center"):
        first = (page - 1) * PAGE_ROWS + 1
        st.caption(f"{parts.num(first)}–{parts.num(first + len(frame) - 1)} of {parts.num(total)}", width="content")
        if pages > 1:
            st.pagination(pages, key="table_page", max_visible_pages=5)


def _query(choice: Choice, known: tuple[str, ...]) -> dict[str, Any]:
    """`known`: the metrics that the run has; an imported one may lack some."""
    sorts = [name for name in SORTS if name in (*known, "id")]
    if state.get("sort") not in sorts:
        state.pop("sort", None)
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search", placeholder="Search text", icon=":material/search:", label_visibility="collapsed", width=190, key="search"
        )
        labels = st.pills(
            "Label", choice.dataset.labels, selection_mode="multi", label_visibility="collapsed", key=f"labels_{choice.dataset.name}"
        )
        st.space("stretch")
        sort = st.selectbox("Sort", sorts, label_visibility="collapsed", format_func=lambda name: f"Sort: {name}", width=160, key="sort")
        descending = st.toggle("Falling", value=True, key="falling")
    return {"search": search, "labels": tuple(labels or ()), "sort": sort, "descending": descending}


def _table(frame: Any, run: Run, known: tuple[str, ...], key: str) -> None:
    metrics = [name for name in ("confidence", "variability", "correctness") if name in known]
    event = st.dataframe(
        frame[["id", "label", "text", *metrics, *(["curve"] if run.measures is None else [])]],
        key=f"table_{key}",
        hide_index=True,
        height=320,
        row_height=30,
        on_select="rerun",
        selection_mode="single-row",
        column_config=_columns(run.epochs_recorded),
    )
    picked = frame["id"].iloc[event.selection.rows[0]] if event.selection.rows else None
    if picked != state.get("row_picked"):  # only a new choice counts: a later click on a map must win over the row that is still marked
        state.row_picked = picked
        if picked is not None:
            state.focus = picked
            st.rerun()


def _columns(epochs: int) -> dict[str, Any]:
    t, column = theme.tokens(), st.column_config
    return {
        "id": column.TextColumn(width=80),
        "label": column.TextColumn(width=90),
        "text": column.TextColumn(width=290),
        "confidence": column.ProgressColumn("conf.", width=90, min_value=0, max_value=1, format="%.2f", color=t["easy"]),
        "variability": column.ProgressColumn("var.", width=90, min_value=0, max_value=0.5, format="%.2f", color=t["ambiguous"]),
        "correctness": column.NumberColumn(f"right of {epochs}", width=70, format="%d"),
        "curve": column.LineChartColumn("p(gold)", width=90, y_min=0, y_max=1, color=t["accent"]),
    }


# ---- one example


def detail(ws: Workspace, choice: Choice) -> None:
    """The chosen example: its texts, p(gold) of each shown run over the epochs, its metrics."""
    place = mapmodel.ids(ws, choice.dataset.name, choice.dataset.fingerprint).place(state.get("focus"))
    parts.section("Example", "" if place is None else state.focus)
    if place is None:
        parts.empty("ads_click", "No example chosen", "Click a row of the table or a point on a map. The example is ringed on every map.")
        return
    _texts(ws, choice, place)
    curves = ws.curves([run.id for run in choice.runs], state.focus)
    seen = [run for run in choice.runs if run.id in curves]
    names, colours = run_labels(choice.runs), dict(zip((run.id for run in choice.runs), theme.run_colours(len(choice.runs)), strict=True))
    if seen:
        figure = theme.figure(
            *[_curve(names[run.id], curves[run.id], colours[run.id]) for run in seen], height=165, showlegend=False,
            xaxis={"title": "epoch", "dtick": 1}, yaxis={"title": "p(gold)", "range": [-0.03, 1.03], "nticks": 3},
        )  # fmt: skip
        theme.show(figure, key="curves", alt=f"Probability of the gold label in each epoch for example {state.focus}, one line a run")
    _metrics(ws, choice, [run for run in choice.runs if run in seen or run.measures is not None], names, colours)


def _texts(ws: Workspace, choice: Choice, place: int) -> None:
    mask_N = np.zeros(choice.dataset.train.rows, bool)
    mask_N[place] = True
    row = ws.examples(choice.dataset.name, mask_N, limit=1)[0].iloc[0]
    names, texts = choice.dataset.text_columns, str(row["text"]).split(JOIN)
    if len(names) == len(texts) > 1:
        body = "".join(f"<p><small>{html.escape(n)}</small><br>{html.escape(t)}</p>" for n, t in zip(names, texts, strict=True))
    else:
        body = f"<p>{html.escape(JOIN.join(texts))}</p>"
    st.html(f"<div class='example'><span class='tag'>gold: {html.escape(str(row['label']))}</span>{body}</div>")


def _curve(name: str, p_gold_E: np.ndarray, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": name, "x": list(range(1, len(p_gold_E) + 1)), "y": p_gold_E.tolist(),
        "line": {"color": colour, "width": 2}, "marker": {"size": 5},
        "hovertemplate": "%{fullData.name}, epoch %{x}: %{y:.2f}<extra></extra>",
    }  # fmt: skip


def _metrics(ws: Workspace, choice: Choice, runs: list[Run], names: dict[str, str], colours: dict[str, str]) -> None:
    columns = ("confidence", "variability", "correctness")
    lines = []
    for run in runs:
        data_map = ws.map(run.id, choice.epochs_of(run))
        places = np.flatnonzero(data_map.ids_N == state.focus)
        if not len(places):
            continue  # an imported run need not hold every example
        at = int(places[0])
        first, last = data_map.epochs
        right = f"{int(data_map.values['correctness'][at])} of {last - first + 1}" if "correctness" in data_map.values else "–"
        values = [*(f"{data_map.values[c][at]:.2f}" for c in columns[:2]), right]
        dot = f"<i class='dot' style='background:{colours[run.id]}'></i>"
        lines.append(f"<tr><td>{dot}{html.escape(names[run.id])}</td>{''.join(f'<td>{v}</td>' for v in values)}</tr>")
    head = "".join(f"<th>{column}</th>" for column in columns)
    st.html(f"<table class='mini'><tr><th></th>{head}</tr>{''.join(lines)}</table>")
