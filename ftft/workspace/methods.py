"""The methods of an FTFT experiment: what one is called, and which examples it trains on.

`erm` trains on everything for the whole budget and never stops; `erm_early` obeys the stop rule; `erm_steps` makes as many steps as another
method did. `random` draws as many examples, `random_matched` with the label shares of another method's subset. `ftft` takes what is
ambiguous to a reference, `datamap` what is ambiguous to the main model itself. `subset:name=S` takes a saved one. Every strategy of
`ftft.strategies` is a method, too. What a method varies stands behind its name: `ftft:q=0.5`, `mix:easy=0.3,q=0.25`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftft.domain import Step
from ftft.domain.option import SEPARATOR
from ftft.errors import InputError, shown, unknown
from ftft.strategies import STRATEGIES, words

BY_DEFAULT = ("erm", "erm_early", "random", "random_matched")  # controls
ON_ALL = ("erm", "erm_early", "erm_steps")
OURS = ("ftft", "datamap")  # names for the strategy "ambiguous", by whose map
CONTROLS = (*ON_ALL, "random", "random_matched", "datamap")
NAMES = (*CONTROLS, "ftft", "subset", *(name for name in STRATEGIES if name != "random"))
FTFT = "ftft"
MOST_AVERAGED = 20
SEED_STEP = 1000  # between the seeds of references whose maps are averaged


@dataclass(frozen=True)
class Method:
    """`base`: one of NAMES. What is None is as in the experiment.

    `options` are the strategy's. `average`: over how many references the map is, of each model. `like`: the method whose subset a
    control imitates, or whose steps it makes. `subset`: the name of a saved one.
    """

    base: str
    options: Mapping[str, Any] = field(default_factory=dict)
    q: float | None = None
    burn_in: int | None = None
    reference: str | None = None
    reference_layers: int | None = None
    per_label: bool = False
    average: int = 1
    like: str = FTFT
    subset: str | None = None

    @property
    def name(self) -> str:
        """The one way in which it is written."""
        own = words(self.strategy, self.options).partition(":")[2] if self.strategy else ""
        ours = {
            name: getattr(self, name) for name in _TAKES[self.base] if name != "name" and getattr(self, name) != getattr(type(self), name)
        }
        if self.subset:
            ours["name"] = self.subset
        said = [*own.split(SEPARATOR), *(f"{name}={_written(value)}" for name, value in ours.items())]
        rest = SEPARATOR.join(sorted(part for part in said if part))
        return f"{self.base}:{rest}" if rest else self.base

    @property
    def strategy(self) -> str | None:
        """The strategy that chooses its examples; None for what no map chooses."""
        return "ambiguous" if self.base in OURS else self.base if self.base in STRATEGIES and self.base != "random" else None

    @property
    def several(self) -> bool:
        """Does it compare references?"""
        return self.strategy is not None and STRATEGIES[self.strategy].several


def parse(text: str) -> Method:
    """ "mix:easy=0.3,q=0.25" as a Method; InputError names every mistake and what there is."""
    base, colon, rest = text.strip().partition(":")
    base = base.strip()
    if base not in NAMES:
        raise unknown("method", base, NAMES)
    given: dict[str, str] = {}
    alone = _TAKES[base] == ("like",)  # whose value, a method, may have commas of its own
    for item in () if not colon else [rest] if alone else rest.split(SEPARATOR):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals or name in given:
            what = "twice" if name in given else "without a value"
            raise InputError(f"method {shown(text)} says {name or 'nothing'} {what}", f"Write it as {base}:OPTION=VALUE,…")
        given[name] = value
    return _method(base, given)


def _method(base: str, given: Mapping[str, str]) -> Method:
    ours = {name: _READERS[name](name, value) for name, value in given.items() if name in _TAKES[base]}
    if base == "subset":
        if "name" not in ours:
            raise InputError("method 'subset' does not say which", "Write it as subset:name=S")
        return Method(base, subset=ours["name"])
    found = Method(base, **ours)
    rest = {name: value for name, value in given.items() if name not in ours}
    if not found.strategy:
        if rest:
            raise _no_option(base, min(rest), _TAKES[base])
        return found
    strategy = STRATEGIES[found.strategy]
    own = {option.name: option for option in strategy.options}
    if strange := [name for name in rest if name not in own]:
        raise _no_option(base, min(strange), (*_TAKES[base], *own))
    options = {name: own[name].read(value) for name, value in rest.items()}
    return Method(base, options=options, **ours)


def _no_option(base: str, name: str, there: Sequence[str]) -> InputError:
    return (
        unknown(f"option of method {base!r}:", name, there) if there else InputError(f"method {base!r} takes no options", "Leave them out")
    )


_OF_MAPS = ("q", "burn_in", "reference", "reference_layers", "per_label", "average")
_TAKES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(NAMES, _OF_MAPS),
    **dict.fromkeys(("erm", "erm_early"), ()),
    "erm_steps": ("like",),
    "random": ("q",),
    "random_matched": ("like",),
    "datamap": ("q", "burn_in", "per_label"),
    "subset": ("name",),
}


def _share(name: str, text: str) -> float:
    return share(name, _number(name, text, float, "a share between 0 and 1, such as 0.33"))


def share(name: str, value: Any) -> float:
    """`value`, if it is a share of the examples that leaves some and takes some; InputError otherwise."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value < 1:
        raise InputError(f"{name} is {shown(value)}", "Give a share between 0 and 1, such as 0.33: all examples are what erm trains on")
    return float(value)


def _whole(least: int, most: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        value = _number(name, text, int, f"a whole number from {least} to {most}")
        if not least <= value <= most:
            raise InputError(f"{name} is {value}", f"Give a whole number from {least} to {most}")
        return value

    return read


def _number(name: str, text: str, kind: type, what: str) -> Any:
    try:
        return kind(text)
    except ValueError as problem:
        raise InputError(f"{name} is {shown(text)}", f"Give {what}") from problem


def _yes(name: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise InputError(f"{name} is {shown(text)}", "Give yes or no")
    return text == "yes"


def _written(value: Any) -> str:
    return "yes" if value is True else repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _method_name(name: str, text: str) -> str:
    found = parse(text)
    if found.base in (*ON_ALL, "random", "random_matched"):
        raise InputError(f"{name} is {shown(text)}, a control itself", "Name a method that chooses examples, such as ftft")
    return found.name


_READERS: dict[str, Callable[[str, str], Any]] = {
    "q": _share, "burn_in": _whole(0, 1000), "reference_layers": _whole(1, 1000), "per_label": _yes, "average": _whole(1, MOST_AVERAGED),
    "reference": lambda name, text: text, "name": lambda name, text: text, "like": _method_name,
}  # fmt: skip


# ---- which examples


def step(method: Method, map_of: Callable[[Method], str], seed: int, q: float, burn_in: int, rows: int) -> Step | None:
    """The step that selects a method's examples; None for everything.

    `map_of` gives the run, or the mean of runs, whose map chooses. `q` and `burn_in` are the experiment's; `rows` are those of the whole
    training set.
    """
    if method.base in ON_ALL:
        return None
    share_of = q if method.q is None else method.q
    if method.base == "random":
        return Step("new", "random", {"n": round(share_of * rows), "seed": seed})
    if method.base == "random_matched":
        like = step(parse(method.like), map_of, seed, q, burn_in, rows)
        assert like is not None
        return Step("new", "random", {"like": [like], "seed": seed})
    if method.base == "subset":
        return Step("new", "subset", {"subset": method.subset})
    what = {
        "run": map_of(method), "strategy": method.strategy, "q": share_of, "options": dict(method.options), "per_label": method.per_label,
        "burn_in": burn_in if method.burn_in is None else method.burn_in,
        "seed": seed if STRATEGIES[method.strategy or ""].seeded else 0,
    }  # fmt: skip
    return Step("new", "strategy", what)
