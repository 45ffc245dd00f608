"""What the Runs page and the notices call things: a run, its state, the score that stands for it, its place in the queue."""

from collections.abc import Mapping

import streamlit as st

from app import progress
from app.names import METRICS
from ftft import Workspace
from ftft.domain import Dataset, Run
from ftft.errors import InputError

COLOUR = {"queued": "gray", "running": "blue", "succeeded": "green", "failed": "red", "cancelled": "gray", "lost": "orange"}
ICON = {"queued": "schedule", "running": "progress_activity", "succeeded": "check", "failed": "error", "cancelled": "block", "lost": "help"}
TAIL = 14  # characters of a subset's name in the table
SHORT = 4  # digits of an id that tell one run from another in a sentence


def badge(state: str, text: str = "") -> None:
    """A state as a coloured badge."""
    st.badge(text or state, color=COLOUR[state], icon=f":material/{ICON[state]}:")  # pyright: ignore[reportArgumentType]


def name(run: Run) -> str:
    """What a person calls a run: its model and what it is trained on, where that is known."""
    return f"{run.spec.model_name} · {run.spec.subset or 'everything'}" if run.spec.has_settings else run.spec.model_name


def short_name(run: Run) -> str:
    """For a narrow column: of a long subset's name its end, in which those of one selection differ."""
    subset = run.spec.subset if run.spec.has_settings else None
    return f"{run.spec.model_name} · …{subset[-TAIL:]}" if subset and len(subset) > TAIL + 2 else name(run)


def with_seed(run: Run) -> str:
    """The same, and which seed it is."""
    return name(run) if run.spec.seed is None else f"{name(run)}, seed {run.spec.seed}"


def dataset_of(ws: Workspace, run: Run) -> Dataset | None:
    """The run's dataset; None where it is gone."""
    try:
        return ws.data.get(run.spec.dataset)
    except InputError:
        return None


def scored(ws: Workspace, run: Run, lines: progress.Lines = ()) -> tuple[str, str]:
    """The score that stands for the run, and what it is: ("dev .81", "accuracy on dev"); two empty texts where there is none."""
    found = progress.score(run, lines, dataset_of(ws, run))
    if found is None:
        return "", ""
    evaluation, metric, value = found
    return f"{evaluation} {fraction(value)}", f"{METRICS[metric]} on {evaluation}"


def fraction(value: float) -> str:
    """A score as papers print it: 0.8132 -> ".81", 1 -> "1.00"."""
    return f"{value:.2f}".removeprefix("0") if value >= 0 else f"{value:.2f}"


def place(run: Run, states: Mapping[str, str]) -> str:
    """What a queued run waits for: "next", "3rd", "after 3f9c". `states`: id -> state of every run."""
    waits_for = [other for other in run.after if states.get(other) != "succeeded"]
    if waits_for:
        return f"after {waits_for[0][:SHORT]}" + (f" and {len(waits_for) - 1} more" if len(waits_for) > 1 else "")
    if run.position is None:
        return "waits"
    return "next" if run.position == 1 else ordinal(run.position)


def ordinal(n: int) -> str:
    """ "2nd", "11th"."""
    return f"{n}{'th' if n % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"
