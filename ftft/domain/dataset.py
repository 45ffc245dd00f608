"""A dataset as described in `dataset.json`: what models are trained and judged on. The rows lie beside it in Parquet files."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ftft.domain.identity import safe_name
from ftft.domain.record import REMEDY, checked, take, take_all
from ftft.errors import InputError, unknown

JOIN = " ⟶ "  # between the texts of a pair, where they are shown or searched as one
METRICS = ("accuracy", "macro_f1", "auroc")
Distribution = Literal["id", "ood"]
Role = Literal["train", "dev", "test"]


@dataclass(frozen=True)
class Finding:
    """Something about the data or a run that its owner should know: `kind` for programs, `message`, with the remedy, for people."""

    kind: str
    count: int
    examples: tuple[str, ...]
    message: str

    def to_json(self) -> dict[str, Any]:
        """`{kind, count, examples[], message}`."""
        return {"kind": self.kind, "count": self.count, "examples": list(self.examples), "message": self.message}


@dataclass(frozen=True)
class Split:
    """One set of rows, in ("id") or out of distribution ("ood"). `role`: a dev set may stop a run, a test set never does."""

    name: str
    rows: int
    labels: dict[str, int]
    distribution: Distribution = "id"
    role: Role = "test"
    label_map: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        safe_name("evaluation set", self.name)
        if self.distribution not in ("id", "ood"):
            raise InputError(
                f"evaluation set {self.name!r} is {self.distribution!r}", "Say id (in distribution) or ood (out of distribution)"
            )
        if self.role not in ("train", "dev", "test"):
            raise InputError(f"evaluation set {self.name!r} has the role {self.role!r}", "Say dev or test")

    def to_json(self) -> dict[str, Any]:
        """All fields; `labels` counts rows by label."""
        return {"rows": self.rows, "labels": self.labels, "distribution": self.distribution, "role": self.role, "map": self.label_map}


@dataclass(frozen=True)
class Dataset:
    """`fingerprint`: sha256 over all that can change a result (texts, labels, ids, splits and their roles). `splits[0]` is "train"."""

    name: str
    fingerprint: str
    text_columns: tuple[str, ...]
    labels: tuple[str, ...]
    metric: str
    splits: tuple[Split, ...]
    columns: tuple[str, ...]
    warnings: tuple[Finding, ...] = ()
    created: str = ""

    def __post_init__(self) -> None:
        safe_name("dataset", self.name)
        if self.metric not in METRICS:
            raise unknown("metric of scores", self.metric, METRICS)
        assert [s.name for s in self.splits if s.role == "train"] == ["train"] == [self.splits[0].name]
        assert len(set(self.labels)) == len(self.labels) >= 1, "one label alone: that of an import which knows no labels"

    @property
    def train(self) -> Split:
        """The rows that models are fine-tuned on."""
        return self.splits[0]

    @property
    def evaluations(self) -> tuple[Split, ...]:
        """The sets that runs are scored on, in the order in which they were given."""
        return self.splits[1:]

    def dev_sets(self, stop: str) -> tuple[Split, ...]:
        """The sets that early stopping by `stop`, "id_dev" or "ood_dev", looks at. InputError where there is none."""
        distribution = stop.removesuffix("_dev")
        found = tuple(s for s in self.evaluations if s.role == "dev" and s.distribution == distribution)
        if not found:
            where = "in" if distribution == "id" else "out of"
            raise InputError(
                f"dataset {self.name!r} has no development set {where} distribution to stop by",
                f"Add it with --eval EVAL=FILE:{distribution}:dev, or use another --stop",
            )
        if self.metric == "auroc" and (single := [s.name for s in found if len(s.labels) < 2]):
            raise InputError(f"{single[0]} has one class, and auroc says nothing about it", "Add a development set with several classes")
        return found

    def to_json(self) -> dict[str, Any]:
        """As in `dataset.json` and in the JSON of `ftft data show`."""
        return {
            "dataset": self.name,
            "fingerprint": self.fingerprint,
            "text_columns": list(self.text_columns),
            "labels": list(self.labels),
            "metric": self.metric,
            "splits": {s.name: s.to_json() for s in self.splits},
            "columns": list(self.columns),
            "warnings": [w.to_json() for w in self.warnings],
            "created": self.created,
        }

    @classmethod
    def from_json(cls, value: Any) -> "Dataset":
        """The inverse of `to_json`; InputError for a file that is no longer what was written."""
        splits = take_all(value, "splits", dict, dict)
        labels, columns = tuple(take_all(value, "labels", list, str)), tuple(take_all(value, "columns", list, str))
        if next(iter(splits), None) != "train" or len(set(labels)) != len(labels) or not labels:
            raise InputError("it does not begin with the split 'train', or has no labels", REMEDY)
        return cls(
            take(value, "dataset", str), take(value, "fingerprint", str), tuple(take_all(value, "text_columns", list, str)), labels,
            take(value, "metric", str), tuple(_split(name, split) for name, split in splits.items()), columns,
            tuple(_finding(w) for w in take_all(value, "warnings", list, dict)), checked(value.get("created", ""), "created", str),
        )  # fmt: skip


def _split(name: str, value: dict[str, Any]) -> Split:
    labels, label_map = take_all(value, "labels", dict, int), take_all({"map": {}} | value, "map", dict, str)
    role: Any = take(value, "role", str)
    if (role == "train") != (name == "train"):
        raise InputError(f"split {name!r} has the role {role!r}", REMEDY)
    distribution: Any = take(value, "distribution", str)
    return Split(name, take(value, "rows", int), labels, distribution, role, label_map)


def _finding(value: dict[str, Any]) -> Finding:
    examples = tuple(take_all(value, "examples", list, str))
    return Finding(take(value, "kind", str), take(value, "count", int), examples, take(value, "message", str))
