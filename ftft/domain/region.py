"""Shapes drawn on a map: boxes and lassos, in the units of its axes. A brush is a value, never a predicate text."""

import math
from dataclasses import dataclass
from typing import Any

from ftft.errors import InputError, shown, unknown


@dataclass(frozen=True)
class Box:
    """A rectangle in the units of the map's axes; its edges belong to it. Corners may come in any order."""

    x0: float
    x1: float
    y0: float
    y1: float

    def __post_init__(self) -> None:
        _check_finite("box", (self.x0, self.x1, self.y0, self.y1))

    def to_json(self) -> dict[str, Any]:
        """`{"type": "box", x0, x1, y0, y1}`."""
        return {"type": "box", "x0": self.x0, "x1": self.x1, "y0": self.y0, "y1": self.y1}


@dataclass(frozen=True)
class Lasso:
    """A closed outline, even-odd rule where it crosses itself; its edges belong to it."""

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise InputError(f"a lasso has {len(self.points)} points", "Draw at least three")
        _check_finite("lasso", tuple(v for point in self.points for v in point))

    def to_json(self) -> dict[str, Any]:
        """`{"type": "lasso", "points": [[x, y], …]}`."""
        return {"type": "lasso", "points": [list(p) for p in self.points]}


Shape = Box | Lasso


def shape_from_json(value: Any) -> Shape:
    """The inverse of `to_json`; InputError for anything else."""
    kind = value.get("type") if isinstance(value, dict) else None
    try:
        if kind == "box":
            return Box(*(_number(value[k]) for k in ("x0", "x1", "y0", "y1")))
        if kind == "lasso":
            return Lasso(tuple((_number(x), _number(y)) for x, y in value["points"]))
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError(f"a {kind} is incomplete: {problem}", "A box has x0, x1, y0, y1; a lasso has points [[x, y], …]") from problem
    raise unknown("shape of a region", kind, ("box", "lasso"))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{shown(value)} is not a number")
    return float(value)


def _check_finite(kind: str, values: tuple[float, ...]) -> None:
    if not all(math.isfinite(v) for v in values):
        raise InputError(f"a {kind} has a coordinate that is not a finite number", "Draw it again")
