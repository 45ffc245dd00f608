"""The form of the Launch page, in the order in which a person decides: what, for how long, how often."""

from typing import Any

import streamlit as st

from app import comparison, forms, order, parts
from app.names import RULES
from ftft import Workspace
from ftft.domain import Dataset, RunSpec, Subset

EVERYTHING = ""  # the option of the subset box that stands for no subset
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
CAPTURES = {"online": "online", "epoch_end": "at epochs' ends", "none": "none"}
CAPTURE_HELP = "Which pass the dynamics come from: the one that trains, at no cost, or one more after each epoch"
STOPS = {None: "never"} | {rule: f"by {words}" for rule, words in RULES.items()}


def form(ws: Workspace, datasets: list[Dataset]) -> dict[str, Any]:
    """Raw values as typed: dataset, model, subset, seeds, settings, with_everything."""
    names = [dataset.name for dataset in datasets]
    with_subsets = [subset.dataset_name for subset in ws.subsets.list()]
    latest = next(name for name in (st.query_params.get("dataset"), *with_subsets, names[0]) if name in names)
    _preset("launch_dataset", "dataset_box", names, latest)
    parts.section("What", "subsets are saved on the Maps page")
    with st.container(horizontal=True):
        dataset = st.selectbox("Dataset", names, key="dataset_box", persist_state="session", width=200) or latest
        model = _model(ws)
        subsets = {subset.name: subset for subset in ws.subsets.list(dataset=dataset)}
        _preset("launch_subset", "subset", [EVERYTHING, *subsets])
        subset = st.selectbox(
            "Subset",
            [*subsets, EVERYTHING],
            format_func=lambda name: name or "everything",
            key="subset",
            persist_state="session",
            width=220,
        )
    chosen = subsets.get(subset or EVERYTHING)
    defaults = _defaults(ws, chosen)
    key = f"{dataset}_{subset}"  # another subset brings other defaults, so its fields are other widgets
    settings, seeds = _settings(defaults, key, next(d for d in datasets if d.name == dataset))
    if chosen:
        parts.section("Comparison", "a score without it says little")
    with_everything = bool(chosen) and st.toggle(
        "Also run on everything, with the same budget of steps", True, key="with_everything",
        help="The same model, seeds and number of steps on the whole training set: without it there is nothing to compare with",
    )  # fmt: skip
    return {
        "dataset": dataset, "model": model, "subset": subset or None, "seeds": seeds, "settings": settings,
        "with_everything": with_everything,
    }  # fmt: skip


def _preset(preset: str, key: str, options: list[str], default: str | None = None) -> None:
    """Takes over what another page asked for, once; a choice that no longer exists is forgotten."""
    wanted = st.session_state.pop(preset, st.session_state.get(key, default))
    if wanted in options:
        st.session_state[key] = wanted
    else:
        st.session_state.pop(key, None)


def _model(ws: Workspace) -> str:
    names = {model.path: model.name for model in ws.models()}
    chosen = st.selectbox(
        "Main model", list(names), format_func=lambda path: names.get(path, str(path)), accept_new_options=True, key="main_model",
        persist_state="session", placeholder="path or hub id", width=240, help="One of these, or a path or a hub id such as owner/name",
    )  # fmt: skip
    return chosen or ""


def _defaults(ws: Workspace, subset: Subset | None) -> dict[str, Any]:
    """Defaults of every run, with what the run that chose the subset used in the place of some."""
    plain = {name: field.default for name, field in RunSpec.__dataclass_fields__.items()}
    chosen_by = comparison.reference_runs(subset.selection) if subset else ()
    reference = order.inherited(ws, chosen_by[0]) if chosen_by else None
    if reference is None:
        parts.section("Training", "defaults")
        return plain
    parts.section("Training", f"as in run {reference.run[:6]} of {reference.model_name}, which chose the subset")
    return plain | {name: getattr(reference, name) for name in order.INHERITED}


def _settings(default: dict[str, Any], key: str, dataset: Dataset) -> tuple[dict[str, Any], str]:
    """(settings as typed, seeds as typed)."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seeds = st.text_input(
            "Seeds",
            "1",
            key="seeds",
            width=95,
            persist_state="session",
            help="One run each, such as 1-3 or 1, 5, 9; one seed alone is no evidence",
        )
        unit = st.segmented_control(
            "Budget in", ["epochs", "steps"], default="steps" if default["steps"] else "epochs", required=True, key=f"unit_{key}"
        )
        by_steps = unit == "steps"
        budget = st.number_input(
            "Steps" if by_steps else "Epochs", 1, value=(default["steps"] or 1000) if by_steps else (default["epochs"] or 3), width=100,
            key=f"budget_{unit}_{key}", help="Epochs count the whole training set, so that a subset gets the same number of steps",
        )  # fmt: skip
        lr = st.text_input("Learning rate", forms.short(default["lr"]), key=f"lr_{key}", width=100)
        batch = st.number_input("Batch size", 1, value=default["batch_size"], key=f"batch_{key}", width=100)
        length = st.number_input(
            "Max length", 1, value=default["max_length"], key=f"length_{key}", width=105, help="In tokens; longer texts are cut"
        )
    with st.expander("More settings"), st.container(horizontal=True):
        rest = _more(default, key, dataset)
    budgets = {"epochs": None if by_steps else budget, "steps": budget if by_steps else None}
    return {**budgets, "lr": lr, "batch_size": batch, "max_length": length, **rest}, seeds


def _more(default: dict[str, Any], key: str, dataset: Dataset) -> dict[str, Any]:
    dev_sets = {f"{s.distribution}_dev" for s in dataset.evaluations if s.role == "dev"}
    return {
        "layers": st.number_input(
            "Layers to keep", 1, value=None, placeholder="all", key=f"layers_{key}", width=125, help="The first so many encoder layers"
        ),
        "grad_accum": st.number_input("Accumulation", 1, value=default["grad_accum"], key=f"accum_{key}", width=120, help="Batches a step"),
        "warmup": st.text_input("Warm-up", forms.short(default["warmup"]), key=f"warmup_{key}", width=100, help="Share of the steps"),
        "weight_decay": st.text_input("Weight decay", forms.short(default["weight_decay"]), key=f"decay_{key}", width=115),
        "precision": st.selectbox("Precision", PRECISIONS, key=f"precision_{key}", width=110),
        "capture": st.selectbox(
            "Capture", list(CAPTURES), format_func=CAPTURES.__getitem__, key=f"capture_{key}", width=165, help=CAPTURE_HELP
        ),
        "stop": st.selectbox(
            "Stop early",
            [rule for rule in STOPS if rule is None or rule in dev_sets],
            format_func=STOPS.__getitem__,
            key=f"stop_{key}",
            width=230,
            help="Twelve looks in the budget; two without a gain end the run. The model is that of the best look. Test sets never decide",
        ),
    }
