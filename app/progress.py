"""What a run has written into metrics.jsonl, as curves and as numbers: losses and scores over steps, how fast it is, how long it takes.

A run that was resumed goes back to its last checkpoint, so that some steps are there twice: the later ones count.
"""

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from ftft import Workspace
from ftft.domain import Dataset, Run

POINTS = 400  # more are not seen on a small chart
WINDOW_S = 60.0  # the speed is that of the last minute
LONGEST_S = 1000 * 3600.0  # what is farther away than that is no forecast
Lines = Sequence[dict[str, Any]]


def standing(lines: Lines) -> list[dict[str, Any]]:
    """The lines that count, oldest first: without those that a later attempt trained again."""
    kept: list[dict[str, Any]] = []
    last = 0
    for line in lines:
        if _trains(line):
            while line["step"] <= last and kept and kept[-1].get("step", 0) >= line["step"]:
                kept.pop()
            last = line["step"]
        kept.append(line)
    return kept


def losses(lines: Lines) -> tuple[list[int], list[float]]:
    """(steps, training losses), thinned evenly to a few hundred points, the last one always among them."""
    found = [(line["step"], line["loss"]) for line in lines if _trains(line)]
    stride = max(1, -(-len(found) // POINTS))
    kept = found[::-1][::stride][::-1]
    return [step for step, _ in kept], [loss for _, loss in kept]


def smooth(values: Sequence[float], reach: int = 6) -> list[float]:
    """Mean over up to `reach` neighbours on either side, fewer at the ends: as many values as came in."""
    windows: Iterable[Sequence[float]] = (values[max(0, k - reach) : k + reach + 1] for k in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def scores(lines: Lines, metric: str) -> dict[str, list[tuple[int, float]]]:
    """Evaluation set -> (step, score), oldest first; sets without that score are left out."""
    found: dict[str, list[tuple[int, float]]] = {}
    for line in lines:
        if "evaluation" in line and line.get(metric) is not None:
            found.setdefault(line["evaluation"], []).append((line["step"], line[metric]))
    return found


def judged(lines: Lines) -> list[tuple[int, float]]:
    """(step, value) of what early stopping looked at, oldest first."""
    return [(line["step"], line["value"]) for line in lines if "stop" in line and line.get("value") is not None]


def rate(lines: Lines) -> float | None:
    """The learning rate of the last step; None before the first."""
    return next((line["lr"] for line in reversed(lines) if line.get("lr") is not None), None)


def began(ws: Workspace, run: str) -> float:
    """When the latest attempt began, in seconds since 1970: its lock was signed then. 0 where nobody knows."""
    with suppress(OSError):
        return ws.runs.folder(run).lock_file.stat().st_mtime
    return 0.0


def pace(lines: Lines, since: float = 0.0) -> float | None:
    """Steps a second over the last minute of the attempt that began at `since`; None until there are two lines to tell.

    A clock that was set back ends what can be compared, and so does a step that was trained again.
    """
    recent: list[dict[str, Any]] = []
    for line in reversed(lines):
        if not _trains(line):
            continue
        later = recent[-1] if recent else None
        if line["time"] < since or (later and not (line["time"] < later["time"] and line["step"] < later["step"])):
            break
        if len(recent) > 1 and recent[0]["time"] - line["time"] > WINDOW_S:
            break
        recent.append(line)
    if len(recent) < 2:
        return None
    return (recent[0]["step"] - recent[-1]["step"]) / (recent[0]["time"] - recent[-1]["time"])


def left(run: Run, lines: Lines, now: float, since: float = 0.0) -> float | None:
    """Seconds until the last step, from the measured pace; None where that is not known, or no forecast."""
    last, steps_a_second = next((line for line in reversed(lines) if _trains(line)), None), pace(lines, since)
    if last is None or steps_a_second is None or not run.steps_total or last["step"] >= run.steps_total:
        return None
    seconds = (run.steps_total - last["step"]) / steps_a_second - max(0.0, now - last["time"])
    return max(seconds, 0.0) if math.isfinite(seconds) and seconds < LONGEST_S else None


def share(run: Run) -> float:
    """Share of the steps that are done, in [0, 1], to the per cent."""
    if run.state == "succeeded":
        return 1.0
    return round(min(run.steps_done / run.steps_total, 1.0), 2) if run.steps_total else 0.0


def score(run: Run, lines: Lines, dataset: Dataset | None) -> tuple[str, str, float] | None:
    """(evaluation set, metric, score) that stands for the run, in the dataset's metric: on the development set in distribution, if any.

    While the run is trained, the newest one of it; None where there is none.
    """
    metric = dataset.metric if dataset else "accuracy"
    splits = sorted(dataset.evaluations, key=lambda split: (split.role != "dev", split.distribution != "id")) if dataset else ()
    known = {name: values.get(metric) for name, values in run.scores.items()} or {n: v[-1][1] for n, v in scores(lines, metric).items()}
    for name in (*(split.name for split in splits), *known):
        if (value := known.get(name)) is not None:
            return name, metric, value
    return None


def _trains(line: dict[str, Any]) -> bool:
    return "evaluation" not in line and line.get("loss") is not None and "step" in line and "time" in line
