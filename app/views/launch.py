"""Launch: what will run on the left; on the right what that means, before anything is spent."""

import streamlit as st

from app import failure, forms, order, parts
from app.backend import workspace
from app.panels import launch_experiment, launch_form, launch_plan, launch_stability

ws = workspace()
controls = parts.page_header("Launch", "Fine-tune a main model on a subset, with controls, and know the price first.")
datasets = ws.data.list()
if not datasets:
    parts.empty("rocket_launch", "No dataset yet", "Add one on the Data page, or run `ftft demo`.")
    st.stop()

KINDS = {"one": "Main model and controls", "experiment": "Experiment", "stability": "Stability"}
with controls:
    kind = st.segmented_control(
        "What to launch", list(KINDS), default=next((kind for kind in KINDS if kind in st.query_params), "one"), required=True,
        format_func=KINDS.__getitem__, key="launch_kind", label_visibility="collapsed",
    )  # fmt: skip
if kind == "experiment":
    launch_experiment.page(ws, datasets)
    st.stop()
if kind == "stability":
    launch_stability.page(ws, datasets)
    st.stop()

left, right = st.columns([1.6, 1], gap="large")
with left:
    asked = forms.attempt(order.read, launch_form.form(ws, datasets))
with right, st.container(border=True, key="price"):
    planned = forms.attempt(order.plan, ws, asked.value) if asked.value else asked
    if planned.problem:
        failure.show(planned.problem)
    else:
        launch_plan.panel(ws, asked.value, planned.value)
