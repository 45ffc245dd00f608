"""What the reader has selected: one selection a dataset, with undo and redo, in the session's state.

A brush is a `Selection` value; which examples it holds is computed on the server, exactly, by `Workspace.resolve`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from ftft.domain import Box, Lasso, Selection, Step, runs_in

X, Y = "variability", "confidence"  # the axes of a map unless the reader chooses others
# The toolbar's regions: which end of which metric they take.
REGIONS = {"easy": ("confidence", "top"), "ambiguous": ("variability", "top"), "hard": ("confidence", "bottom")}


@dataclass(frozen=True)
class History:
    """A selection, and what undo and redo lead to."""

    now: Selection
    past: tuple[Selection, ...] = ()
    future: tuple[Selection, ...] = ()

    def to(self, selection: Selection) -> "History":
        """`selection` is what counts from now on."""
        return History(selection, (*self.past, self.now))

    def undo(self) -> "History":
        """One step back, if there is one."""
        return History(self.past[-1], self.past[:-1], (self.now, *self.future)) if self.past else self

    def redo(self) -> "History":
        """One step forward again, if there is one."""
        return History(self.future[0], (*self.past, self.now), self.future[1:]) if self.future else self

    def clear(self) -> "History":
        """Nothing selected; undo brings it back."""
        return self.to(replace(self.now, steps=())) if self.now.steps else self


def history(dataset: str) -> History:
    """This session's history for `dataset`. The component's own state is dropped on a page switch; this is not."""
    return st.session_state.setdefault("histories", {}).setdefault(dataset, History(Selection(dataset)))


def keep(value: History) -> None:
    """`value` becomes its dataset's history."""
    st.session_state.setdefault("histories", {})[value.now.dataset] = value


def act(dataset: str, command: str) -> None:
    """`command`: undo, redo, clear or invert."""
    assert command in ("undo", "redo", "clear", "invert"), command
    if command == "invert":
        select(dataset, Step("new", "invert"))
    else:
        keep(getattr(history(dataset), command)())


def select(dataset: str, step: Step) -> None:
    """One more step of the selection."""
    past = history(dataset)
    keep(past.to(past.now.then(step)))


def pick(dataset: str, example: str, op: str) -> None:
    """One example as a step: a click with Shift ("add") or Alt ("subtract"), or a button beside the example."""
    select(dataset, Step(op, "ids", {"ids": [example]}))


def replay(selection: Selection) -> None:
    """`selection` replaces what is selected; undo brings that back."""
    past = history(selection.dataset)
    if past.now != selection:
        keep(past.to(selection))


def remove(dataset: str, n: int) -> None:
    """The selection without its step `n`, counted from 0. A second click on a step that is gone does nothing."""
    past = history(dataset)
    if n < len(past.now.steps):
        keep(past.to(past.now.without(n)))


def forget_removed(dataset: str, runs: set[str]) -> None:
    """Clears a selection that was made on a run which is no longer among `runs`: nothing can say what it held."""
    if not {run for made_on in runs_of(history(dataset).now) for run in runs_in(made_on)} <= runs:
        act(dataset, "clear")


def step_of(drawn: dict[str, Any], epochs: tuple[int, int], x: str = X, y: str = Y, only: Sequence[Step | dict[str, Any]] = ()) -> Step:
    """A step from what the browser sent: `{op, run, shape}` for an outline, `{op, run, region, q}` for a region.

    `epochs` and the axes are stated in the step, so that it means the same when more epochs have been recorded, or on other axes.
    `only`: what picks the examples that were visible; an outline takes no other ones.
    """
    if "region" in drawn:
        metric, end = REGIONS[drawn["region"]]
        return Step(drawn["op"], "top", {"run": drawn["run"], "metric": metric, "q": drawn["q"], "end": end, "epochs": list(epochs)})
    region = {"run": drawn["run"], "x": x, "y": y, "epochs": list(epochs), "shapes": (_shape(drawn["shape"]),), "only": list(only)}
    return Step(drawn["op"], "region", region)


def on_other_run(selection: Selection, run: str, epochs: tuple[int, int]) -> Selection:
    """The same outlines and regions, applied to another run's map: what would they have caught there?"""

    def moved(step: Step) -> Step:
        if "run" not in step.what:
            return step
        only = {"only": tuple(map(moved, step["only"]))} if step.by == "region" else {}
        burn_in = {"burn_in": 0} if step.by == "strategy" else {}
        return Step(step.op, step.by, step.what | {"run": run, "epochs": list(epochs)} | only | burn_in)

    return Selection(selection.dataset, tuple(moved(step) for step in selection.steps))


def runs_of(selection: Selection) -> set[str]:
    """The runs and mean maps on which it was made."""
    steps = [inner for step in selection.steps for inner in (step, *step.inner)]
    return {step["run"] for step in steps if "run" in step.what}


def suggested_name(selection: Selection, taken: set[str]) -> str:
    """ "ambiguous-33" for a region on its own, else "selection-1"; never one that is `taken`."""
    base, number = "selection", 1
    if len(selection.steps) == 1 and selection.steps[0].by == "top":
        step = selection.steps[0]
        region = next((name for name, ends in REGIONS.items() if ends == (step["metric"], step["end"])), step["metric"])
        base = f"{region}-{round(100 * step['q'])}"
        if base not in taken:
            return base
        number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def _shape(shape: dict[str, Any]) -> Box | Lasso:
    if shape["type"] == "box":
        return Box(*(float(shape[name]) for name in ("x0", "x1", "y0", "y1")))
    return Lasso(tuple((float(x), float(y)) for x, y in shape["points"]))
