"""Which epochs the maps are taken over, and from which epoch on the selection they give has settled."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import streamlit as st

from app import parts
from app.panels.choice import Choice
from app.shown import Shown
from ftft import Workspace
from ftft.errors import FtftError

TOP = 0.33
BY = "variability"
PATIENCE_S = 0.03  # how long the maps wait for the curve below them
LARGE = 200_000  # examples from which on the curve lets the maps have the processors first
LATER_S = 0.4
WORKER = ThreadPoolExecutor(1, "stabilising")
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


def arrived() -> bool:
    """Is there a curve by now that the page was drawn without? Says so once."""
    awaited: Future[Any] | None = state.get("curve_awaited")
    if awaited is None or not awaited.done():
        return False
    state.curve_awaited = None
    return True


def _stabilising(ws: Workspace, choice: Choice, active: Shown) -> Any:
    """The curve, or None where there is none, or not yet: a million examples take half a second, and the maps do not wait for that."""
    first, recorded = choice.epochs_of(active)[0], active.epochs_recorded
    state.curve_awaited = None
    if active.measures is not None or recorded - first < 2:
        return None
    asked = _asked(ws, active.id, (first, recorded), LATER_S if choice.dataset.train.rows > LARGE else 0)
    try:
        return asked.result(PATIENCE_S)
    except TimeoutError:
        state.curve_awaited = asked
        return None
    except FtftError:  # the run was changed meanwhile: the next page asks for what it is by then
        return None


def _asked(ws: Workspace, run: str, epochs: tuple[int, int], later_s: float) -> Future[Any]:
    """What was asked last, where it is the same; else asked anew."""
    what, last = (run, epochs), state.get("curve_asked")
    failed = last is not None and last[1].done() and last[1].exception() is not None
    if last is None or last[0] != what or failed:
        if last is not None:
            last[1].cancel()  # of a range that was passed by
        state.curve_asked = last = what, WORKER.submit(_work_out, ws, run, epochs, later_s)
    return last[1]


def _work_out(ws: Workspace, run: str, epochs: tuple[int, int], later_s: float) -> Any:
    time.sleep(later_s)
    return ws.stabilising(run, top=TOP, by=BY, epochs=epochs)


def _words(active: Shown, steps: Sequence[dict[str, Any]], settled: int | None, threshold: float) -> list[tuple[str, bool]]:
    head, tail = f"Top {parts.pct(TOP)} by {BY} of {active.label}, beside that of all epochs: ", f" · dashed: chance, {parts.pct(TOP)}"
    before_last = steps[-2]["overlap"] if len(steps) > 1 else 1.0
    said = f"{parts.pct(before_last)} the same one epoch before the end, not settled" if settled is None else (
        f"at least {parts.pct(threshold)} the same from epoch {settled} on"
    )  # fmt: skip
    return [(head, False), (said, True), (tail, False)]
