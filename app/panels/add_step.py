"""A step that is written instead of drawn: by label, text, column, a metric's end, flag, ids, another subset, or the inverse."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app import brush, failure, forms, parts
from app.panels.choice import Choice
from app.panels.linked_maps import active_run
from app.panels.members import selected
from ftft import Workspace
from ftft.domain import OPS, Step
from ftft.errors import InputError

KINDS = {
    "label": "Label", "text": "Text", "column": "Column", "top": "Top or bottom", "strategy": "Strategy", "flag": "Flag", "ids": "Ids",
    "subset": "Subset", "invert": "Invert",
}  # fmt: skip
MODES = {"new": "New", "add": "Add", "subtract": "Subtract", "intersect": "Intersect"}
MOST_VALUES = 200  # of a column that are offered one by one
state = st.session_state


def add_step(ws: Workspace, choice: Choice) -> None:
    """A button that opens the form. What is typed stays until the step is added; a mistake is shown in place."""
    with st.container(width="content"):
        _button(ws, choice)


@st.fragment
def _button(ws: Workspace, choice: Choice) -> None:
    if state.pop("step_added", False):
        state.add_step = False  # the form closes
    with st.popover("Add a step", icon=":material/add:", key="add_step", on_change="rerun"):
        _form(ws, choice)  # also while it is closed: it opens to the side where there is room for it


def _form(ws: Workspace, choice: Choice) -> None:
    kinds = [kind for kind in KINDS if kind != "subset" or ws.subsets.sizes(choice.dataset.name)]
    kind = st.selectbox("By", kinds, format_func=KINDS.__getitem__, key="step_kind", persist_state="session")
    assert kind is not None
    op = "new"
    if kind != "invert":
        op = st.segmented_control(
            "Mode", list(MODES), format_func=MODES.__getitem__, default="new", required=True, key="step_mode", label_visibility="collapsed",
            persist_state="session",
        )  # fmt: skip
    assert op in OPS
    what = _FIELDS[kind](ws, choice)
    if st.button("Apply", type="primary", key="step_apply"):  # no callback: it would have the fields as they were before the last change
        outcome = forms.attempt(_added, ws, choice, op, kind, what)
        if outcome.problem:
            failure.show(outcome.problem)
        else:
            brush.replay(outcome.value)
            state.step_added = True
            st.rerun()


def _added(ws: Workspace, choice: Choice, op: str, kind: str, what: dict[str, Any]) -> Any:
    if kind == "strategy":  # typed, so that mistakes in it are shown in place
        typed = str(what["options"]).strip()
        what = what | {"options": ws.strategy_options(f"{what['strategy']}:{typed}") if typed else {}}
    now = brush.history(choice.dataset.name).now
    then = now.then(Step(op, kind, what))
    before, after = (selected(ws, choice, selection) for selection in (now, then))
    assert after is not None
    if not after[0].any() and (before is None or op == "new"):
        raise InputError("no example fits", "Choose more, or search for less")
    if before is not None and before[1] == after[1]:
        raise InputError("the selection would stay as it is", "Choose other examples, or another mode")
    return then


# ---- the fields of each kind


def _labels(ws: Workspace, choice: Choice) -> dict[str, Any]:
    labels = choice.dataset.labels
    if len(labels) <= 8:
        return {"labels": st.pills("Labels", labels, selection_mode="multi", key=f"step_labels_{choice.dataset.name}")}
    return {"labels": st.multiselect("Labels", labels, key=f"step_labels_{choice.dataset.name}")}


def _text(ws: Workspace, choice: Choice) -> dict[str, Any]:
    query = st.text_input("Texts that contain", key="step_query")
    regex = st.toggle("Regular expression", key="step_regex", help="Read by RE2: upper and lower case differ, no look-around")
    return {"query": query, "regex": regex}


def _column(ws: Workspace, choice: Choice) -> dict[str, Any]:
    dataset = choice.dataset
    columns = [*dataset.other_columns, "id"]
    column = st.selectbox("Column", columns, key=f"step_column_{dataset.name}") or columns[0]
    values = column_values(ws, dataset.name, dataset.fingerprint, column)
    key = f"{dataset.name}_{column}"
    if values == "numbers":
        with st.container(horizontal=True):
            low = st.number_input("From", value=None, key=f"step_min_{key}", placeholder="any", format="%g")
            high = st.number_input("To", value=None, key=f"step_max_{key}", placeholder="any", format="%g")
        return {"column": column, "min": low, "max": high}
    if isinstance(values, list):
        return {"column": column, "values": st.multiselect("Values", values, key=f"step_values_{key}") or None}
    typed = st.text_area("Values, one a line", key=f"step_values_{key}", height=100)
    return {"column": column, "values": list(forms.lines(typed)) or None}


@st.cache_data(show_spinner=False, max_entries=32)
def column_values(_ws: Workspace, dataset: str, fingerprint: str, column: str) -> list[str] | str:
    """Its values where there are few, "numbers" for a column of these, else "many"."""
    values_N = _ws.data.column(dataset, column)
    kind = str(values_N.type)
    if kind.startswith(("int", "uint", "float", "double", "halffloat")):
        return "numbers"
    different = values_N.slice(0, 20 * MOST_VALUES).unique()
    if len(different) <= MOST_VALUES:
        different = values_N.unique()
    return sorted(map(str, different.drop_null().to_pylist())) if len(different) <= MOST_VALUES else "many"


def _map_box(choice: Choice) -> str:
    """The id of the map that a step is of; at first the active one."""
    labels = {run.id: run.label for run in choice.runs}
    active = list(labels).index(active_run(choice).id)
    run = st.selectbox("Map", list(labels), active, format_func=labels.__getitem__, key="step_map", width=220)
    assert run is not None
    return run


def _top(ws: Workspace, choice: Choice) -> dict[str, Any]:
    runs = {run.id: run for run in choice.runs}
    with st.container(horizontal=True):
        run = _map_box(choice)
        epochs = choice.epochs_of(runs[run])
        metrics = list(ws.map(run, epochs).values)
        metric = st.selectbox(
            "Metric", metrics, metrics.index("variability") if "variability" in metrics else 0, key=f"step_metric_{run}",
            format_func=lambda name: name.replace("_", " "), width=180,
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        end = st.segmented_control(
            "End", ["top", "bottom"], default="top", required=True, key="step_end", format_func=str.capitalize, label_visibility="collapsed"
        )
        q = st.number_input("Share in %", 0.01, 99.99, 33.0, 1.0, key="step_q", width=130, format="%g")
        per_label = st.toggle("Within each label", key="step_per_label", help="The same share of each label")
    return {"run": run, "metric": metric, "q": q / 100, "end": end, "per_label": per_label, "epochs": list(epochs)}


def _strategy(ws: Workspace, choice: Choice) -> dict[str, Any]:
    runs = {run.id: run for run in choice.runs}
    with st.container(horizontal=True):
        run = _map_box(choice)
        chosen = st.selectbox("Strategy", list(ws.strategies), list(ws.strategies).index("mix"), key="step_strategy", width=180) or "mix"
    known = ws.strategies[chosen]
    st.caption(f"{known.description}. {known.source}.")
    typed = ""
    if known.options:
        usual = ",".join(f"{option.name}={option.write(option.default)}" for option in known.options if option.write(option.default))
        told = "; ".join(f"{option.name}: {option.help}, {option.takes}" for option in known.options)
        typed = st.text_input("Options", key=f"step_options_{chosen}", placeholder=usual, help=told)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        q = st.number_input("Share in %", 0.01, 99.99, 33.0, 1.0, key="step_q", width=130, format="%g")
        seed = st.number_input("Seed", 0, key="step_seed", width=100) if known.seeded else 0
        per_label = st.toggle("Within each label", key="step_per_label", help="The same share of each label")
    return {
        "run": run, "strategy": chosen, "options": typed, "q": q / 100, "seed": seed, "per_label": per_label,
        "epochs": list(choice.epochs_of(runs[run])),
    }  # fmt: skip


def _flag(ws: Workspace, choice: Choice) -> dict[str, Any]:
    flags = ws.notes.flags(choice.dataset.name)
    flag = st.selectbox("Flag", list(flags), format_func=lambda name: f"{name} · {parts.num(flags[name])}", key="step_flag")
    return {"flag": flag}


def _ids(ws: Workspace, choice: Choice) -> dict[str, Any]:
    example = ws.data.ids(choice.dataset.name)[0]
    return {"ids": list(forms.lines(st.text_area("Ids, one a line", key="step_ids", height=140, placeholder=f"{example}\n…")))}


def _subset(ws: Workspace, choice: Choice) -> dict[str, Any]:
    subsets = ws.subsets.sizes(choice.dataset.name)
    return {"subset": st.selectbox("Subset", list(subsets), format_func=lambda s: f"{s} · {parts.num(subsets[s])}", key="step_subset")}


def _invert(ws: Workspace, choice: Choice) -> dict[str, Any]:
    st.caption("Selects what is not selected so far.")
    return {}


_FIELDS: dict[str, Callable[[Workspace, Choice], dict[str, Any]]] = {
    "label": _labels, "text": _text, "column": _column, "top": _top, "strategy": _strategy, "flag": _flag, "ids": _ids,
    "subset": _subset, "invert": _invert,
}  # fmt: skip
