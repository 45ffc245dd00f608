"""What stands above a map: how its numbers came about, and how far it agrees with what was selected elsewhere."""

import numpy as np

from app import brush, mapmodel, parts
from app.panels.choice import Choice
from app.panels.members import agreement
from app.shown import Shown
from ftft import Workspace


def subtitle(ws: Workspace, run: Shown, epochs: tuple[int, int], n: int) -> str:
    """Seed, epochs, capture, number of examples; what is the matter with a run that has not succeeded."""
    capture = ws.map(run.id, epochs).capture.replace("_", " ")
    how = "metrics alone" if run.measures is not None else capture if capture != "unknown" else "capture unknown"
    whole = epochs == (1, run.epochs_recorded)
    which = parts.plural(run.epochs_recorded, "epoch") if whole else f"epoch{'s' if epochs[0] < epochs[1] else ''} {_span(epochs)}"
    return " · ".join([*_whose(run), which, how, f"n {parts.num(n)}"])


def note(ws: Workspace, choice: Choice, run: Shown, mask_N: np.ndarray | None) -> tuple[list[tuple[str, bool]], str]:
    """Right of a title, as (text, strong) pieces: the easy share, or where the selection was made and how far the other maps agree."""
    if mask_N is None:
        easy = mapmodel.regions(ws, run.id, choice.epochs_of(run))["easy"]
        hint = "Share of the examples in the easy region: confident, and not among the most variable third"
        return [("easy ", False), (parts.pct(easy), True)], hint
    made_on = brush.runs_of(brush.history(choice.dataset.name).now)
    if run.id in made_on:
        return [("selected here", True)], "The selection was made on this map"
    if not made_on:
        return [], ""  # by label or text: it is the same on every map
    same, chance = agreement(ws, choice, mask_N, run)
    hint = "Share of the selected examples that the same outlines catch on this map, and what chance would catch"
    return [("agrees ", False), (parts.pct(same), True), (f" · chance {parts.pct(chance)}", False)], hint


def _whose(run: Shown) -> list[str]:
    if run.is_mean:
        names = dict.fromkeys(r.spec.model_name for r in run.runs)
        seeds = [str(r.spec.seed) for r in run.runs if r.spec.seed is not None]
        return [", ".join(names), *([f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}"] if seeds else [])]
    (one,) = run.runs
    words = [] if one.spec.seed is None else [f"seed {one.spec.seed}"]
    if one.state == "running":
        going_on = min(one.epochs_recorded + 1, one.spec.epochs or one.epochs_recorded + 1)
        words.append(f"training, epoch {going_on} of {one.spec.epochs}" if one.spec.epochs else f"training, epoch {going_on}")
    elif one.state != "succeeded":
        words.append(one.state)
    return words


def _span(epochs: tuple[int, int]) -> str:
    return f"{epochs[0]}–{epochs[1]}" if epochs[0] < epochs[1] else str(epochs[0])
