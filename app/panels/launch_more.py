"""The settings of the Launch page that seldom change, folded away."""

from typing import Any

import streamlit as st

from app import backend, forms
from app.names import RULES
from ftft import Workspace
from ftft.domain import Dataset, Run
from ftft.domain.spec import EVALUATIONS, PATIENCE, TRACKERS
from ftft.domain.stabilisers import FULL, HEAD, STABILISERS, TUNES

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
CAPTURES = {"online": "online", "epoch_end": "at epochs' ends", "none": "none"}
CAPTURE_HELP = "Which pass the dynamics come from: the one that trains, at no cost, or one more after each epoch"
STOPS = {None: "never"} | {rule: f"by {words}" for rule, words in RULES.items()}


def fields(ws: Workspace, dataset: Dataset, default: dict[str, Any], key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(settings as typed, {after, priority})."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        settings = _stopping(dataset, default, key) | _optimiser(default, key) | _rest(default, key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        return settings | _models_own(default, key) | _stabilisers(default, key), _start(ws, key)


def never_stopped(dataset: Dataset) -> str:
    """Why "everything, same stop rule" is not among the controls."""
    if not any(split.role == "dev" for split in dataset.evaluations):
        return "The dataset has no development set, so nothing can stop a run early: everything is trained for its whole budget."
    return "No rule stops these runs (More settings), so everything is trained for its whole budget."


def _stopping(dataset: Dataset, default: dict[str, Any], key: str) -> dict[str, Any]:
    judged = {f"{split.distribution}_dev" for split in dataset.evaluations if split.role == "dev"}
    rules = [rule for rule in STOPS if rule is None or rule in judged]
    proposed = rules.index(default["stop"]) if default["stop"] in rules else 0
    rule = st.selectbox(
        "Stop early", rules, proposed, format_func=STOPS.__getitem__, key=f"stop_{key}", width=240,
        help="The model is that of the best look. Test sets never decide",
    )  # fmt: skip
    if rule is None:
        return {"stop": None}
    evals = st.number_input(
        "Looks", 1, value=default["evals"] or EVALUATIONS, key=f"evals_{key}", width=95, help="Evenly spread over the budget"
    )
    patience = st.number_input(
        "Patience", 1, value=default["patience"] or PATIENCE, key=f"patience_{key}", width=95, help="Looks without a gain that end the run"
    )
    return {"stop": rule, "evals": None if evals == EVALUATIONS else evals, "patience": None if patience == PATIENCE else patience}


def _optimiser(default: dict[str, Any], key: str) -> dict[str, Any]:
    return {
        "layers": st.number_input(
            "Layers to keep",
            1,
            value=default["layers"],
            placeholder="all",
            key=f"layers_{key}",
            width=125,
            help="The first so many encoder layers",
        ),
        "grad_accum": st.number_input("Accumulation", 1, value=default["grad_accum"], key=f"accum_{key}", width=120, help="Batches a step"),
        "warmup": st.text_input("Warm-up", forms.short(default["warmup"]), key=f"warmup_{key}", width=100, help="Share of the steps"),
        "weight_decay": st.text_input("Weight decay", forms.short(default["weight_decay"]), key=f"decay_{key}", width=115),
        "precision": st.selectbox("Precision", PRECISIONS, PRECISIONS.index(default["precision"]), key=f"precision_{key}", width=110),
    }


def _rest(default: dict[str, Any], key: str) -> dict[str, Any]:
    kinds = list(CAPTURES)
    capture = st.selectbox(
        "Capture", kinds, kinds.index(default["capture"]), format_func=CAPTURES.__getitem__, key=f"capture_{key}", width=165,
        help=CAPTURE_HELP,
    )  # fmt: skip
    devices = st.number_input(
        "Devices", 1, value=default["devices"] or 1, key=f"devices_{key}", width=95, help="GPUs that share each batch of one run"
    )
    trackers = st.multiselect(
        "Report to",
        TRACKERS,
        (default["report_to"] or "").split(",") if default["report_to"] else [],
        key=f"trackers_{key}",
        width=200,
        placeholder="no tracker",
        help="Trackers of experiments, if installed",
    )
    return {"capture": capture, "devices": devices if devices > 1 else None, "report_to": ",".join(trackers) or None}


def _models_own(default: dict[str, Any], key: str) -> dict[str, Any]:
    """Its head, and its code: that one only where the app was started with --allow-remote-code."""
    keep_head = st.checkbox(
        "Keep the model's own head",
        bool(default["keep_head"]),
        key=f"head_{key}",
        help="By the names of its labels; otherwise it is drawn anew",
    )
    remote = backend.remote_code() and st.checkbox(
        "Let the model's own code run", bool(default["remote_code"]), key=f"remote_{key}", help="Python that comes with it. Read it first"
    )
    return {"keep_head": keep_head or None, "remote_code": remote or None}


def _stabilisers(default: dict[str, Any], key: str) -> dict[str, Any]:
    """What makes seeds end less differently, and which weights are trained."""
    there = list(default["methods"] or ())
    methods = st.multiselect(
        "Stabilisers", list(dict.fromkeys([*there, *STABILISERS])), there, accept_new_options=True, key=f"methods_{key}", width=260,
        placeholder="none", help="With options as mmr:alpha=0.05. Under many seeds they are compared under Stability, above",
    )  # fmt: skip
    tune = st.selectbox(
        "Train", TUNES, TUNES.index(default["tune"] or FULL), format_func={FULL: "all weights", HEAD: "a linear head"}.__getitem__,
        key=f"tune_{key}", width=130, help="A head on the frozen encoder takes seconds, a learning rate of about 1e-3, and no stop rule",
    )  # fmt: skip
    return {"methods": tuple(methods) or None, "tune": None if tune == FULL else tune}


def _start(ws: Workspace, key: str) -> dict[str, Any]:
    waiting = {run.id: run for run in ws.runs.list() if run.state in ("queued", "running")}
    after: list[str] = []
    if waiting:
        after = st.multiselect(
            "Start after", list(waiting), format_func=lambda run: _called(waiting[run]), key=f"after_{key}", width=280,
            placeholder="as soon as there is room",
        )  # fmt: skip
    priority = st.number_input("Priority", value=0, key=f"priority_{key}", width=100, help="Higher ones start first")
    return {"after": after, "priority": priority}


def _called(run: Run) -> str:
    return f"{run.spec.model_name}, seed {run.spec.seed}, {run.spec.subset or 'everything'} ({run.id[:6]})"
