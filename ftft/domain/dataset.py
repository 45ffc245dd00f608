"""A dataset as described in `dataset.json`: what models are trained and judged on. The rows lie beside it in Parquet files."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ftft.domain.identity import safe_name
from ftft.domain.record import REMEDY, checked, take, take_all
from ftft.errors import InputError, unknown

JOIN = " ⟶ "  # between the texts of a pair, where they are shown or searched as one
OR = "|"  # between the labels of train, where a label of an evaluation set means any of several
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
    """One set of rows, in ("id") or out of distribution ("ood"). `role`: a dev set may stop a run, a test set never does.

    `label_map`: a label of the set's file -> the labels of train that it means, in their order; mostly one.
    """

    name: str
    rows: int
    labels: dict[str, int]
    distribution: Distribution = "id"
    role: Role = "test"
    label_map: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        safe_name("evaluation set", self.name)
        if self.distribution not in ("id", "ood"):
            raise InputError(
                f"evaluation set {self.name!r} is {self.distribution!r}", "Say id (in distribution) or ood (out of distribution)"
            )
        if self.role not in ("train", "dev", "test"):
            raise InputError(f"evaluation set {self.name!r} has the role {self.role!r}", "Say dev or test")

    def to_json(self) -> dict[str, Any]:
        """All fields; `labels` counts rows by label, `map` has a text where a label means one of train's, a list where it means several."""
        label_map = {theirs: ours[0] if len(ours) == 1 else list(ours) for theirs, ours in self.label_map.items()}
        return {"rows": self.rows, "labels": self.labels, "distribution": self.distribution, "role": self.role, "map": label_map}

    @classmethod
    def from_json(cls, name: str, value: dict[str, Any]) -> "Split":
        """The inverse of `to_json`; InputError for what is no longer what was written."""
        role: Any = take(value, "role", str)
        if (role == "train") != (name == "train"):
            raise InputError(f"split {name!r} has the role {role!r}", REMEDY)
        distribution: Any = take(value, "distribution", str)
        written = take_all({"map": {}} | value, "map", dict, str, list)
        label_map = {theirs: (ours,) if isinstance(ours, str) else tuple(ours) for theirs, ours in written.items()}
        for ours in label_map.values():
            take_all({"map": list(ours)}, "map", list, str)
        return cls(name, take(value, "rows", int), take_all(value, "labels", dict, int), distribution, role, label_map)

    @property
    def several(self) -> tuple[tuple[str, ...], ...]:
        """The sets of train's labels, of two or more, that a label of this split means any of."""
        return tuple(sorted({ours for ours in self.label_map.values() if len(ours) > 1}))


@dataclass(frozen=True)
class Parent:
    """What a derived dataset was made from: `kind` (drop, relabel or threshold) of change to `count` rows, by a list with this sha256."""

    dataset: str
    fingerprint: str
    kind: str
    count: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """`{dataset, fingerprint, change{kind, count, sha256}}`."""
        change = {"kind": self.kind, "count": self.count, "sha256": self.sha256}
        return {"dataset": self.dataset, "fingerprint": self.fingerprint, "change": change}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Parent":
        """The inverse of `to_json`."""
        change = take(value, "change", dict)
        kind, count, sha256 = take(change, "kind", str), take(change, "count", int), take(change, "sha256", str)
        return cls(take(value, "dataset", str), take(value, "fingerprint", str), kind, count, sha256)


@dataclass(frozen=True)
class Dataset:
    """`fingerprint`: sha256 over all that can change a result (texts, labels, ids, splits and their roles). `splits[0]` is "train".

    `sources`: split -> the commit on the hub that it came from; files are not in it. `parent`: None unless it was derived.
    """

    name: str
    fingerprint: str
    text_columns: tuple[str, ...]
    labels: tuple[str, ...]
    metric: str
    splits: tuple[Split, ...]
    columns: tuple[str, ...]
    warnings: tuple[Finding, ...] = ()
    created: str = ""
    sources: dict[str, str] = field(default_factory=dict)
    parent: Parent | None = None

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

    @property
    def other_columns(self) -> tuple[str, ...]:
        """The columns beside id, label and the texts, in their order."""
        return tuple(name for name in self.columns if name not in ("id", "label", *self.text_columns))

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

    def answers(self, split: str) -> tuple[str, ...]:
        """What can be right in a split: the C labels, then those that mean any of several ("contradiction|neutral")."""
        return (*self.labels, *(OR.join(ours) for ours in self._split(split).several))

    def counts_as(self, split: str) -> tuple[int, ...]:
        """For each of the C labels, the place in `answers(split)` of what a prediction of it counts as; mostly its own."""
        several = self._split(split).several
        joint = {label: len(self.labels) + n for n, ours in enumerate(several) for label in ours}
        return tuple(joint.get(label, n) for n, label in enumerate(self.labels))

    def _split(self, name: str) -> Split:
        return next(s for s in self.splits if s.name == name)

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
            "sources": self.sources,
            "parent": self.parent.to_json() if self.parent else None,
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
            take(value, "metric", str), tuple(Split.from_json(name, split) for name, split in splits.items()), columns,
            tuple(_finding(w) for w in take_all(value, "warnings", list, dict)), checked(value.get("created", ""), "created", str),
            take_all({"sources": {}} | value, "sources", dict, str), Parent.from_json(value["parent"]) if value.get("parent") else None,
        )  # fmt: skip


def _finding(value: dict[str, Any]) -> Finding:
    examples = tuple(take_all(value, "examples", list, str))
    return Finding(take(value, "kind", str), take(value, "count", int), examples, take(value, "message", str))
