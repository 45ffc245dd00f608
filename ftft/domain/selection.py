"""A selection: steps that can be read, removed and replayed. A subset: the ids it gave once, frozen.

The JSON of a selection file is in docs/interface.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ftft.domain.identity import digest, digest_of_ids, safe_name
from ftft.domain.region import Box, Lasso, Shape, shape_from_json
from ftft.errors import InputError, shown, unknown

OPS = ("new", "add", "subtract", "intersect")

# What each kind of step holds: required fields, then optional ones with their defaults.
_STEPS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "region": (("run", "shapes"), {"x": "variability", "y": "confidence", "epochs": None, "only": ()}),
    "top": (("run", "metric", "q"), {"end": "top", "epochs": None, "per_label": False}),
    "label": (("labels",), {}),
    "text": (("query",), {"regex": False}),
    "column": (("column",), {"values": None, "min": None, "max": None}),
    "ids": (("ids",), {}),
    "subset": (("subset",), {}),
    "flag": (("flag",), {}),
    "random": (("n", "seed"), {"counts": None}),
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
        if not isinstance(self.by, str) or self.by not in _STEPS:
            raise unknown("kind of selection step", self.by, _STEPS)
        required, optional = _STEPS[self.by]
        missing = [name for name in required if name not in self.what]
        if missing:
            raise InputError(f"a step by {self.by!r} lacks {', '.join(missing)}", f"It takes {', '.join((*required, *optional))}")
        strange = set(self.what) - {*required, *optional}
        if strange:
            raise unknown(f"field of a step by {self.by!r}:", min(strange), (*required, *optional))
        whole = {**optional, **self.what}
        object.__setattr__(self, "what", {name: _FIELDS[name](name, value) for name, value in whole.items()})
        if self.by == "column":
            _check_range(self.what)
        if self.by == "random" and (counts := self.what["counts"]) is not None and sum(counts.values()) != self.what["n"]:
            raise InputError(f"counts give {sum(counts.values())} examples, n is {self.what['n']}", "Write n as the sum of counts")

    def __getitem__(self, name: str) -> Any:
        return self.what[name]

    def to_json(self) -> dict[str, Any]:
        """As in a selection file."""
        plain = dict(self.what)
        if "shapes" in plain:
            plain["shapes"] = [shape.to_json() for shape in plain["shapes"]]
        if only := plain.pop("only", ()):  # left out where it says nothing: older files keep their hash
            plain["only"] = [{k: v for k, v in step.to_json().items() if k != "op"} for step in only]
        return {"op": self.op, "by": self.by, **plain}

    @classmethod
    def from_json(cls, value: Any) -> "Step":
        """The inverse of `to_json`, for files written by people: every mistake is named."""
        if not isinstance(value, dict) or "op" not in value or "by" not in value:
            raise InputError("a selection step needs 'op' and 'by'", f"op is one of {', '.join(OPS)}; by one of {', '.join(_STEPS)}")
        what = {k: v for k, v in value.items() if k not in ("op", "by")}
        if value["by"] == "region" and isinstance(what.get("shapes"), list):
            what["shapes"] = tuple(shape_from_json(s) for s in what["shapes"])
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

    def without(self, n: int) -> "Selection":
        """Without step `n`, counted from 0. The others stay as they are: one that subtracts from nothing leaves nothing."""
        assert 0 <= n < len(self.steps), n
        return Selection(self.dataset, (*self.steps[:n], *self.steps[n + 1 :]))

    def to_json(self) -> dict[str, Any]:
        """The selection file: `{"dataset", "steps"}`."""
        return {"dataset": self.dataset, "steps": [s.to_json() for s in self.steps]}

    @classmethod
    def from_json(cls, value: Any) -> "Selection":
        """Reads a selection file."""
        if not isinstance(value, dict) or not {"dataset", "steps"} <= set(value) or not isinstance(value["steps"], list):
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
        if len(self.ids) > self.of:
            raise InputError(f"subset {self.name!r} has {len(self.ids)} ids of {self.of} examples", "Save the selection again")

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


# What each field holds, whichever kind of step it is in: a function that returns the value as it is kept, or raises InputError.


def _text(name: str, value: Any) -> str:
    if not is_text(value):
        raise InputError(f"{name} is {shown(value)}", f'Write {name} as a text, "…"')
    return value


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{name} is {shown(value)}", f"Write {name} as true or false")
    return value


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, (list, tuple)) or not all(map(is_text, value)):
        raise InputError(f"{name} is not a list of texts", f'Write {name} as ["…", "…"]')
    return list(value)


def _values(name: str, value: Any) -> list[str | int | float | bool] | None:
    if value is not None and not (
        isinstance(value, (list, tuple)) and all(is_text(v) or isinstance(v, bool) or _is_number(v) for v in value)
    ):
        raise InputError(f"{name} is not a list of texts and numbers", f'Write {name} as ["…", 3]')
    return None if value is None else list(value)


def _limit(name: str, value: Any) -> float | None:
    if value is not None and not _is_number(value):
        raise InputError(f"{name} is {shown(value)}", f"Write {name} as a number, or leave it out")
    return value


def _share(name: str, value: Any) -> float:
    if not _is_number(value) or not 0 < value < 1:
        raise InputError(f"{name} is {shown(value)}", "Give a share between 0 and 1, such as 0.33")
    return value


def _end(name: str, value: Any) -> str:
    if value not in ("top", "bottom"):
        raise unknown(name, value, ("top", "bottom"))
    return value


def _epochs(name: str, value: Any) -> list[int] | None:
    if value is None:
        return None
    pair = isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(e, int) and not isinstance(e, bool) for e in value)
    if not pair or not 1 <= value[0] <= value[1]:
        raise InputError(f"{name} are {shown(value)}", "Give the first and the last epoch, counted from 1, such as [1, 6]")
    return list(value)


def _shapes(name: str, value: Any) -> tuple[Shape, ...]:
    if not isinstance(value, (tuple, list)) or not value:
        raise InputError("a region has no shapes", "Give at least one box or lasso")
    if not all(isinstance(s, (Box, Lasso)) for s in value):
        raise InputError("a region's shapes are not a list of boxes and lassos", "See docs/interface.md, Selection file")
    return tuple(value)


def _only(name: str, value: Any) -> tuple[Step, ...]:
    """Steps, or what a file holds of them: all have the op "intersect", which a file does not say."""
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{name} is {shown(value)}", f'Write {name} as [{{"by": "label", "labels": ["…"]}}]')
    return tuple(_narrowing(name, step) for step in value)


def _narrowing(name: str, value: Any) -> Step:
    if isinstance(value, Step):
        value = {**value.to_json(), "op": "intersect"}
    elif isinstance(value, dict) and "op" not in value:
        value = {**value, "op": "intersect"}
    else:
        raise InputError(f"a step in {name} is {shown(value)}", 'Write it as any step, without "op"')
    if value.get("by") == "invert" or "only" in value:
        raise InputError(f"a step in {name} inverts, or has {name} of its own", "Say directly which examples it picks")
    return Step.from_json(value)


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"{name} is {shown(value)}", f"Write {name} as a whole number of at least 0")
    return value


def _counts(name: str, value: Any) -> dict[str, int] | None:
    if value is not None and not (isinstance(value, dict) and all(map(is_text, value))):
        raise InputError(f"{name} is {shown(value)}", f'Write {name} as {{"LABEL": number, …}}, or leave it out')
    return None if value is None else {label: _whole(name, n) for label, n in value.items()}


_FIELDS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("run", "x", "y", "metric", "query", "column", "subset", "flag"), _text),
    **dict.fromkeys(("regex", "per_label"), _truth),
    **dict.fromkeys(("labels", "ids"), _texts),
    **dict.fromkeys(("min", "max"), _limit),
    "values": _values,
    "q": _share,
    "end": _end,
    "epochs": _epochs,
    "n": _whole,
    "seed": _whole,
    "counts": _counts,
    "shapes": _shapes,
    "only": _only,
}


def _check_range(what: dict[str, Any]) -> None:
    low, high = what["min"], what["max"]
    if what["values"] is None and low is None and high is None:
        raise InputError("a step by column says neither values nor min nor max", "Give at least one of them")
    if low is not None and high is not None and low > high:
        raise InputError(f"min is {low}, more than max, {high}", "Give the smaller number as min")


def is_text(value: Any) -> bool:
    """A text that can be written to a file: JSON's escapes can make halves of characters, which cannot."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False
