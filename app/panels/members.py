"""Which examples a selection holds, and how far the other maps agree: worked out once for all who ask."""

import functools
from dataclasses import dataclass, field

import numpy as np

from app import brush
from app.panels.choice import Choice
from app.shown import Shown
from ftft import Workspace
from ftft.domain import Selection


@dataclass(frozen=True)
class Asked:
    """A selection whose members are asked for. `file`: the hash of its canonical form; `changed`: what else may change what it holds."""

    fingerprint: str
    file: str
    changed: str
    selection: Selection = field(compare=False)


@functools.lru_cache(32)
def _mask(ws: Workspace, asked: Asked) -> np.ndarray:
    return ws.resolve(asked.selection)


@functools.lru_cache(32)
def _digest(ws: Workspace, asked: Asked) -> str:
    return ws.data.digest(asked.selection.dataset, _mask(ws, asked))


def _asked(ws: Workspace, choice: Choice, selection: Selection) -> Asked:
    by_flag = any(step.by == "flag" for step in selection.steps)  # the only step that the file, the data and the runs do not fix
    changed = ws.notes.stamp(selection.dataset) if by_flag else ""
    return Asked(choice.dataset.fingerprint, selection.hash, changed, selection)


def members(ws: Workspace, choice: Choice, selection: Selection) -> np.ndarray:
    """(N,) bool: which examples a selection holds."""
    return _mask(ws, _asked(ws, choice, selection))


def selected(ws: Workspace, choice: Choice, selection: Selection) -> tuple[np.ndarray, str] | None:
    """`members`, and the hash of their ids; None where nothing was ever selected."""
    if not selection.steps:
        return None
    asked = _asked(ws, choice, selection)
    return _mask(ws, asked), _digest(ws, asked)


def agreement(ws: Workspace, choice: Choice, mask_N: np.ndarray, run: Shown) -> tuple[float, float]:
    """Share of the selected examples that the same outlines catch on another run's map, and the share that chance would catch."""
    there_N = members(ws, choice, moved_to_others(choice, brush.history(choice.dataset.name).now)[run.id])
    n = np.count_nonzero(mask_N)
    return float(np.count_nonzero(there_N & mask_N) / n) if n else 0.0, float(np.count_nonzero(there_N) / max(len(there_N), 1))


def moved_to_others(choice: Choice, selection: Selection) -> dict[str, Selection]:
    """The same outlines on the maps that they were not drawn on; nothing where none was drawn."""
    made_on = brush.runs_of(selection)
    others = [run for run in choice.runs if run.id not in made_on] if made_on else []
    return {run.id: brush.on_other_run(selection, run.id, choice.epochs_of(run)) for run in others}
