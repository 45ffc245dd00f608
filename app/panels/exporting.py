"""Taking it away: the selection as a file, its rows, figures of the maps, and the words that give the same subset without the app.

Nothing is worked out before its button is clicked: each holds a function, which runs outside of the page.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from app import brush, looks, parts, reproduce
from app.panels.choice import Choice
from app.panels.linked_maps import active_run
from app.shown import Shown
from ftft import Workspace
from ftft.domain import Selection

ROWS = {"csv": "CSV", "jsonl": "JSON Lines", "parquet": "Parquet"}
FIGURES = {"pdf": "PDF", "svg": "SVG", "png": "PNG"}
MIME = {
    "json": "application/json", "txt": "text/plain", "csv": "text/csv", "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet", "pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png",
}  # fmt: skip
Chosen = tuple[np.ndarray, str] | None


def export_menu(ws: Workspace, choice: Choice, chosen: Chosen) -> None:
    """A button that opens what can be taken away. `chosen`: which examples are selected and the hash of their ids, None for none."""
    with st.container(width="content"):
        _button(ws, choice, chosen)


@st.fragment
def _button(ws: Workspace, choice: Choice, chosen: Chosen) -> None:
    with st.popover("Export", icon=":material/download:", key="export", on_change="rerun") as menu:
        if not menu.open:
            return
        selection = brush.history(choice.dataset.name).now
        if chosen is not None and chosen[0].any():
            _selection(ws, choice, selection, chosen[0])
        _figure(ws, choice, selection if chosen is not None else None)
        if chosen is not None and chosen[0].any():
            _reproduce(ws, selection)


# ---- the selection


def _selection(ws: Workspace, choice: Choice, selection: Selection, mask_N: np.ndarray) -> None:
    run = active_run(choice)
    parts.section("Selection", parts.of(int(mask_N.sum()), len(mask_N)))
    with st.container(horizontal=True, gap="xsmall"):
        _download("Steps", reproduce.file_name(selection), selection_file(selection), "The selection file: every step, to be made again")
        _download("Ids", _named(selection, "txt"), rows(ws, choice, mask_N, run, "txt"), "One id a line")
        for kind, name in ROWS.items():
            _download(
                name,
                _named(selection, kind),
                rows(ws, choice, mask_N, run, kind),
                f"All columns, and the metrics of {run.label} over its epochs",
            )


def selection_file(selection: Selection) -> Callable[[], bytes]:
    """The selection file, when it is asked for."""
    import json

    return lambda: json.dumps(selection.to_json(), indent=1, ensure_ascii=False).encode()


def rows(ws: Workspace, choice: Choice, mask_N: np.ndarray, run: Shown, kind: str) -> Callable[[], bytes]:
    """The selected examples as a file of `kind`, when it is asked for."""
    epochs = choice.epochs_of(run)
    return lambda: ws.rows_bytes(choice.dataset.name, mask_N, kind=kind, run=run.id, epochs=epochs)


# ---- figures


def _figure(ws: Workspace, choice: Choice, selection: Selection | None) -> None:
    active = active_run(choice)
    parts.section("Figure", "at paper size, the selection drawn" if selection else "at paper size")
    sizes = {"column": f"{active.label}, one column", "page": f"all {len(choice.runs)} maps, page width"}
    with st.container(horizontal=True, vertical_alignment="center"):
        width = st.segmented_control(
            "Width", list(sizes), format_func=sizes.__getitem__, default="page" if len(choice.runs) > 1 else "column", required=True,
            key="figure_width", label_visibility="collapsed",
        )  # fmt: skip
        marginals = st.toggle("Histograms", key="figure_marginals")
    assert width is not None
    shown = choice.runs if width == "page" else (active,)
    name = f"map-{active.id[:8]}" if width == "column" else f"maps-{choice.dataset.name}"
    with st.container(horizontal=True, gap="xsmall"):
        for kind, words in FIGURES.items():
            _download(words, f"{name}.{kind}", figure(ws, choice, shown, selection, kind, width=width, marginals=marginals))


def figure(
    ws: Workspace, choice: Choice, shown: Sequence[Shown], selection: Selection | None, kind: str, **how: Any
) -> Callable[[], bytes]:
    """The maps of `shown` on the page's axes and in its colours as a file of `kind`, when it is asked for."""
    epochs = {run.id: choice.epochs_of(run) for run in shown}

    def draw() -> bytes:
        colour = _colour(ws, choice)
        return ws.figure_bytes([run.id for run in shown], epochs, selection, kind=kind, x=choice.x, y=choice.y, colour=colour, **how)

    return draw


def _colour(ws: Workspace, choice: Choice) -> Any:
    """The page's colour as a figure takes it: a metric, the label, or values under their name."""
    by, means = choice.colour, [run.id for run in choice.runs if run.is_mean]
    if by.startswith(looks.COLUMN):
        name = by.removeprefix(looks.COLUMN)
        values_N, names = looks.columns_of(ws, choice.dataset.name, choice.dataset.fingerprint)[name]
        return (name, values_N, names) if names else (name, values_N)
    if by == looks.TOP_SHARE:
        return by, looks.top_share(ws, means[0])
    if by.startswith(looks.SPREAD):
        return by, looks.spread(ws, means[0], by.removeprefix(looks.SPREAD))
    return by


# ---- without the app


def _reproduce(ws: Workspace, selection: Selection) -> None:
    name = brush.suggested_name(selection, set(ws.subsets.names()))
    parts.section("Reproduce", f"reads {reproduce.file_name(selection)}, the steps above" if reproduce.needs_file(selection) else "")
    with st.container(key="export_words"):
        shell, python = st.tabs(["Shell", "Python"])
        shell.code(reproduce.command(selection, name), language="bash", wrap_lines=True)
        python.code(reproduce.python(selection, name), language="python", wrap_lines=True, height=260)


def _named(selection: Selection, kind: str) -> str:
    return f"{reproduce.file_name(selection).removesuffix('.json')}.{kind}"


def _download(words: str, file: str, content: Callable[[], bytes], tip: str | None = None) -> None:
    kind = file.rpartition(".")[2]
    st.download_button(words, content, file, MIME[kind], key=f"export_{kind}", help=tip, on_click="ignore")
