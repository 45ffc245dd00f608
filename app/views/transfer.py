"""Transfer: would a small reference choose the examples that the main model needs? Beside what chance and a second seed give."""

import streamlit as st

from app.backend import workspace
from app.panels import transfer_charts, transfer_verdict, waiting
from app.panels.choice import choose_runs
from app.panels.transfer_choice import question, too_few
from app.panels.transfer_disagreements import disagreements

HALVES = [1.1, 1]

ws = workspace()
datasets, every_run = ws.data.list(), ws.runs.list()
waiting.watch(ws, waiting.snapshot(datasets, every_run))
if not datasets:
    waiting.no_dataset()
    st.stop()
with st.container(horizontal=True, vertical_alignment="center", key="row_what"):
    st.html("<h1 class='unseen'>Transfer</h1>", width="content")
    choice = choose_runs(datasets, every_run)
runs = [run for run in every_run if run.spec.dataset == choice.dataset.name]
waiting.notices(choice, runs)
if len(choice.runs) < 2:
    too_few(choice, runs)
    st.stop()

asked = question(choice)
with st.spinner("Comparing every pair of maps …"):  # seconds at a million examples, the first time
    pairs = ws.transfer(*asked.ids, top=asked.q, epochs=asked.epochs)
    checks = ws.evidence(*asked.ids, target=asked.target.id, top=asked.q, epochs=asked.epochs)
pair = next(check["target"] for check in checks if check["run"] == asked.reference.id)
left, right = st.columns(HALVES, gap="large")
with left:
    transfer_verdict.verdict(ws, asked, pair, choice.dataset.train.rows)
    transfer_verdict.evidence(asked, checks)
with right:
    transfer_charts.movement(asked, pair)
    transfer_charts.by_label(asked, pair)
left, right = st.columns(HALVES, gap="large")
with left:
    transfer_charts.every_pair(asked, pairs, checks)
with right:
    transfer_charts.overlap_over_q(asked, pairs)
metric = st.segmented_control(
    "Compare by", ["confidence", "variability"], default="confidence", required=True, key="transfer_metric", label_visibility="collapsed"
)
left, right = st.columns([1, 2.6], gap="large")
with left:
    transfer_charts.ranks(ws, asked, metric or "confidence")
with right:
    disagreements(ws, choice, asked, metric or "confidence")
