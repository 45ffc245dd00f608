"""The row above the maps: which dataset, which runs, coloured by what, over which epochs. And the page's address, which says the same."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ftft import Workspace
from ftft.domain import Dataset, Run

SHOWN = 6  # maps shown unless the reader chooses others
OFFERED = 12  # newest runs offered as pills
state = st.session_state


@dataclass(frozen=True)
class Choice:
    """`runs` have recorded at least one epoch each. `missing`: ids that the address names and that cannot be shown."""

    dataset: Dataset
    runs: tuple[Run, ...]
    colour: str
    epochs: tuple[int, int]
    missing: tuple[str, ...] = ()

    def epochs_of(self, run: Run) -> tuple[int, int]:
        """The chosen epochs, as far as `run` has recorded them; imported metrics cannot be taken apart."""
        if run.measures is not None:
            return 1, run.epochs_recorded
        return min(self.epochs[0], run.epochs_recorded), min(self.epochs[1], run.epochs_recorded)


def choose(ws: Workspace, datasets: Sequence[Dataset], every_run: Sequence[Run]) -> Choice:
    """Draws the row. `every_run`: all runs of the workspace, newest first."""
    with st.container(horizontal=True, vertical_alignment="center", key="row_what"):
        st.html("<h1 class='unseen'>Maps</h1>", width="content")  # the navigation says it; this row has better use for the space
        dataset = _dataset(datasets, every_run)
        of_it = [run for run in every_run if run.spec.dataset == dataset.name]
        runs, missing = _runs(dataset.name, of_it)
        st.space("stretch")
        colour, epochs = "correctness", (1, 1)
        if runs:
            with st.container(horizontal=True, vertical_alignment="center", width="content"):  # many runs wrap the row: these stay together
                colour = _colour(ws, runs)
                recorded = [run.epochs_recorded for run in runs if run.measures is None]
                if recorded:  # imported metrics have no epochs to choose from
                    epochs = _epochs(dataset.name, max(recorded))
    return Choice(dataset, runs, colour, epochs, missing)


def run_labels(runs: Sequence[Run]) -> dict[str, str]:
    """What a reader calls each run: model, seed, subset; the start of its id where that is not enough."""
    names = {run.id: run_label(run) for run in runs}
    twice = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {run: f"{name} · {run[:4]}" if name in twice else name for run, name in names.items()}


def run_label(run: Run) -> str:
    """Model, seed and, where there is one, the subset."""
    seed = f" · seed {run.spec.seed}" if run.spec.seed is not None else ""
    return f"{run.spec.model_name}{seed}{f' · {run.spec.subset}' if run.spec.subset else ''}"


def _dataset(datasets: Sequence[Dataset], every_run: Sequence[Run]) -> Dataset:
    by_name = {d.name: d for d in datasets}
    asked = _asked()
    if asked != state.get("maps_address"):
        of_run = {run.id: run.spec.dataset for run in every_run}.get(asked.get("runs", "").split(",")[0])
        state.dataset = next((name for name in (asked.get("dataset"), of_run) if name in by_name), state.get("dataset"))
    if state.get("dataset") not in by_name:
        state.dataset = next((run.spec.dataset for run in every_run if run.spec.dataset in by_name), datasets[0].name)
    name = st.selectbox("Dataset", list(by_name), key="dataset", label_visibility="collapsed", width=150, persist_state="session")
    assert name is not None
    return by_name[name]


def _runs(dataset: str, of_it: Sequence[Run]) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """The runs to show and the ids asked for in vain. Unless the reader chose, the newest runs: also those that begin later."""
    wanted: dict[str, tuple[str, ...]] = state.setdefault("runs_wanted", {})
    asked = _asked()
    if asked.get("runs") and asked.get("dataset", dataset) == dataset and asked != state.get("maps_address"):
        wanted[dataset] = tuple(asked["runs"].split(","))
    mapped = {run.id: run for run in of_it if run.mapped}
    chosen = wanted.get(dataset) or tuple(mapped)[:SHOWN]
    offered = dict.fromkeys((*list(mapped)[:OFFERED], *(run for run in chosen if run in mapped)))
    key = f"runs_{dataset}"
    state[key] = [run for run in offered if run in chosen]
    labels = run_labels([mapped[run] for run in offered])

    def chosen_by_hand() -> None:
        wanted[dataset] = tuple(state[key])

    if offered:
        st.pills(
            "Runs", list(offered), selection_mode="multi", key=key, format_func=lambda run: labels[run],
            label_visibility="collapsed", on_change=chosen_by_hand, width="content",
        )  # fmt: skip
    _write_address(dataset, chosen)
    shown = tuple(mapped[run] for run in offered if run in state[key])
    return shown, tuple(run for run in chosen if run not in mapped)


def _colour(ws: Workspace, runs: Sequence[Run]) -> str:
    """By a metric that all maps have: an imported run may lack some."""
    metrics = [name for name in ws.map(runs[0].id).values if all(name in ws.map(run.id).values for run in runs)]
    first = ["correctness", "label"] if "correctness" in metrics else ["confidence", "label"]
    offered = list(dict.fromkeys([*first, *metrics]))
    if state.get("colour") not in offered:
        state.pop("colour", None)
    return st.selectbox(
        "Colour", offered, key="colour", label_visibility="collapsed",
        format_func=lambda name: f"Colour: {name.replace('_', ' ')}", width=190, persist_state="session",
    )  # fmt: skip


def _epochs(dataset: str, last: int) -> tuple[int, int]:
    """A range of epochs; its end follows the runs unless the reader moved it."""
    st.html("<span class='hint'>Epochs</span>", width="content")
    if last == 1:
        st.html("<span class='hint'>1</span>", width="content")
        return 1, 1
    key, ends = f"epochs_{dataset}", state.setdefault("epochs_end", {})
    first, until = state.get(key, (1, last))
    state[key] = min(first, last), last if until == ends.get(dataset, until) else min(until, last)
    ends[dataset] = last
    st.slider("Epochs", 1, last, key=key, label_visibility="collapsed", width=110, persist_state="session")
    return state[key]


# ---- the address


def _asked() -> dict[str, str]:
    """What the page's address asks for."""
    return {name: st.query_params[name] for name in ("dataset", "runs") if name in st.query_params}


def _write_address(dataset: str, runs: Sequence[str]) -> None:
    """The address shows what is shown, and remembers that this page wrote it: only another one is obeyed."""
    address = {"dataset": dataset} | ({"runs": ",".join(runs)} if runs else {})
    if _asked() != address:
        st.query_params.update(address)
        if not runs:
            st.query_params.pop("runs", None)
    state.maps_address = address
