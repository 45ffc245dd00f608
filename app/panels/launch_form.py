"""The form of the Launch page, in the order in which a person decides: what, for how long, how often, beside what."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import comparison, controls, defaults, forms, order, parts
from app.panels import launch_clone, launch_more, launch_subset
from app.panels.launch_subset import Choice
from ftft import Workspace
from ftft.domain import Dataset, Run, RunSpec


@dataclass(frozen=True)
class Proposal:
    """Defaults of the settings, and where they come from. `key` ends the fields' keys: with other defaults they are other fields.

    So does `rate_key` that of the learning rate, which depends on the model, too.
    """

    values: dict[str, Any]
    source: str
    key: str
    rate_key: str


def form(ws: Workspace, datasets: list[Dataset]) -> dict[str, Any]:
    """Raw values as typed: dataset, model, subset, selection, seeds, settings, controls, after, priority."""
    cloned = launch_clone.taken_over(ws, datasets)
    parts.section("What", "subsets are saved on the Maps page")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = _dataset(ws, datasets)
        model, size = _model(ws)
        choice = launch_subset.box(ws, dataset)
    proposal = _clone(cloned, choice) if cloned else _proposal(ws, dataset, choice, size)
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.section("Training", proposal.source)
        if cloned:
            st.button("Start from the defaults", type="tertiary", key="forget_clone", on_click=launch_clone.forget)
    settings, seeds = _settings(proposal, choice)
    with st.expander("More settings"):
        rest, order_of_start = launch_more.fields(ws, dataset, proposal.values, proposal.key)
    settings |= rest
    return {
        "dataset": dataset.name, "model": model, "subset": choice.name, "selection": choice.selection, "seeds": seeds,
        "settings": settings, "controls": _controls(choice, bool(settings["stop"])), **order_of_start,
    }  # fmt: skip


def _dataset(ws: Workspace, datasets: list[Dataset]) -> Dataset:
    names = {dataset.name: dataset for dataset in datasets}
    with_subsets = [name for name in names if ws.subsets.sizes(name)]
    latest = next(name for name in (st.query_params.get("dataset"), *with_subsets, *names) if name in names)
    launch_subset.preset("launch_dataset", "dataset_box", list(names), latest)
    chosen = st.selectbox("Dataset", list(names), key="dataset_box", persist_state="session", width=180)
    return names[chosen or latest]


def _model(ws: Workspace) -> tuple[str, str]:
    """(path or hub id, its class of size as in `defaults`)."""
    known = {model.path: model for model in ws.models()}
    chosen = st.selectbox(
        "Main model", list(known), format_func=lambda path: known[path].name if path in known else str(path), accept_new_options=True,
        key="main_model", persist_state="session", placeholder="path or hub id", width=220,
        help="One of these, or a path or a hub id such as owner/name",
    )  # fmt: skip
    return chosen or "", _size(known, chosen or "")


def _size(known: dict[str, Any], model: str) -> str:
    return defaults.size(known[model].parameters if model in known else None, model)


def _proposal(ws: Workspace, dataset: Dataset, choice: Choice, size: str) -> Proposal:
    """The paper's settings at this size of data and model, with what the run that chose the subset used in the place of some."""
    values = {name: field.default for name, field in RunSpec.__dataclass_fields__.items()}
    values |= {
        "epochs": defaults.epochs(dataset.train.rows), "lr": defaults.RATES[size], "stop": defaults.stop(dataset, choice.name is not None),
    }  # fmt: skip
    key = f"{dataset.name}_{choice.key}"
    chosen_by = comparison.reference_runs(choice.steps)
    reference = order.inherited(ws, chosen_by[0]) if chosen_by else None
    if reference is None:
        return Proposal(values, f"as in the paper, for {parts.num(dataset.train.rows)} examples and a {size} model", key, f"{key}_{size}")
    values |= {name: getattr(reference, name) for name in order.INHERITED}
    source = f"as in run {reference.run[:6]} of {reference.model_name}, which {'will choose' if choice.selection else 'chose'} the subset"
    if _size({model.path: model for model in ws.models()}, reference.model) == size:
        return Proposal(values, source, key, key)
    return Proposal(values | {"lr": defaults.RATES[size]}, f"{source}; the rate of a {size} model", key, f"{key}_{size}")


def _clone(run: Run, choice: Choice) -> Proposal:
    """The settings of a run that is to be asked for again, with changes."""
    values = {name: getattr(run.spec, name) for name in RunSpec.__dataclass_fields__}
    key = f"clone_{run.id}_{choice.key}"
    return Proposal(values, f"as in run {run.id[:6]} of {run.spec.model_name}, to be changed", key, key)


def _settings(proposal: Proposal, choice: Choice) -> tuple[dict[str, Any], str]:
    """(settings as typed, seeds as typed)."""
    default, key = proposal.values, proposal.key
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seeds = _seeds(choice.name is not None)
        unit = st.segmented_control(
            "Budget in", ["epochs", "steps"], default="steps" if default["steps"] else "epochs", required=True, key=f"unit_{key}"
        )
        by_steps = unit == "steps"
        budget = st.number_input(
            "Steps" if by_steps else "Epochs", 1, value=(default["steps"] or 1000) if by_steps else (default["epochs"] or 4), width=100,
            key=f"budget_{unit}_{key}",
            help="Epochs count the whole training set, so that a subset gets the same number of steps. At first 4, as in the paper; "
            "more where that is under 1,000 steps (at most 20 epochs), fewer where it is over 50,000",
        )  # fmt: skip
        lr = st.text_input(
            "Learning rate", forms.short(default["lr"]), key=f"lr_{proposal.rate_key}", width=110,
            help="At first 2e-5, or 1e-5 for a large model, as in the paper; 5e-4 for an encoder of under 10 million parameters",
        )  # fmt: skip
        batch = st.number_input("Batch size", 1, value=default["batch_size"], key=f"batch_{key}", width=100)
        length = st.number_input(
            "Max length", 1, value=default["max_length"], key=f"length_{key}", width=105,
            help="In tokens; longer texts are cut. It costs nothing where texts are shorter: a batch is as long as its longest",
        )  # fmt: skip
    budgets = {"epochs": None if by_steps else budget, "steps": budget if by_steps else None}
    return {**budgets, "lr": lr, "batch_size": batch, "max_length": length}, seeds


def _seeds(on_subset: bool) -> str:
    """Four for a comparison, one for a reference, until somebody writes others."""
    state, proposed = st.session_state, {False: defaults.ONE_SEED, True: defaults.SEEDS}
    before = state.get("seeds_for")
    if "seeds" not in state or (before not in (None, on_subset) and state["seeds"] == proposed[not on_subset]):
        state["seeds"] = proposed[on_subset]
    state["seeds_for"] = on_subset
    return st.text_input(
        "Seeds", key="seeds", width=95, persist_state="session",
        help="One run each, such as 1-3 or 1, 5, 9; the paper has four, and one seed alone is no evidence",
    )  # fmt: skip


def _controls(choice: Choice, stops: bool) -> list[str]:
    """Names of the controls that are asked for."""
    if choice.name is None:
        return []
    parts.section("Controls", "a score without them says little: each runs with the same model, seeds and settings")
    if not stops:
        st.html(f"<p class='hint'>{launch_more.never_stopped(choice.dataset)}</p>")
    asked = []
    with st.container(key="controls"):
        for offer in controls.offers(stops, choice.selection is None):
            control = offer.control
            label = f"{parts.sentence(control.title)} :small[:gray[· {offer.missing or control.why}]]"
            if st.toggle(label, offer.on, key=offer.key, disabled=bool(offer.missing)) and not offer.missing:
                asked.append(control.name)
    return asked
