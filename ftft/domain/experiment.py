"""An experiment: runs that belong together, each under the method and the seed that it stands for."""

from dataclasses import dataclass
from types import NoneType
from typing import Any

from ftft.domain.identity import digest, safe_name
from ftft.domain.record import REMEDY, take, take_all
from ftft.errors import InputError, shown

KINDS = ("ftft", "stability")
ROLES = ("base", "seed", "example")


@dataclass(frozen=True)
class Member:
    """A main run: `method` and `seed` are what it stands for, `references` the runs whose dynamics chose its examples."""

    method: str
    seed: int
    run: str
    references: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """`{method, seed, run, references[]}`."""
        return {"method": self.method, "seed": self.seed, "run": self.run, "references": list(self.references)}


@dataclass(frozen=True)
class Twin:
    """A run of a method that shows what leaving one example out changes. `role`: "base", from which the others' distance is taken;
    "example", with `left_out` left out; "seed", with another seed and nothing left out: the noise floor.
    """

    method: str
    role: str
    left_out: str | None
    run: str

    def __post_init__(self) -> None:
        if self.role not in ROLES or (self.left_out is None) == (self.role == "example"):
            raise InputError(f"a twin is {shown(self.role)}, with {shown(self.left_out)} left out", REMEDY)

    def to_json(self) -> dict[str, Any]:
        """`{method, role, left_out, run}`."""
        return {"method": self.method, "role": self.role, "left_out": self.left_out, "run": self.run}


@dataclass(frozen=True)
class Experiment:
    """`design`: everything that all its runs share, and by which it is known; methods and seeds can be added later.

    `methods` in the order in which they are shown. There is one member for each of them and each of `seeds`.
    """

    kind: str
    dataset: str
    design: dict[str, Any]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    members: tuple[Member, ...]
    created: str = ""
    twins: tuple[Twin, ...] = ()

    def __post_init__(self) -> None:
        safe_name("dataset", self.dataset)
        assert {(m.method, m.seed) for m in self.members} == {(method, seed) for method in self.methods for seed in self.seeds}

    @property
    def id(self) -> str:
        """The first 16 hexadecimal digits of the sha256 of kind and design."""
        return experiment_id(self.kind, self.design)

    @property
    def runs(self) -> tuple[str, ...]:
        """All runs, each once: references first, what leaves one out last."""
        return tuple(dict.fromkeys((*self.references, *(m.run for m in self.members), *(twin.run for twin in self.twins))))

    @property
    def references(self) -> tuple[str, ...]:
        """The runs that chose examples, each once. With a data map of its own, a main run may be one of them."""
        return tuple(dict.fromkeys(run for m in self.members for run in m.references))

    def of(self, method: str) -> tuple[Member, ...]:
        """The members of a method, by seed."""
        return tuple(sorted((m for m in self.members if m.method == method), key=lambda m: m.seed))

    def to_json(self) -> dict[str, Any]:
        """As in `experiment.json`."""
        return {
            "experiment": self.id, "kind": self.kind, "dataset": self.dataset, "created": self.created, "methods": list(self.methods),
            "seeds": list(self.seeds), "design": self.design, "members": [m.to_json() for m in self.members],
            **({"twins": [twin.to_json() for twin in self.twins]} if self.twins else {}),
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Any) -> "Experiment":
        """The inverse of `to_json`; InputError for a file that is no longer what was written."""
        kind = take(value, "kind", str)
        methods, seeds = tuple(take_all(value, "methods", list, str)), tuple(take_all(value, "seeds", list, int))
        members = tuple(_member(member) for member in take_all(value, "members", list, dict))
        twins = tuple(_twin(twin) for twin in take_all(value, "twins", list, dict)) if "twins" in value else ()
        there = {(m.method, m.seed) for m in members}
        if kind not in KINDS or there != {(method, seed) for method in methods for seed in seeds}:
            raise InputError(f"its kind is {shown(kind)}, or some of its runs are missing", REMEDY)
        dataset, design, created = take(value, "dataset", str), take(value, "design", dict), take(value, "created", str)
        found = cls(kind, dataset, design, methods, seeds, members, created, twins)
        if found.id != take(value, "experiment", str):
            raise InputError("its design does not give its id", REMEDY)
        return found


def experiment_id(kind: str, design: dict[str, Any]) -> str:
    """The id of every experiment of this kind and design, whatever its methods and seeds."""
    return digest({"kind": kind, "design": design})[:16]


def _member(value: dict[str, Any]) -> Member:
    references = tuple(safe_name("run", run) for run in take_all(value, "references", list, str))
    return Member(take(value, "method", str), take(value, "seed", int), safe_name("run", take(value, "run", str)), references)


def _twin(value: dict[str, Any]) -> Twin:
    left_out = take(value, "left_out", str, NoneType)
    return Twin(take(value, "method", str), take(value, "role", str), left_out, safe_name("run", take(value, "run", str)))
