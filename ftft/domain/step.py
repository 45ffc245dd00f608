"""One step of a selection: what it may say, checked field by field. Its JSON is in docs/interface.md."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ftft.domain.mean import runs_in
from ftft.domain.region import Box, Lasso, Shape, shape_from_json
from ftft.errors import InputError, shown, unknown

OPS = ("new", "add", "subtract", "intersect")
ON_MAPS = ("region", "top", "strategy")  # kinds of steps that need the dynamics of a run
_INNER = ("only", "like")  # fields that hold steps

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
    "strategy": (("run", "strategy", "q"), {"options": {}, "epochs": None, "burn_in": 0, "per_label": False, "seed": 0}),
    "random": (("seed",), {"n": None, "counts": None, "like": ()}),
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
        if self.by == "random":
            _check_size(self.what)
        if self.by == "strategy" and self.what["epochs"] is not None and self.what["burn_in"]:
            raise InputError("a step by 'strategy' says both epochs and burn_in", "Leave one of them out: burn_in drops the first epochs")

    def __getitem__(self, name: str) -> Any:
        return self.what[name]

    @property
    def inner(self) -> tuple["Step", ...]:
        """The steps that it holds itself: what narrows it, or what it is drawn to be like."""
        return tuple(step for name in _INNER for step in self.what.get(name, ()))

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs whose dynamics it needs, those behind a mean map too, each once."""
        named = [self["run"]] if self.by in ON_MAPS else []
        if self.by == "strategy" and is_text(run := self["options"].get("threshold", "")) and run:
            named.append(run)
        own = [run for name in named for run in runs_in(name)]
        return tuple(dict.fromkeys((*own, *(run for step in self.inner for run in step.runs))))

    def to_json(self) -> dict[str, Any]:
        """As in a selection file."""
        plain = dict(self.what)
        if "shapes" in plain:
            plain["shapes"] = [shape.to_json() for shape in plain["shapes"]]
        for name in _INNER:
            if inner := plain.pop(name, ()):  # left out where it says nothing: older files keep their hash
                plain[name] = [{k: v for k, v in step.to_json().items() if k != "op"} for step in inner]
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


def _steps(name: str, value: Any) -> tuple[Step, ...]:
    """Steps, or what a file holds of them: all have the op "intersect", which a file does not say."""
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{name} is {shown(value)}", f'Write {name} as [{{"by": "label", "labels": ["…"]}}]')
    return tuple(_inner(name, step) for step in value)


def _inner(name: str, value: Any) -> Step:
    if isinstance(value, Step):
        value = {**value.to_json(), "op": "intersect"}
    elif isinstance(value, dict) and "op" not in value:
        value = {**value, "op": "intersect"}
    else:
        raise InputError(f"a step in {name} is {shown(value)}", 'Write it as any step, without "op"')
    step = Step.from_json(value)
    if step.by == "invert" or step.inner:
        raise InputError(f"a step in {name} inverts, or holds steps of its own", "Say directly which examples it picks")
    return step


def _options(name: str, value: Any) -> dict[str, str | int | float]:
    """What a strategy makes of them is for `ftft.strategies` to say."""
    plain = isinstance(value, dict) and all(map(is_text, value)) and all(is_text(v) or _is_number(v) for v in value.values())
    if not plain:
        raise InputError(f"{name} are {shown(value)}", f'Write {name} as {{"OPTION": number or text, …}}, or leave them out')
    return dict(value)


def _whole_or_none(name: str, value: Any) -> int | None:
    return None if value is None else _whole(name, value)


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"{name} is {shown(value)}", f"Write {name} as a whole number of at least 0")
    return value


def _counts(name: str, value: Any) -> dict[str, int] | None:
    if value is not None and not (isinstance(value, dict) and all(map(is_text, value))):
        raise InputError(f"{name} is {shown(value)}", f'Write {name} as {{"LABEL": number, …}}, or leave it out')
    return None if value is None else {label: _whole(name, n) for label, n in value.items()}


_FIELDS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("run", "x", "y", "metric", "query", "column", "subset", "flag", "strategy"), _text),
    **dict.fromkeys(("regex", "per_label"), _truth),
    **dict.fromkeys(("labels", "ids"), _texts),
    **dict.fromkeys(("min", "max"), _limit),
    "values": _values,
    "q": _share,
    "end": _end,
    "epochs": _epochs,
    "n": _whole_or_none,
    "options": _options,
    **dict.fromkeys(("seed", "burn_in"), _whole),
    "counts": _counts,
    "shapes": _shapes,
    **dict.fromkeys(_INNER, _steps),
}


def _check_range(what: dict[str, Any]) -> None:
    low, high = what["min"], what["max"]
    if what["values"] is None and low is None and high is None:
        raise InputError("a step by column says neither values nor min nor max", "Give at least one of them")
    if low is not None and high is not None and low > high:
        raise InputError(f"min is {low}, more than max, {high}", "Give the smaller number as min")


def _check_size(what: dict[str, Any]) -> None:
    n, counts, like = what["n"], what["counts"], what["like"]
    if like and (n is not None or counts is not None):
        raise InputError("a step by 'random' says both like and n or counts", "Leave out one of them")
    if any(step.by == "random" for step in like):
        raise InputError("a step by 'random' is to be like another random one", "Name the same counts")
    if not like and n is None:
        raise InputError("a step by 'random' says neither n nor like", "Give the number of examples as n")
    if counts is not None and sum(counts.values()) != n:
        raise InputError(f"counts give {sum(counts.values())} examples, n is {n}", "Write n as the sum of counts")


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
