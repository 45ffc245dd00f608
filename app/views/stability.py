"""Stability: the same fine-tuning under many seeds, with stabilisers and without, and what theory foresees."""

from app import parts
from app.backend import workspace
from app.panels import results_experiment, results_table, stability_theory

ws = workspace()
lead = "The same model, the same data, another seed: how differently does it end, and what helps?"
controls, dataset, metric = results_table.head(ws, "Stability", lead, "balance")
experiments = {found.id: found for found in ws.experiment.list(dataset.name) if found.kind == "stability"}
with controls:
    shown = results_table.experiment_box(list(experiments.values()), {stability_theory.THEORY: "theory"})
if shown in experiments:
    results_experiment.show(ws, experiments[shown], metric)
elif shown != stability_theory.THEORY:
    parts.empty(
        "balance", "No stability experiment of this dataset yet",
        "Ask for one on the Launch page, or: `ftft experiment stability D --model M --method mmr --method llrd`.",
    )  # fmt: skip
if shown == stability_theory.THEORY or not experiments:
    stability_theory.show(ws)
