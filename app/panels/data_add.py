"""The dialog that adds a dataset: a file, which column is what, the sets to judge on, and the command that would do the same."""

from typing import Any

import streamlit as st

from app import failure, forms
from app.backend import read_only
from app.names import METRICS
from ftft import Workspace

FORMATS = "CSV, TSV, JSON Lines (also .gz), Parquet, a folder that `datasets` saved (FOLDER:split), or hub:owner/name[:config][:split]"
EVALUATIONS = "test=data/test.csv:id\nflips=data/flips.csv:ood\nflips_dev=data/flips_dev.csv:ood:dev"
LABEL_MAPS = "flips:pos=positive\nhans:no=neutral|contradiction"
COLUMNS = "flips:text=sentence\nflips:label=gold"
JUDGES = {"": "automatic"} | METRICS


@st.dialog("Add a dataset", width="large", icon=":material/database:")
def dialog(ws: Workspace) -> None:
    """Adds a dataset and opens it; a mistake is shown here with its remedy, and nothing is left behind."""
    train = st.text_input("Train file on this machine", placeholder="data/train.csv", help=FORMATS, key="new_train").strip()
    if not train:
        st.html("<p class='hint'>A path as on the command line. Its columns are read as soon as it is given.</p>")
        return
    read = forms.attempt(ws.data.preview, train)
    if read.problem:
        failure.show(read.problem)
        return
    form = _form(train, read.value)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.code(form.command, language="bash", width="stretch", wrap_lines=True)
        added = st.button("Add dataset", type="primary", key="confirm_dataset", disabled=read_only())
    if added:
        _add(ws, form)


def _form(train: str, head: Any) -> forms.NewDataset:
    """`head`: the first rows of the file. What was guessed from the columns' names can be corrected."""
    known = list(head.columns)
    texts, label, identity = forms.guess_columns(known)
    with st.container(horizontal=True):
        name = st.text_input("Name", forms.name_of(train), key=f"new_name_{train}", width=190)
        text = st.multiselect("Text", known, texts, key=f"new_text_{train}", help="Two columns for pairs of texts, in their order")
        label = st.selectbox("Label", known, known.index(label), key=f"new_label_{train}", width=140)
        ids = ["", *known]
        chosen_id = st.selectbox(
            "Id", ids, ids.index(identity or ""), format_func=lambda c: c or "row number", key=f"new_id_{train}", width=140
        )
    st.dataframe(head, hide_index=True, row_height=29, key=f"new_head_{train}")
    with st.container(horizontal=True):
        evaluations = st.text_area(
            "Evaluation sets, one a line: NAME=FILE:id or ood, then :dev for a development set", placeholder=EVALUATIONS, height=100,
            key="new_evaluations",
        )  # fmt: skip
        label_maps = st.text_area(
            "Their labels, one a line: NAME:theirs=ours", placeholder=LABEL_MAPS, height=100, key="new_label_maps", width=250,
            help="Only where an evaluation set calls the labels otherwise than the train file; ours|ours2 where one means any of several",
        )  # fmt: skip
        columns = st.text_area(
            "Their columns: NAME:text=COL", placeholder=COLUMNS, height=100, key="new_columns", width=200,
            help="Only where an evaluation set calls its columns otherwise than the train file: text, label or id",
        )  # fmt: skip
        metric = st.selectbox("Judged by", list(JUDGES), format_func=JUDGES.__getitem__, key="new_metric", width=140)
    return forms.NewDataset(
        name.strip(), train, tuple(text), label or "", chosen_id or None, forms.lines(evaluations), forms.lines(label_maps), metric or None,
        forms.lines(columns),
    )  # fmt: skip


def _add(ws: Workspace, form: forms.NewDataset) -> None:
    with st.spinner("Reading and checking …"):
        outcome = forms.attempt(
            ws.data.add, form.name, train=form.train, evaluations=form.evaluations, text=form.text, label=form.label, id=form.id,
            label_maps=form.label_maps, metric=form.metric, columns=form.columns,
        )  # fmt: skip
    if outcome.problem:
        failure.show(outcome.problem)
        return
    st.session_state["data_open"] = outcome.value.name
    st.rerun()
