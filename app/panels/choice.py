"""The row above the maps: which dataset, which runs, on which axes and in which colours. And the page's address, which says the same."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app import looks
from app.shown import Shown, shown
from ftft import Workspace
from ftft.domain import Dataset, Run, mean_id, runs_in

MOST = 6  # maps side by side
OFFERED = 12  # newest runs offered as pills
AXES = ("variability", "confidence")
state = st.session_state


@dataclass(frozen=True)
class Choice:
    """`runs` have recorded at least one epoch each. `x`, `y`: the metrics on the axes; `colour`: as looks.offered names it.

    `epochs`: None follows the runs. `missing`: ids that the address names and that cannot be shown.
    """

    dataset: Dataset
    runs: tuple[Shown, ...]
    x: str = AXES[0]
    y: str = AXES[1]
    colour: str = "correctness"
    epochs: tuple[int, int] | None = None
    missing: tuple[str, ...] = ()

    @property
    def last_epoch(self) -> int:
        """The last epoch that any run with epochs has recorded; 1 where there is none."""
        return max((run.epochs_recorded for run in self.runs if run.measures is None), default=1)

    def epochs_of(self, run: Shown) -> tuple[int, int]:
        """The chosen epochs, as far as `run` has recorded them."""
        return run.epochs_within(self.epochs)


def choose(ws: Workspace, datasets: Sequence[Dataset], every_run: Sequence[Run]) -> Choice:
    """Draws the row. `every_run`: all runs of the workspace, newest first."""
    with st.container(horizontal=True, vertical_alignment="center", key="row_what"):
        st.html("<h1 class='unseen'>Maps</h1>", width="content")  # the navigation says it; this row has better use for the space
        dataset = _dataset(datasets, every_run)
        of_it = [run for run in every_run if run.spec.dataset == dataset.name]
        runs, missing = _runs(dataset.name, of_it)
        st.space("stretch")
        if not runs:
            return Choice(dataset, (), missing=missing)
        with st.container(horizontal=True, vertical_alignment="center", width="content"):  # many runs wrap the row: these stay together
            _average(dataset.name, runs)
            x, y = _axes(ws, runs)
            colour = _colour(ws, dataset, runs)
    return Choice(dataset, runs, x, y, colour, _epochs(dataset.name, runs), missing)


def choose_runs(datasets: Sequence[Dataset], every_run: Sequence[Run]) -> Choice:
    """The boxes of dataset and runs alone, for another page that is about the same maps."""
    dataset = _dataset(datasets, every_run)
    runs, missing = _runs(dataset.name, [run for run in every_run if run.spec.dataset == dataset.name])
    return Choice(dataset, runs, epochs=_epochs(dataset.name, runs), missing=missing)


def _dataset(datasets: Sequence[Dataset], every_run: Sequence[Run]) -> Dataset:
    by_name = {d.name: d for d in datasets}
    asked = _asked()
    if asked != state.get("maps_address"):
        of_run = {run.id: run.spec.dataset for run in every_run}.get(runs_in(asked.get("runs", "").split(",")[0])[0])
        state.dataset = next((name for name in (asked.get("dataset"), of_run) if name in by_name), state.get("dataset"))
    if state.get("dataset") not in by_name:
        state.dataset = next((run.spec.dataset for run in every_run if run.spec.dataset in by_name), datasets[0].name)
    name = st.selectbox("Dataset", list(by_name), key="dataset", label_visibility="collapsed", width=150, persist_state="session")
    assert name is not None
    return by_name[name]


def _runs(dataset: str, of_it: Sequence[Run]) -> tuple[tuple[Shown, ...], tuple[str, ...]]:
    """The runs to show and the ids asked for in vain. Unless the reader chose, the newest runs: also those that begin later."""
    wanted: dict[str, tuple[str, ...]] = state.setdefault("runs_wanted", {})
    asked = _asked()
    if asked.get("runs") and asked.get("dataset", dataset) == dataset and asked != state.get("maps_address"):
        wanted[dataset] = tuple(dict.fromkeys(asked["runs"].split(",")))
    mapped = [run.id for run in of_it if run.mapped]
    chosen = wanted.get(dataset) or tuple(mapped[:MOST])
    means: dict[str, None] = state.setdefault("means", {}).setdefault(dataset, {})
    means.update(dict.fromkeys(i for i in chosen if len(runs_in(i)) > 1))
    offered = {run.id: run for run in shown(list(dict.fromkeys((*mapped[:OFFERED], *chosen, *means))), of_it)}
    key = f"runs_{dataset}"
    state[key] = [i for i in offered if i in chosen]

    def chosen_by_hand() -> None:
        wanted[dataset] = tuple(state[key])

    if offered:
        st.pills(
            "Runs", list(offered), selection_mode="multi", key=key, format_func=lambda i: offered[i].label,
            label_visibility="collapsed", on_change=chosen_by_hand, width="content",
        )  # fmt: skip
    _write_address(dataset, chosen)
    return tuple(offered[i] for i in offered if i in state[key])[:MOST], tuple(i for i in chosen if i not in offered)


def _average(dataset: str, runs: Sequence[Shown]) -> None:
    """A button that puts the mean of all shown runs beside them: one run's map is not very reliable."""
    alone = [run.id for run in runs if not run.is_mean and run.measures is None]
    mean = mean_id(alone) if len(alone) > 1 else None

    def add() -> None:
        assert mean is not None
        state.runs_wanted[dataset] = (*[run.id for run in runs][: MOST - 1], mean)

    st.button(
        "Average", icon=":material/functions:", key="average", on_click=add, disabled=mean is None or mean in [run.id for run in runs],
        help="Shows the mean map of the runs shown: averaged over seeds or references, a map is more reliable than any one of them",
    )  # fmt: skip


def _axes(ws: Workspace, runs: Sequence[Shown]) -> tuple[str, str]:
    metrics = looks.common_metrics(ws, runs)
    for key, default in zip(("x_axis", "y_axis"), AXES, strict=True):
        if state.get(key) not in metrics:
            state[key] = default
    with st.popover("Axes", icon=":material/tune:", key="axes"):
        for key, name in (("x_axis", "Horizontal"), ("y_axis", "Vertical")):
            st.selectbox(name, metrics, key=key, format_func=looks.words, persist_state="session")
        st.caption("Outlines belong to the axes they were drawn on; each metric is defined in the documentation.")
    return state.x_axis, state.y_axis


def _colour(ws: Workspace, dataset: Dataset, runs: Sequence[Shown]) -> str:
    offered = looks.offered(ws, dataset, runs)
    if state.get("colour") not in offered:
        state.pop("colour", None)
    return st.selectbox(
        "Colour", offered, key="colour", label_visibility="collapsed",
        format_func=lambda name: f"Colour: {looks.words(name)}", width=190, persist_state="session",
    )  # fmt: skip


def _epochs(dataset: str, runs: Sequence[Shown]) -> tuple[int, int] | None:
    """What the scrubber was set to; its end follows the runs where it stood at their end."""
    wanted = state.get("epochs_wanted", {}).get(dataset)
    recorded = [run.epochs_recorded for run in runs if run.measures is None]
    if wanted is None or not recorded:
        return None
    first, last = wanted
    return min(first, max(recorded)), min(last, max(recorded))


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
