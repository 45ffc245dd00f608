"""Maps: several runs side by side, one brush, the examples behind it."""

import streamlit as st

from app import brush
from app.backend import workspace
from app.panels import waiting
from app.panels.choice import choose
from app.panels.detail import detail
from app.panels.examples import examples
from app.panels.linked_maps import linked_maps
from app.panels.members import selected
from app.panels.saved import follow_address, write_address
from app.panels.selection_bar import count, selection_bar
from app.panels.stability import stability

ws = workspace()
datasets, every_run = ws.data.list(), ws.runs.list()
waiting.watch(ws, waiting.snapshot(datasets, every_run))
if datasets:
    choice = choose(ws, datasets, every_run)
    runs = [run for run in every_run if run.spec.dataset == choice.dataset.name]
    waiting.notices(choice, runs)
    if choice.runs:
        follow_address(ws, choice)
        brush.forget_removed(choice.dataset.name, {run.id for run in runs})
        chosen = selected(ws, choice, brush.history(choice.dataset.name).now)
        mask_N = chosen[0] if chosen else None
        with st.bottom:
            places = count(choice, chosen)  # first of all: it is what the hand waits for
        linked_maps(ws, choice, chosen)
        selection_bar(ws, choice, chosen, places)
        write_address(ws, choice)
        stability(ws, choice)
        table_side, detail_side = st.columns([1.9, 1], gap="medium")
        with table_side, st.container(key="examples"):
            examples(ws, choice, mask_N)
        with detail_side:
            detail(ws, choice)
    else:
        waiting.no_map(choice, runs)
else:
    waiting.no_dataset()
