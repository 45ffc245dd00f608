"""What ending a reference early saves, and how much of its selection stays: the rule of `ftft.train.settling`, looked at afterwards.

A stopped run is the beginning of the same run in full, bit for bit, since the schedule counts the whole budget: what it would have selected
is read from that.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ftft import reliability
from ftft import selection as pick
from ftft.domain import Run
from ftft.domain.spec import SETTLE_PATIENCE, SETTLED

if TYPE_CHECKING:
    from ftft.workspace.maps import Maps


def early_end(maps: "Maps", run: str, q: float, patience: int) -> dict[str, Any] | None:
    """`{epoch, epochs, overlap}` of the rule "selection" (ftft.train.settling), applied to a run that recorded all its epochs.

    `overlap` of what is selected there with what all epochs select. None for metrics alone, and under three epochs: nothing can settle.
    """
    if maps.measured(run) or len(numbers := maps.recorded(run)) < 3:
        return None
    curves = maps.read(run)
    p_gold_EN = curves.p_gold((numbers[0], numbers[-1]))
    overlaps = reliability.consecutive_overlaps(curves.ids_N, p_gold_EN, q)
    ends = next((e for e in range(1, len(overlaps) + 1) if reliability.settled(overlaps[:e], patience)), len(overlaps))
    tops = [pick.top(curves.ids_N, p_gold_EN[:e].std(axis=0), q) for e in (ends + 2, len(numbers))]
    return {"epoch": numbers[ends + 1], "epochs": len(numbers), "overlap": reliability.overlap(*tops)}


def early_reference(maps: "Maps", run: Run, q: float) -> dict[str, Any] | None:
    """`{run, steps, budget, saved, overlap, measured}` of a run, as in `Workspace.early_reference`."""
    budget = run.steps_total or 0
    if run.state != "succeeded" or not budget:
        return None
    if run.spec.stop == SETTLED:
        whole = replace(run.spec, stop=None, patience=None, settle=None).run
        same = _with_whole(maps, run.id, whole, q)
        steps = run.stop["step"]
        return {"run": run.id, "steps": steps, "budget": budget, "saved": 1 - steps / budget, "overlap": same, "measured": True}
    found = early_end(maps, run.id, q, SETTLE_PATIENCE)
    if found is None:
        return None
    steps = round(budget * found["epoch"] / found["epochs"])
    return {
        "run": run.id, "steps": steps, "budget": budget, "saved": 1 - steps / budget, "overlap": found["overlap"], "measured": False,
    }  # fmt: skip


def _with_whole(maps: "Maps", run: str, whole: str, q: float) -> float | None:
    """The share of an early selection that the same run in full selects, too; None where that is not there."""
    if whole not in maps.workspace.runs.ids() or maps.workspace.runs.get(whole).state != "succeeded":
        return None
    tops = [pick.top(m.ids_N, m.of_metric("variability"), q) for m in (maps.of(run), maps.of(whole))]
    return reliability.overlap(*tops)
