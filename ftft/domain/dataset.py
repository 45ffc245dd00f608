"""A dataset as described in `dataset.json`: what models are trained and judged on. The rows lie beside it in Parquet files."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ftft.domain.identity import safe_name
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
    def from_json(cls, value: dict[str, Any]) -> "Dataset":
        """The inverse of `to_json`."""
        splits = (
            Split(name, s["rows"], s["labels"], s["distribution"], s["role"], s.get("map", {})) for name, s in value["splits"].items()
        )
        findings = (Finding(w["kind"], w["count"], tuple(w["examples"]), w["message"]) for w in value["warnings"])
        return cls(
            value["dataset"], value["fingerprint"], tuple(value["text_columns"]), tuple(value["labels"]), value["metric"], tuple(splits),
            tuple(value["columns"]), tuple(findings), value.get("created", ""),
        )  # fmt: skip
