"""An experiment on the Launch page: reference, main model, controls and strategies, and what they will cost before anything starts."""

import html
import shlex
from collections.abc import Callable
from typing import Any

import streamlit as st

from app import backend, defaults, failure, forms, parts, price
from app.panels import launch_more
from ftft import Workspace
from ftft.domain import Dataset, Estimate, Pending
from ftft.workspace.ftft_design import Plan
from ftft.workspace.methods import BY_DEFAULT, CONTROLS, NAMES

Asked = tuple[str, dict[str, Any]]  # the dataset, and the words of the plan
LOOK_EVERY_S = 1.0  # while a process measures the models
WHAT = {
    "erm": "everything, whole budget", "erm_early": "everything, same stop rule", "erm_steps": "everything, as many steps as ftft",
    "random": "random, same size", "random_matched": "random, same size and label shares", "datamap": "the main model's own data map",
}  # fmt: skip
STRATEGIES = tuple(name for name in NAMES if name not in (*CONTROLS, "ftft", "subset"))
FIRST = {"ftft": "references first", "stability": "seed by seed"}
SWEEPS = ("ftft:q=0.5", "ftft:q=0.25", "ftft:burn_in=1", "ftft:per_label=yes", "ftft:average=3")


def page(ws: Workspace, datasets: list[Dataset]) -> None:
    """An FTFT experiment."""
    beside(ws, lambda: _form(ws, datasets), ws.experiment.plan_ftft, "results", lambda dataset, words: command(dataset, words, "ftft"))


def beside(ws: Workspace, form: Callable[[], Asked], plan_of: Callable[..., Plan], view: str, said: Callable[..., str]) -> None:
    """The form on the left; on the right what it means: plan, price, the button that goes to `view`, and the command `said`."""
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        asked = forms.attempt(form)
    with right, st.container(border=True, key="price"):
        if asked.problem:
            failure.show(asked.problem)
            return
        dataset, words = asked.value
        planned = forms.attempt(plan_of, dataset, **words)
        if planned.problem:
            failure.show(planned.problem)
        else:
            plan(ws, planned.value, view)
            parts.section("The same on the command line")
            st.code(said(dataset, words), language="bash", wrap_lines=True)


def _form(ws: Workspace, datasets: list[Dataset]) -> tuple[str, dict[str, Any]]:
    """(dataset, the words of `plan_ftft`); InputError for what cannot be read."""
    parts.section("What", "for each seed a reference, the examples that it finds ambiguous, a main model on them")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = dataset_box(datasets, "experiment_dataset")
        known = {model.path: model for model in ws.models()}
        by_size = sorted(range(len(known)), key=lambda place: list(known.values())[place].parameters or 0)
        main = model_box("Main model", known, by_size[-1] if known else 0, "experiment_main")
        reference = model_box("Reference", known, by_size[0] if known else 0, "experiment_reference")
        layers = st.number_input(
            "Layers of it", 1, value=None, placeholder="all", key="experiment_layers", width=110, help="Keep the first so many"
        )
    words = {"main": main, "reference": reference, "reference_layers": layers} | _training(dataset, defaults.size(_size(known, main), main))
    return dataset.name, words | _methods(bool(words["stop"]))


def dataset_box(datasets: list[Dataset], key: str) -> Dataset:
    """The dataset that the address names, or the newest, until somebody chooses another."""
    names = {dataset.name: dataset for dataset in datasets}
    latest = st.query_params.get("dataset")
    place = list(names).index(latest) if latest in names else 0
    return names[st.selectbox("Dataset", list(names), place, key=key, width=180) or datasets[0].name]


def model_box(label: str, known: dict[str, Any], place: int, key: str) -> str:
    """A known model, or a path or hub id as typed."""
    chosen = st.selectbox(
        label, list(known), min(place, len(known) - 1) if known else None, accept_new_options=True, key=key, width=200,
        placeholder="path or hub id", format_func=lambda path: known[path].name if path in known else str(path),
    )  # fmt: skip
    return chosen or ""


def _size(known: dict[str, Any], model: str) -> int | None:
    return known[model].parameters if model in known else None


def _training(dataset: Dataset, size: str) -> dict[str, Any]:
    parts.section("Training", f"as in the paper, for {parts.num(dataset.train.rows)} examples and a {size} model")
    key = f"{dataset.name}_{size}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seeds = st.number_input("Seeds", 1, value=5, key="experiment_seeds", width=85, help="1 to so many; under five nothing is tested")
        top = st.number_input("Selected, %", 1, 99, value=33, key="experiment_top", width=105)
        epochs = st.number_input("Epochs", 1, value=defaults.epochs(dataset.train.rows), key=f"experiment_epochs_{key}", width=90)
        lr = st.text_input("Learning rate", forms.short(defaults.RATES[size]), key=f"experiment_lr_{key}", width=110)
        reference_lr = st.text_input("of the reference", "", placeholder="the same", key=f"experiment_reference_lr_{key}", width=120)
        batch = st.number_input("Batch size", 1, value=defaults.BATCH, key="experiment_batch", width=95)
        length = st.number_input("Max length", 1, value=300, key="experiment_length", width=100)
        stop = _stop(dataset)
    return {
        "seeds": int(seeds), "top": top / 100, "epochs": int(epochs), "lr": forms.number("learning rate", lr), "batch_size": int(batch),
        "max_length": int(length), "stop": stop,
        "reference_lr": forms.number("learning rate of the reference", reference_lr) if reference_lr else None,
    }  # fmt: skip


def _stop(dataset: Dataset) -> str | None:
    judged = {f"{split.distribution}_dev" for split in dataset.evaluations if split.role == "dev"}
    rules = [rule for rule in ("ood_dev", "id_dev", None) if rule is None or rule in judged]
    return st.selectbox(
        "Stop early", rules, format_func=launch_more.STOPS.__getitem__, key=f"experiment_stop_{dataset.name}", width=230,
        help="All methods but erm. Test sets never decide",
    )  # fmt: skip


def _methods(stops: bool) -> dict[str, Any]:
    parts.section("Controls", "each says which part of a gain is not the choice of examples")
    offered = [name for name in CONTROLS if stops or name not in ("erm_early", "erm_steps")]
    with st.container(key="experiment_controls"):
        control = [
            name
            for name in offered
            if st.toggle(f"{WHAT[name]} :small[:gray[· {name}]]", name in BY_DEFAULT, key=f"experiment_{name}", disabled=name == "erm")
        ]
    parts.section("Strategies and sweeps", "beside ftft; write any as NAME:option=value")
    strategy = st.multiselect(
        "Strategies", [*STRATEGIES, *SWEEPS], key="experiment_strategies", accept_new_options=True, label_visibility="collapsed",
        placeholder="none: ftft and its controls alone",
    )  # fmt: skip
    with st.container(horizontal=True):
        shared = st.toggle("One reference for all seeds", key="experiment_shared", help="Cheaper; its luck is in no SD")
        settles = st.toggle("End references once their selection settles", key="experiment_settles")
    return {"control": tuple(control), "strategy": tuple(strategy), "shared_reference": shared, "reference_stop": settles}


def command(dataset: str, words: dict[str, Any], kind: str) -> str:
    """`ftft experiment KIND …`, one kind of option a line."""
    said = ["ftft", "experiment", kind, dataset]
    for name, value in words.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, tuple):
            for one in value:
                said += [option, str(one)]
        elif value is True:
            said.append(option)
        elif name == "stop":
            said += [option, value or "none"]
        elif value is not None and value is not False:
            said += [option, str(value)]
    return forms.in_lines(shlex.join(said))


# ---- what it means


def plan(ws: Workspace, planned: Plan, view: str) -> None:
    """Runs, price, methods, and the button that queues them and goes to `view`."""
    existing = set(ws.runs.ids())
    new = sum(spec.run not in existing for spec in planned.specs)
    there = len(planned.specs) - new
    note = (
        f"{parts.plural(there, 'run')} of this plan {'exists' if there == 1 else 'exist'} already"
        if there
        else FIRST[planned.experiment.kind]
    )
    st.html(f"<div class='cost'><b>{parts.num(new)}</b><span>{'run' if new == 1 else 'runs'} to queue · {note}</span></div>")
    if new:
        pending = isinstance(forms.attempt(ws.experiment.estimate, planned).value, Pending)
        st.fragment(_cost, run_every=LOOK_EVERY_S if pending else None)(ws, planned)
    _table(planned, existing)
    label = f"Start {parts.plural(new, 'run')}" if new else "Nothing new to start"
    blocked = backend.read_only() or not new
    if st.button(label, type="primary", icon=":material/science:", width="stretch", key="start_experiment", disabled=blocked):
        started = forms.attempt(ws.experiment.queue, planned)
        if started.problem:
            failure.show(started.problem)
        else:
            st.switch_page(f"views/{view}.py", query_params={"dataset": planned.experiment.dataset, "experiment": planned.experiment.id})


def _cost(ws: Workspace, plan: Plan) -> None:
    """A fragment: it looks again by itself while the models are measured, and leaves the form alone."""
    found = forms.attempt(ws.experiment.estimate, plan)
    if found.problem:
        st.html(parts.finding("muted", "help", f"No estimate: {found.problem.message}", found.problem.remedy))
    elif isinstance(found.value, Pending):
        st.html("<p class='hint measuring'>Measuring these models on these texts, for FLOPs, time and memory … Starting need not wait.</p>")
    elif isinstance(found.value, Estimate):
        at_once = ws.jobs.slots * max(1, len(ws.jobs.gpus))
        st.html(price.markup(price.facts(found.value, price.room(ws.path, on_cpu=not ws.jobs.gpus), at_once)))


def _table(plan: Plan, existing: set[str]) -> None:
    found, lines = plan.experiment, []
    chooses = found.kind == "ftft"
    for method in found.methods:
        members = found.of(method)
        new = sum(member.run not in existing for member in members)
        references = len({run for member in members for run in member.references})
        state = parts.pill(f"{new} new", "accent") if new else parts.pill("there")
        name = f"<td class='{'main' if method == 'ftft' else ''}'>{html.escape(method)}</td>"
        chosen_by = f"<td class='r'>{references or ''}</td>" if chooses else ""
        lines.append(f"<tr>{name}<td class='r'>{len(members)}</td>{chosen_by}<td class='seeds'>{state}</td></tr>")
    head = f"<tr><th>method</th><th class='r'>runs</th>{'<th class=r>references</th>' if chooses else ''}<th></th></tr>"
    st.html(f"<table class='grid'>{head}{''.join(lines)}</table>")
