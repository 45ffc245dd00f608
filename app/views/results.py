"""Results: main models on subsets beside the same model on everything, with what it cost and what it does not show."""

import pandas as pd
import streamlit as st

from app import comparison, parts
from app.backend import workspace
from app.panels import results_claim, results_experiment, results_table

ws = workspace()
lead = "A subset against everything and against chance: same model and settings, paired seeds."
controls, dataset, metric = results_table.head(ws, "Results", lead, "leaderboard")
experiments = {experiment.id: experiment for experiment in ws.experiment.list(dataset.name) if experiment.kind == "ftft"}
with controls:
    shown = results_table.experiment_box(list(experiments.values()), {None: "runs launched one by one"})
if shown in experiments:
    results_experiment.show(ws, experiments[shown], metric)
    st.stop()
table = comparison.compare(dataset, ws.runs.list(dataset=dataset.name), ws.subsets.list(dataset=dataset.name), metric)
if not table.rows:
    parts.empty(
        "leaderboard", "No main run yet",
        "Choose examples on the Maps page, save them as a subset, and launch a main model on it: together with its controls, "
        "so that there is something to compare with.",
    )  # fmt: skip
    results_table.outdated(table)
    st.stop()

with controls:
    row = results_claim.focus_box(table)
    st.download_button(
        "CSV", pd.DataFrame(comparison.records(table, dataset)).to_csv(index=False), f"results-{dataset.name}-{metric}.csv", "text/csv",
        icon=":material/download:", key="download_results",
    )  # fmt: skip
results_claim.claim(row, table)
with st.container(key="results_table"):
    st.html(results_table.markup(table, row))
results_table.outdated(table)
results_claim.doubts(row, table, dataset)
