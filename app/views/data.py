"""Data: what is in the workspace, where it is evaluated, and what was found to be odd about it."""

from datetime import UTC, datetime

import streamlit as st

from app import clock, parts
from app.backend import read_only, workspace
from app.names import METRICS
from app.panels import data_add, data_cards, data_detail

ws = workspace()
datasets = {dataset.name: dataset for dataset in ws.data.list()}

with parts.page_header("Data", "What models are trained and judged on. Every set says whether it is in or out of distribution."):
    if st.button("Add dataset", type="primary", icon=":material/add:", key="add_dataset", disabled=read_only()):
        data_add.dialog(ws)

if not datasets:
    parts.empty(
        "database", "No dataset yet",
        "Add one from a file on this machine: CSV, TSV, JSON Lines or Parquet. Or run `ftft demo` for a small one with two references.",
    )  # fmt: skip
    st.stop()

dataset = datasets[data_cards.chosen(datasets)]
list_side, detail_side = st.columns([1, 3.1], gap="medium")
with list_side:
    for each in datasets.values():
        data_cards.card(each, each is dataset)
with detail_side:
    with st.container(horizontal=True, vertical_alignment="center"):
        added = clock.moment(dataset.created, datetime.now(UTC), clock.reader_zone(st.context.timezone))
        parts.section(
            dataset.name, " · ".join([f"fingerprint {dataset.fingerprint[:8]}", f"judged by {METRICS[dataset.metric]}", f"added {added}"])
        )
        st.space("stretch")
        if st.button("Open maps", icon=":material/bubble_chart:"):
            st.switch_page("views/maps.py", query_params={"dataset": dataset.name})
    left, right = st.columns([1.7, 1], gap="medium")
    with left:
        data_detail.sets(dataset)
    with right:
        data_detail.labels(dataset)
        data_detail.findings(dataset)
    data_detail.preview(ws, dataset)
