"""What a run has written into metrics.jsonl, as curves: losses over steps, scores over steps, and when it began."""

from collections.abc import Iterable, Sequence
from typing import Any

POINTS = 400  # more are not seen on a small chart
Lines = Sequence[dict[str, Any]]


def losses(lines: Lines) -> tuple[list[int], list[float]]:
    """(steps, training losses), thinned evenly to a few hundred points, the last one always among them."""
    found = [(line["step"], line["loss"]) for line in lines if "evaluation" not in line and line.get("loss") is not None]
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


def rate(lines: Lines) -> float | None:
    """The learning rate of the last step; None before the first."""
    return next((line["lr"] for line in reversed(lines) if line.get("lr") is not None), None)
