"""A selection: steps that can be read, removed and replayed. A subset: the ids it gave once, frozen.

The JSON of a selection file is in docs/interface.md. A brush is a value, never a predicate text.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ftft.domain.identity import digest, digest_of_ids, safe_name
from ftft.errors import InputError, unknown

OPS = ("new", "add", "subtract", "intersect")


@dataclass(frozen=True)
class Box:
    """A rectangle in the units of the map's axes; its edges belong to it. Corners may come in any order."""

    x0: float
    x1: float
    y0: float
    y1: float

    def __post_init__(self) -> None:
        _finite("box", (self.x0, self.x1, self.y0, self.y1))

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
        _finite("lasso", tuple(v for point in self.points for v in point))

    def to_json(self) -> dict[str, Any]:
        """`{"type": "lasso", "points": [[x, y], …]}`."""
        return {"type": "lasso", "points": [list(p) for p in self.points]}


Shape = Box | Lasso

# What each kind of step holds: required fields, then optional ones with their defaults.
_STEPS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "region": (("run", "shapes"), {"x": "variability", "y": "confidence", "epochs": None}),
    "top": (("run", "metric", "q"), {"end": "top", "epochs": None, "per_label": False}),
    "label": (("labels",), {}),
    "text": (("query",), {"regex": False}),
    "column": (("column",), {"values": None, "min": None, "max": None}),
    "ids": (("ids",), {}),
    "subset": (("subset",), {}),
    "invert": ((), {}),
}


@dataclass(frozen=True)
class Step:
    """One step: `op` says how it is combined with what was selected before, `by` what it picks, `what` the details of that."""

    op: str
    by: str
    what: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.op not in OPS:
            raise unknown("op of a selection step", self.op, OPS)
        if self.by not in _STEPS:
            raise unknown("kind of selection step", self.by, _STEPS)
        required, optional = _STEPS[self.by]
        missing = [name for name in required if name not in self.what]
        if missing:
            raise InputError(f"a step by {self.by!r} lacks {', '.join(missing)}", f"It takes {', '.join((*required, *optional))}")
        strange = set(self.what) - {*required, *optional}
        if strange:
            raise unknown(f"field of a step by {self.by!r}:", min(strange), (*required, *optional))
        object.__setattr__(self, "what", {**optional, **self.what})
        _CHECKS.get(self.by, lambda what: None)(self.what)

    def __getitem__(self, name: str) -> Any:
        return self.what[name]

    def to_json(self) -> dict[str, Any]:
        """As in a selection file."""
        plain = dict(self.what)
        if "shapes" in plain:
            plain["shapes"] = [shape.to_json() for shape in plain["shapes"]]
        return {"op": self.op, "by": self.by, **plain}

    @classmethod
    def from_json(cls, value: Any) -> "Step":
        """The inverse of `to_json`, for files written by people: every mistake is named."""
        if not isinstance(value, dict) or "op" not in value or "by" not in value:
            raise InputError("a selection step needs 'op' and 'by'", f"op is one of {', '.join(OPS)}; by one of {', '.join(_STEPS)}")
        what = {k: v for k, v in value.items() if k not in ("op", "by")}
        if value["by"] == "region" and isinstance(what.get("shapes"), list):
            what["shapes"] = tuple(_shape(s) for s in what["shapes"])
        return cls(value["op"], value["by"], what)


@dataclass(frozen=True)
class Selection:
    """Steps over the training examples of `dataset`, folded from the first to the last, starting with nothing selected."""

    dataset: str
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        safe_name("dataset", self.dataset)

    @cached_property
    def hash(self) -> str:
        """sha256 of the canonical file."""
        return digest(self.to_json())

    def then(self, step: Step) -> "Selection":
        """With one more step; what a "new" step replaces is dropped."""
        kept = () if step.op == "new" and step.by != "invert" else self.steps
        return Selection(self.dataset, (*kept, step))

    def to_json(self) -> dict[str, Any]:
        """The selection file: `{"dataset", "steps"}`."""
        return {"dataset": self.dataset, "steps": [s.to_json() for s in self.steps]}

    @classmethod
    def from_json(cls, value: Any) -> "Selection":
        """Reads a selection file."""
        if not isinstance(value, dict) or not isinstance(value.get("dataset"), str) or not isinstance(value.get("steps"), list):
            raise InputError("not a selection file", 'It is {"dataset": NAME, "steps": [...]}')
        return cls(value["dataset"], tuple(Step.from_json(s) for s in value["steps"]))


@dataclass(frozen=True)
class Subset:
    """Which examples a main model will see. `ids` are sorted and distinct; `of` is the size of the whole training set."""

    name: str
    dataset_name: str
    ids: tuple[str, ...]
    of: int
    selection: dict[str, Any]
    labels: dict[str, int] = field(default_factory=dict)
    created: str = ""

    def __post_init__(self) -> None:
        safe_name("subset", self.name)
        if not self.ids:
            raise InputError(f"subset {self.name!r} is empty", "Widen the region or raise q")
        assert list(self.ids) == sorted(set(self.ids)), "ids must be sorted and distinct"
        assert len(self.ids) <= self.of

    @cached_property
    def hash(self) -> str:
        """sha256 of the sorted ids joined by newlines."""
        return digest_of_ids(self.ids)

    def to_json(self) -> dict[str, Any]:
        """As in `subset.json`: everything but the ids, which lie beside it in `ids.parquet`."""
        return {
            "subset": self.name, "dataset": self.dataset_name, "n": len(self.ids), "of": self.of, "hash": self.hash,
            "selection": self.selection, "labels": self.labels, "created": self.created,
        }  # fmt: skip


def _shape(value: Any) -> Shape:
    kind = value.get("type") if isinstance(value, dict) else None
    try:
        if kind == "box":
            return Box(*(float(value[k]) for k in ("x0", "x1", "y0", "y1")))
        if kind == "lasso":
            return Lasso(tuple((float(x), float(y)) for x, y in value["points"]))
    except (KeyError, TypeError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError(f"a {kind} is incomplete: {problem}", "A box has x0, x1, y0, y1; a lasso has points [[x, y], …]") from problem
    raise unknown("shape of a region", str(kind), ("box", "lasso"))


def _finite(kind: str, values: tuple[float, ...]) -> None:
    if not all(math.isfinite(v) for v in values):
        raise InputError(f"a {kind} has a coordinate that is not a finite number", "Draw it again")


def _check_region(what: dict[str, Any]) -> None:
    if not isinstance(what["shapes"], (tuple, list)) or not what["shapes"]:
        raise InputError("a region has no shapes", "Give at least one box or lasso")
    object_shapes = tuple(what["shapes"])
    if not all(isinstance(s, (Box, Lasso)) for s in object_shapes):
        raise InputError("a region's shapes are not a list of boxes and lassos", "See docs/interface.md, Selection file")
    what["shapes"] = object_shapes
    _check_epochs(what)


def _check_top(what: dict[str, Any]) -> None:
    q = what["q"]
    if not isinstance(q, (int, float)) or not 0 < q < 1:
        raise InputError(f"q is {q}", "Give a share between 0 and 1, such as 0.33")
    if what["end"] not in ("top", "bottom"):
        raise unknown("end", str(what["end"]), ("top", "bottom"))
    _check_epochs(what)


def _check_epochs(what: dict[str, Any]) -> None:
    epochs = what["epochs"]
    if epochs is None:
        return
    if (
        not isinstance(epochs, (list, tuple))
        or len(epochs) != 2
        or not all(isinstance(e, int) for e in epochs)
        or not 1 <= epochs[0] <= epochs[1]
    ):
        raise InputError(f"epochs are {epochs!r}", "Give the first and the last epoch, counted from 1, such as [1, 6]")
    what["epochs"] = list(epochs)


def _check_list(name: str):
    def check(what: dict[str, Any]) -> None:
        if not isinstance(what[name], (list, tuple)) or not all(isinstance(v, str) for v in what[name]):
            raise InputError(f"{name} is not a list of texts", f'Write {name} as ["…", "…"]')

    return check


_CHECKS = {"region": _check_region, "top": _check_top, "label": _check_list("labels"), "ids": _check_list("ids")}
