"""A selection: steps that can be read, removed and replayed. A subset: the ids it gave once, frozen.

The JSON of a selection file is in docs/interface.md.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ftft.domain.identity import digest, digest_of_ids, safe_name
from ftft.domain.step import Step
from ftft.errors import InputError


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

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs whose dynamics it needs, those behind a mean map too, each once."""
        return tuple(dict.fromkeys(run for step in self.steps for run in step.runs))

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
