"""Which epochs the maps are taken over, and from which epoch on the selection they give has settled."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import parts
from app.panels.choice import Choice
from app.shown import Shown
from ftft import Workspace

TOP = 0.33
BY = "variability"
state = st.session_state


def data(ws: Workspace, choice: Choice, active: Shown) -> dict[str, Any] | None:
    """What the scrubber under the maps shows; None where there are no epochs to choose from."""
    last = choice.last_epoch
    if last < 2:
        return None
    first, until = choice.epochs or (1, last)
    found = _stabilising(ws, choice, active)
    return {
        "last": last,
        "from": first,
        "to": until,
        "first": choice.epochs_of(active)[0],
        "curve": [[step["epoch"], round(step["overlap"], 4)] for step in found.points] if found else [],
        "chance": TOP,
        "top": round(100 * TOP),
        "settled": found.stabilised_at if found else None,
        "words": _words(active, found.points, found.stabilised_at, found.threshold) if found else [],
    }


def keep(choice: Choice, epochs: Sequence[int]) -> None:
    """The reader chose `epochs`. All of them means: those to come, too."""
    first, until = sorted(min(max(int(e), 1), choice.last_epoch) for e in epochs)
    whole = (first, until) == (1, choice.last_epoch)
    state.setdefault("epochs_wanted", {})[choice.dataset.name] = None if whole else (first, until)


def _stabilising(ws: Workspace, choice: Choice, active: Shown) -> Any:
    first, recorded = choice.epochs_of(active)[0], active.epochs_recorded
    if active.measures is not None or recorded - first < 2:
        return None
    return ws.stabilising(active.id, top=TOP, by=BY, epochs=(first, recorded))


def _words(active: Shown, steps: Sequence[dict[str, Any]], settled: int | None, threshold: float) -> list[tuple[str, bool]]:
    head, tail = f"Top {parts.pct(TOP)} by {BY} of {active.label}, beside that of all epochs: ", f" · dashed: chance, {parts.pct(TOP)}"
    before_last = steps[-2]["overlap"] if len(steps) > 1 else 1.0
    said = f"{parts.pct(before_last)} the same one epoch before the end, not settled" if settled is None else (
        f"at least {parts.pct(threshold)} the same from epoch {settled} on"
    )  # fmt: skip
    return [(head, False), (said, True), (tail, False)]
