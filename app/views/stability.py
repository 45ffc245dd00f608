"""Stability: the same fine-tuning under many seeds, with stabilisers and without, and what theory foresees."""

import streamlit as st

from app import parts
from app.backend import workspace
from app.panels import results_experiment, results_table, stability_theory

ws = workspace()
datasets = {dataset.name: dataset for dataset in ws.data.list()}
controls = parts.page_header("Stability", "The same model, the same data, another seed: how differently does it end, and what helps?")
if not datasets:
    parts.empty("balance", "No dataset yet", "Add one on the Data page, or run `ftft demo`.")
    st.stop()

with controls:
    dataset = datasets[results_table.dataset_box(ws, list(datasets))]
    metric = results_table.metric_box(dataset)
experiments = {found.id: found for found in ws.experiment.list(dataset.name) if found.kind == "stability"}
with controls:
    shown = stability_theory.experiment_box(list(experiments.values()))
if shown in experiments:
    results_experiment.show(ws, experiments[shown], metric)
elif shown != stability_theory.THEORY:
    parts.empty(
        "balance", "No stability experiment of this dataset yet",
        "Ask for one on the Launch page, or: `ftft experiment stability D --model M --method mmr --method llrd`.",
    )  # fmt: skip
if shown == stability_theory.THEORY or not experiments:
    stability_theory.show(ws)
