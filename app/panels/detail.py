"""One example in full: what it says, what each run made of it epoch by epoch, where it stands, and what is like it."""

import html
from typing import Any

import numpy as np
import streamlit as st

from app import looks, parts, theme
from app.panels.choice import Choice
from app.panels.cleaning import note_editor
from app.panels.linked_maps import active_run
from app.shown import Shown
from ftft import Workspace

MEASURED = ("confidence", "variability", "correctness")
COUNTS = ("correctness", "forgetting")
ALIKE = 8  # neighbours and similar texts
state = st.session_state


def detail(ws: Workspace, choice: Choice) -> None:
    """The example that is open, `state.focus`, if it is one of the dataset."""
    focus = str(state.get("focus"))
    example = ws.data.example(choice.dataset.name, focus)
    if example is None:
        parts.section("Example")
        parts.empty("ads_click", "No example chosen", "Click a row of the table or a point on a map. The example is ringed on every map.")
        return
    _head(ws, choice, focus)
    _texts(choice, example)
    found = ws.trajectories([run.id for run in choice.runs], focus)
    colours = dict(zip((run.id for run in choice.runs), theme.run_colours(len(choice.runs)), strict=True))
    if found:
        _curves(choice, found, colours, focus)
        _predictions(choice, found, colours, str(example["label"]))
    _measures(ws, choice, colours, focus)
    note_editor(ws, choice, focus)
    _more(ws, choice, focus, example)


# ---- what it says


def _head(ws: Workspace, choice: Choice, focus: str) -> None:
    """Its id, its place in the table, and the way to the rows before and after it."""
    table = state.get("table", {})
    here = table.get("dataset") == choice.dataset.name
    at, before, after = (ws.beside(choice.dataset.name, focus, table["mask"], **table["query"]) if here else None) or (None, None, None)
    with st.container(horizontal=True, vertical_alignment="center", key="example_head"):
        place = "" if at is None else f" · row {parts.num(at + 1)} of the table"
        st.html(f"<div class='section'><h2>Example</h2><span title='{_text(focus)}'>{_text(focus)}{place}</span></div>", width="stretch")
        for name, icon, other in (("previous", "arrow_upward", before), ("next", "arrow_downward", after)):
            st.button(
                "", icon=f":material/{icon}:", key=f"{name}_example", type="tertiary", disabled=other is None,
                on_click=_open, args=(other,), help=f"{name.capitalize()} row of the table",
            )  # fmt: skip


def _open(example: str | None) -> None:
    if example is not None:
        state.focus = example


def _texts(choice: Choice, example: dict[str, Any]) -> None:
    names = choice.dataset.text_columns
    several = len(names) > 1
    body = "".join(f"<p>{f'<small>{_text(name)}</small><br>' if several else ''}{_text(_said(example.get(name)))}</p>" for name in names)
    st.html(
        f"<div class='example'><span class='tag'>gold: {_text(example['label'])}</span><div class='scroll' tabindex='0'>{body}</div></div>"
    )


def _said(value: Any) -> str:
    return "" if value is None else str(value)


def _text(value: Any) -> str:
    return html.escape(str(value))


# ---- what the runs made of it


def _curves(choice: Choice, found: dict[str, dict[str, Any]], colours: dict[str, str], focus: str) -> None:
    """p(gold) of each shown run over all its epochs; the chosen range of epochs is set off. The rows below name the colours."""
    lines = [
        {
            "type": "scatter", "mode": "lines+markers", "name": run.label, "x": list(found[run.id]["epochs"]),
            "y": found[run.id]["p_gold_E"].tolist(), "line": {"color": colours[run.id], "width": 2}, "marker": {"size": 5},
            "hovertemplate": "%{fullData.name}, epoch %{x}: %{y:.2f}<extra></extra>",
        }
        for run in choice.runs if run.id in found
    ]  # fmt: skip
    last = max(max(one["epochs"]) for one in found.values())
    first, until = choice.epochs or (1, last)
    part = {
        "type": "rect", "xref": "x", "yref": "paper", "x0": first - 0.3, "x1": until + 0.3, "y0": 0, "y1": 1, "layer": "below",
        "fillcolor": theme.tokens()["grid"], "line": {"width": 0},
    }  # fmt: skip
    figure = theme.figure(
        *lines, height=140, showlegend=False, shapes=[part] if first > 1 or until < last else [],
        xaxis={"title": "epoch", "dtick": 1 if last <= 12 else None, "range": [0.6, last + 0.4]},
        yaxis={"title": "p(gold)", "range": [-0.04, 1.04], "tickvals": [0, 0.5, 1]},
    )  # fmt: skip
    theme.show(figure, key="curves", alt=f"Probability of the gold label in each epoch for example {focus}, one line a run")


def _predictions(choice: Choice, found: dict[str, dict[str, Any]], colours: dict[str, str], gold: str) -> None:
    """A row a run: the label that it predicted in each epoch, as a coloured cell; a wrong one is lower."""
    labels, run_rows, seen = choice.dataset.labels, [], set()
    shades = theme.label_colours(len(labels))
    for run in choice.runs:
        if run.id in found:
            one = found[run.id]
            seen |= {int(place) for place in one["predicted_E"]}
            cells = "".join(
                _cell(labels, shades, gold, *epoch) for epoch in zip(one["epochs"], one["predicted_E"], one["p_EC"], strict=True)
            )
            run_rows.append(f"<tr><td>{_dot(colours[run.id])}{_text(run.label)}</td><td><div class='epochs'>{cells}</div></td></tr>")
    named = [k for k in range(len(labels)) if k in seen or labels[k] == gold]
    legend = "".join(f"<span>{_dot(shades[k])}{_text(labels[k])}</span>" for k in named)
    st.html(
        f"<table class='mini predicted' data-testid='predicted'><tr><th>predicted, epoch by epoch</th>"
        f"<th><div class='key'>{legend}</div></th></tr>{''.join(run_rows)}</table>"
    )


def _cell(labels: tuple[str, ...], shades: tuple[str, ...], gold: str, epoch: int, place: int, p_C: Any) -> str:
    name = labels[place] if place < len(labels) else f"class {place + 1}"
    right = name == gold
    words = f"Epoch {epoch}: {name}, p = {p_C[place]:.2f}{'' if right else ', wrong'}"
    return f"<i class='{'right' if right else 'wrong'}' title='{_text(words)}' style='background:{shades[place % len(shades)]}'></i>"


def _dot(colour: str) -> str:
    return f"<i class='dot' style='background:{colour}'></i>"


# ---- where it stands


def _measures(ws: Workspace, choice: Choice, colours: dict[str, str], focus: str) -> None:
    """A row a run: the values that count on this page, and what percent of the run's examples lie below."""
    wanted = [*MEASURED, *(axis for axis in (choice.x, choice.y) if axis not in MEASURED)]
    lines = []
    for run in choice.runs:
        values = ws.map(run.id, choice.epochs_of(run)).values
        found = ws.percentiles(run.id, focus, choice.epochs_of(run), [name for name in wanted if name in values])
        cells = "".join(_measure(run, choice, name, found.get(name)) for name in wanted)
        unseen = f"<td colspan='{len(wanted)}' class='hint'>not among its examples</td>"
        lines.append(f"<tr><td>{_dot(colours[run.id])}{_text(run.label)}</td>{cells if found else unseen}</tr>")
    head = "".join(f"<th>{_text(looks.words(name))}</th>" for name in wanted)
    st.html(
        f"<table class='mini measures'><tr><th title='Beside each value: percent of the run&#39;s examples below it'>run</th>{head}</tr>"
        f"{''.join(lines)}</table>"
    )


def _measure(run: Shown, choice: Choice, name: str, found: tuple[float, float] | None) -> str:
    if found is None:
        return "<td>–</td>"
    value, percent = found
    first, last = choice.epochs_of(run)
    said = f"{value:.{1 if run.is_mean else 0}f} of {last - first + 1}" if name == "correctness" else _number(name, value, 2)
    return f"<td title='Above {percent:.0f} % of the examples'>{said} <small>{percent:.0f}{parts.THIN}%</small></td>"


def _number(name: str, value: float, digits: int) -> str:
    """Counts of epochs are whole, unless they are the mean over several runs."""
    if value != value:
        return "never learnt"
    return f"{value:.{0 if name in COUNTS and value == int(value) else digits}f}".replace("-", "−")


# ---- what is like it


def _more(ws: Workspace, choice: Choice, focus: str, example: dict[str, Any]) -> None:
    """Neighbours on the active map, similar texts, the row's other columns: each worked out when it is opened."""
    others = {name: example[name] for name in choice.dataset.other_columns if name in example}
    names = ["Near on the map", "Similar texts", "All metrics", *(["Other columns"] if others else [])]
    with st.container(key="example_more"):
        tabs = dict(zip(names, st.tabs(names, key="example_tabs", on_change="rerun"), strict=True))
        run = active_run(choice)
        epochs = choice.epochs_of(run)
        if tabs["Near on the map"].open:
            with tabs["Near on the map"]:
                near = ws.neighbours(run.id, focus, epochs, choice.x, choice.y, ALIKE)
                _list(ws, choice, focus, near, "away", f"{run.label} has not seen this example.")
        if tabs["Similar texts"].open:
            with tabs["Similar texts"]:
                _list(
                    ws, choice, focus, ws.similar(choice.dataset.name, focus, ALIKE), "alike", "No other text shares a rare word with it."
                )
        if tabs["All metrics"].open:
            with tabs["All metrics"]:
                _all_metrics(ws, run, epochs, focus)
        if others and tabs["Other columns"].open:
            with tabs["Other columns"]:
                body = "".join(f"<span>{_text(name)}</span><b>{_text(_said(value)) or '–'}</b>" for name, value in others.items())
                st.html(f"<div class='facts'>{body}</div>")


def _list(ws: Workspace, choice: Choice, focus: str, found: list[tuple[str, float]], measure: str, nothing: str) -> None:
    """Examples to open by a click: label, text, and how far or how much alike they are."""
    if not found:
        st.html(f"<p class='hint'>{_text(nothing)}</p>")
        return
    mask_N = np.zeros(choice.dataset.train.rows, bool)
    mask_N[[ws.data.place(choice.dataset.name, example) for example, _ in found]] = True
    rows = ws.examples(choice.dataset.name, mask_N)[0].set_index("id").loc[[example for example, _ in found]]
    key = f"{measure}_{choice.dataset.name}_{focus}"

    def opened() -> None:
        cells = state[key].selection.cells
        if cells and cells[0][0] < len(found):
            state.focus = found[cells[0][0]][0]

    column = st.column_config
    st.dataframe(
        {"label": rows["label"], "text": rows["text"].str.slice(0, 200), measure: [value for _, value in found]},
        key=key, hide_index=True, row_height=28, on_select=opened, selection_mode="single-cell", height="content",
        column_config={
            "label": column.TextColumn(width=80), "text": column.TextColumn(width=260),
            measure: column.NumberColumn(width=60, format="%.3f"),
        },
        alt=f"Examples that are near example {focus}; choose a cell to open one",
    )  # fmt: skip


def _all_metrics(ws: Workspace, run: Shown, epochs: tuple[int, int], focus: str) -> None:
    """Of the active run; at a million examples the first time takes seconds, since some need the logits."""
    found = ws.percentiles(run.id, focus, epochs)
    if not found:
        st.html(f"<p class='hint'>{_text(run.label)} has not seen this example.</p>")
        return
    accent = theme.tokens()["accent"]
    rows = "".join(
        f"<tr><td>{_text(looks.words(name))}</td><td>{_number(name, value, 3)}</td>"
        f"<td><div class='bars'><span class='track'><i style='width:{percent:.1f}%;background:{accent}'></i></span></div></td>"
        f"<td>{percent:.0f}{parts.THIN}%</td></tr>"
        for name, (value, percent) in found.items()
    )
    head = f"<tr><th>{_text(run.label)}</th><th>value</th><th></th><th>above</th></tr>"
    st.html(f"<table class='mini metrics'>{head}{rows}</table>")
