"""A stability experiment on the Launch page: the same fine-tuning under many seeds, with stabilisers and without."""

from typing import Any

import streamlit as st

from app import defaults, forms, parts
from app.panels import launch_experiment
from ftft import Workspace
from ftft.domain import Dataset
from ftft.domain.spec import HEAD_LR
from ftft.domain.stabilisers import FULL, HEAD, STABILISERS

TUNES = {FULL: "all weights", HEAD: "a linear head on the frozen encoder"}
SOURCES = {"init": "new weights", "order": "order of examples", "dropout": "dropout"}


def page(ws: Workspace, datasets: list[Dataset]) -> None:
    """The form, and what it means."""

    def said(dataset: str, words: dict[str, Any]) -> str:
        return launch_experiment.command(dataset, _as_options(words), "stability")

    launch_experiment.beside(ws, lambda: _form(ws, datasets), ws.experiment.plan_stability, "stability", said)


def _form(ws: Workspace, datasets: list[Dataset]) -> tuple[str, dict[str, Any]]:
    """(dataset, the words of `plan_stability`); InputError for what cannot be read."""
    parts.section("What", "the same model and data under many seeds, without a remedy and with each")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = launch_experiment.dataset_box(datasets, "stability_dataset")
        known = {model.path: model for model in ws.models()}
        model = launch_experiment.model_box("Model", known, len(known) - 1, "stability_model")
        layers = st.number_input("Layers of it", 1, value=None, placeholder="all", key="stability_layers", width=110, help="Keep the first")
        tune = st.selectbox("Train", list(TUNES), format_func=TUNES.__getitem__, key="stability_tune", width=270)
    words = {"model": model, "layers": layers, "tune": tune} | _training(dataset, known, model, tune or FULL)
    return dataset.name, words | _methods(tune or FULL)


def _training(dataset: Dataset, known: dict[str, Any], model: str, tune: str) -> dict[str, Any]:
    size = defaults.size(known[model].parameters if model in known else None, model)
    key, rate = f"{dataset.name}_{size}_{tune}", HEAD_LR if tune == HEAD else defaults.RATES[size]
    parts.section("Training", "ten seeds of each are the fewest with which spread is tested")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seeds = st.number_input("Seeds", 1, value=20, key="stability_seeds", width=85, help="1 to so many")
        epochs = st.number_input("Epochs", 1, value=3, key=f"stability_epochs_{key}", width=90)
        lr = st.text_input("Learning rate", forms.short(rate), key=f"stability_lr_{key}", width=110)
        batch = st.number_input("Batch size", 1, value=defaults.BATCH, key="stability_batch", width=95)
        length = st.number_input("Max length", 1, value=300, key="stability_length", width=100)
        left_out = st.number_input("Leave out", 0, value=0, key="stability_left_out", width=95, help="So many examples, one at a time")
    return {
        "seeds": int(seeds), "epochs": int(epochs), "lr": forms.number("learning rate", lr), "batch_size": int(batch),
        "max_length": int(length), "left_out": int(left_out),
    }  # fmt: skip


def _methods(tune: str) -> dict[str, Any]:
    parts.section("Methods", "each beside the standard; write options as mmr:alpha=0.05, several together as reinit+llrd")
    offered = [name for name, one in STABILISERS.items() if tune == FULL or one.head]
    with st.container(key="stability_methods"):
        chosen = [
            name
            for name in offered
            if st.toggle(f"{STABILISERS[name].description} :small[:gray[· {name}]]", name == "mmr", key=f"stability_{name}")
        ]
    more = st.multiselect(
        "More", [], key="stability_more", accept_new_options=True, label_visibility="collapsed", placeholder="reinit+llrd, mixout:p=0.3 …"
    )
    parts.section("Sources of chance", "varied alone as well, the others held")
    with st.container(horizontal=True):
        vary = tuple(name for name, words in SOURCES.items() if st.toggle(words, key=f"stability_vary_{name}"))
    return {"methods": (*chosen, *more), "vary": vary}


def _as_options(words: dict[str, Any]) -> dict[str, Any]:
    """As the command line says it."""
    said = {"left_out": "leave_one_out", "methods": "method"}
    shown = {said.get(name, name): value for name, value in words.items() if value != 0}
    return shown | {"vary": ",".join(words["vary"]) or None, "tune": None if words["tune"] == FULL else words["tune"]}
