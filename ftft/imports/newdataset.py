"""A dataset made of an import alone: ids, labels as far as they are known, and texts where the file has some. Nothing can train on less.

N: examples.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ftft.dataset.fingerprint import fingerprint
from ftft.dataset.labels import MOST_CLASSES, WHOLE
from ftft.dataset.stored import load, names, split_file
from ftft.domain import Dataset, Finding, Split, safe_name
from ftft.errors import InputError
from ftft.publish import publish_folder, publish_json

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN_LABEL = "unknown"


@dataclass(frozen=True)
class NewDataset:
    """What `--new-dataset` makes. `gold_N`: places in `labels`."""

    dataset: Dataset
    table: "pa.Table"
    gold_N: np.ndarray

    @classmethod
    def of(
        cls,
        name: str,
        ids_N: np.ndarray,
        gold_N: np.ndarray | None,
        labels: tuple[str, ...],
        texts: dict[str, dict[str, str]],
        created: str,
    ) -> "NewDataset":
        """`gold_N`: places in `labels`; None where unknown, then all examples have the one label "unknown"."""
        import pyarrow as pa

        found = []
        if gold_N is None:
            gold_N, labels = np.zeros(len(ids_N), np.int32), (UNKNOWN_LABEL,)
            message = f"The gold labels are not known: all examples have the label {UNKNOWN_LABEL!r}. Models cannot be trained on it."
            found.append(Finding("no_labels", len(ids_N), (), message))
        if not texts:
            message = "The texts are not known: the import has none. Models cannot be trained on it."
            found.append(Finding("no_texts", len(ids_N), (), message))
        columns = _columns(ids_N, texts)
        label_N = np.array(labels, object)[gold_N]
        table = pa.table({"id": pa.array(ids_N, pa.string()), "label": pa.array(label_N, pa.string()), **columns})
        counts = np.bincount(gold_N, minlength=len(labels))
        split = Split("train", len(ids_N), {label: int(n) for label, n in zip(labels, counts, strict=True) if n}, role="train")
        print_ = fingerprint(labels, tuple(columns), [(split, table)])
        dataset = Dataset(name, print_, tuple(columns), labels, "accuracy", (split,), tuple(table.column_names), tuple(found), created)
        return cls(dataset, table, gold_N)

    def check(self, root: Path) -> None:
        """InputError where the name is taken by other data."""
        name = safe_name("dataset", self.dataset.name)
        if name in names(root) and load(root, name).fingerprint != self.dataset.fingerprint:
            raise InputError(f"dataset {name!r} exists with other content", f"Import into it with --dataset {name}, or choose another name")

    def publish(self, root: Path) -> None:
        """Puts it into the folder `root`, unless it is there."""
        if self.dataset.name not in names(root):
            publish_folder(root / self.dataset.name, self._write)

    def _write(self, folder: Path) -> None:
        import pyarrow.parquet as pq

        pq.write_table(self.table, split_file(folder, "train"), compression="zstd")
        publish_json(folder / "dataset.json", self.dataset.to_json())


def label_names(file_labels_N: np.ndarray) -> tuple[str, ...]:
    """The classes among labels as text: in the order of the numbers where all are whole numbers, else alphabetical."""
    found = sorted(set(file_labels_N.tolist()))
    if len(found) > MOST_CLASSES:
        what = f"{len(found):,} different gold labels, such as {found[0]!r} and {found[1]!r}"
        raise InputError(what, f"Gold is a class, and there may be {MOST_CLASSES} of them; rename a column that means something else")
    return tuple(sorted(found, key=int)) if all(WHOLE.fullmatch(label) for label in found) else tuple(found)


def _columns(ids_N: np.ndarray, texts: dict[str, dict[str, str]]) -> "dict[str, pa.Array]":
    """A column a text; one that is empty where there is none, since every dataset has a text."""
    import pyarrow as pa

    if not texts:
        return {"text": pa.array([""] * len(ids_N), pa.string())}
    taken = {"id": "id_", "label": "label_"}
    return {taken.get(name, name): pa.array([by_id[i] for i in ids_N], pa.string()) for name, by_id in texts.items()}
