"""What there is instead of maps, and what to do about it; and the eye that sees new epochs."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import parts
from app.panels import scrubber
from app.panels.choice import Choice
from app.shown import run_label
from ftft import Workspace
from ftft.domain import Dataset, Run, runs_in

LOOK_EVERY_S = 2


def no_dataset() -> None:
    """An empty workspace."""
    parts.empty(
        "database", "No dataset yet",
        "`ftft demo` brings one with two reference runs. Your own comes in by Add dataset on the Data page, or by `ftft data add`.",
    )  # fmt: skip


def no_map(choice: Choice, runs: Sequence[Run]) -> None:
    """A dataset of which no chosen run has recorded an epoch. `runs`: all runs of the dataset, newest first."""
    name = choice.dataset.name
    coming = [run for run in runs if run.state in ("queued", "running") and run.spec.capture != "none"]
    stopped = [run for run in runs if run.state in ("failed", "cancelled", "lost")]
    axisless = next((run for run in runs if run.measures is not None and not run.mapped), None)
    if any(run.mapped for run in runs):
        parts.empty("bubble_chart", "No run chosen", "Choose one or more runs above. Two or more show whether their dynamics agree.")
    elif coming:
        parts.empty(
            "hourglass_top", "The first epoch is not recorded yet",
            f"{'; '.join(progress(run) for run in coming[:6])}. The map appears here by itself, and fills with every epoch.",
        )  # fmt: skip
    elif stopped:
        run = stopped[0]
        parts.empty(
            "error", f"{run_label(run)} {'was cancelled' if run.state == 'cancelled' else run.state} before its first epoch",
            f"{reason(run)} `ftft runs logs {run.id[:8]}` shows more; `ftft runs resume {run.id[:8]}` goes on from the last checkpoint.",
        )  # fmt: skip
    elif axisless:
        parts.empty(
            "bubble_chart", f"{run_label(axisless)} cannot be drawn",
            f"It was imported with {', '.join(axisless.measures or ())} alone, and a map needs confidence and variability. "
            f"`ftft select {axisless.id} --by {(axisless.measures or ('aum',))[0]} --top 0.33 --name NAME` chooses by it.",
        )  # fmt: skip
    else:
        parts.empty(
            "bubble_chart", f"No reference run on {name} yet",
            f"Start one on the Launch page, or with `ftft train {name} --model MODEL`: its training dynamics make the map.",
        )  # fmt: skip


def notices(choice: Choice, runs: Sequence[Run]) -> None:
    """Above the maps: runs that the address names in vain, runs that stopped early, runs that are still coming."""
    known, shown = {run.id for run in runs}, {run.id: run for each in choice.runs for run in each.runs}
    said = [
        parts.finding(
            "muted", "info", f"Run {run[:16]} is not among the runs on {choice.dataset.name}",
            "It was removed, or is of another dataset. Choose from the runs above.",
        )
        for run in dict.fromkeys(run for each in choice.missing for run in runs_in(each)) if run not in known
    ]  # fmt: skip
    for run in shown.values():
        if run.state in ("failed", "lost"):
            stopped = f"{run_label(run)} {run.state} after {parts.plural(run.epochs_recorded, 'epoch')}"
            said.append(parts.finding("warn", "warning", stopped, f"The map shows what was recorded. {reason(run)}"))
    coming = [run for run in runs if run.state in ("queued", "running") and not run.epochs_recorded and run.spec.capture != "none"]
    if coming and choice.runs:
        how_far = "; ".join(progress(run) for run in coming[:3])
        said.append(parts.finding("muted", "hourglass_top", f"{parts.plural(len(coming), 'more map')} to come", f"{how_far}."))
    if said:
        st.html(f"<div class='notices'>{''.join(said)}</div>")


def progress(run: Run) -> str:
    """How far a run is, in words."""
    steps = f", step {parts.of(run.steps_done, run.steps_total)}" if run.state == "running" and run.steps_total else ""
    return f"{run_label(run)} is {run.state}{steps}"


def reason(run: Run) -> str:
    """Why a run stopped, and the remedy, as far as they are known."""
    words = [run.error.get("message", ""), run.error.get("remedy", "")]
    return " ".join(f"{parts.sentence(word)}." for word in words if word)


def snapshot(datasets: Sequence[Dataset], runs: Sequence[Run]) -> tuple[Any, ...]:
    """What the page depends on: the datasets, and how far each run is."""
    return tuple((d.name, d.fingerprint) for d in datasets), tuple((r.id, r.state, r.epochs_recorded) for r in runs)


@st.fragment(run_every=LOOK_EVERY_S)
def watch(ws: Workspace, seen: tuple[Any, ...]) -> None:
    """Draws the page again when an epoch was recorded, a run changed its state or a curve came; not while a subset is being named."""
    if "naming" not in st.session_state and (scrubber.arrived() or snapshot(ws.data.list(), ws.runs.list()) != seen):
        st.rerun(scope="app")
