"""What a run reads: the examples to train on, the evaluation sets, and proof that they are those that the spec was made for.

Shapes: N examples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ftft import dataset as stored
from ftft.domain import Dataset, RunSpec, digest_of_ids
from ftft.errors import InputError
from ftft.train.tokens import Tokens

Tokeniser = Callable[
    [list[list[str]]], tuple[Tokens, np.ndarray]
]  # columns of texts -> their tokens, and the numbers of those that were cut


@dataclass(frozen=True)
class Examples:
    """One split as a model sees it. `gold_N`: places of the labels in `Dataset.answers`; `cut`: ids of texts that are too long."""

    ids_N: np.ndarray
    gold_N: np.ndarray
    tokens: Tokens
    cut: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids_N)

    def row_of(self, id: str | None) -> int | None:
        """Where an example stands; None for None. InputError where there is none of this id."""
        if id is None:
            return None
        found = np.flatnonzero(self.ids_N == id)
        if not len(found):
            raise InputError(f"there is no example {id!r} to leave out", "Name the id of one that the run is trained on")
        return int(found[0])

    def take(self, row_N: np.ndarray) -> "Examples":
        """Only these rows, in this order."""
        kept = set(self.ids_N[row_N])
        cut = tuple(i for i in self.cut if i in kept)
        return Examples(self.ids_N[row_N], self.gold_N[row_N], self.tokens.take(row_N), cut)


def load(workspace: Path, spec: RunSpec) -> Dataset:
    """The spec's dataset, if it still is what the spec was made for."""
    about = stored.load(workspace / "datasets", spec.dataset)
    if about.fingerprint != spec.dataset_fingerprint:
        raise InputError(f"dataset {spec.dataset!r} has changed since this run was asked for", "Start the run again; it gets another id")
    if len(about.text_columns) > 2:
        raise InputError(
            f"dataset {spec.dataset!r} has {len(about.text_columns)} text columns",
            "Models read one text or a pair: add it again with one or two",
        )
    return about


def examples(workspace: Path, about: Dataset, split: str, tokenise: Tokeniser) -> Examples:
    """A split of `about`, tokenised."""
    rows = stored.rows(workspace / "datasets", about.name, split, columns=["id", "label", *about.text_columns])
    place = {label: n for n, label in enumerate(about.answers(split))}
    if strange := sorted(set(rows["label"]) - set(place)):
        raise InputError(
            f"{split} of dataset {about.name!r} has the label {strange[0]!r}", "Map it to one of the dataset's labels with --map"
        )
    ids_N = rows["id"].to_numpy(object)
    tokens, cut = tokenise([rows[column].fillna("").tolist() for column in about.text_columns])
    return Examples(ids_N, np.array([place[label] for label in rows["label"]], np.int64), tokens, tuple(ids_N[cut]))


def subset_rows(workspace: Path, spec: RunSpec, subset_hash: str | None, ids_N: np.ndarray) -> np.ndarray | None:
    """Row numbers of the spec's subset, which has this hash, in the training set, ascending; None without a subset."""
    if spec.subset is None:
        return None
    import pyarrow.parquet as pq

    file = workspace / "subsets" / spec.subset / "ids.parquet"
    if not file.exists():
        raise InputError(f"subset {spec.subset!r} is not in this workspace", "Make it again with ftft select, under the same name")
    ids = pq.read_table(file)["id"].to_pylist()
    if digest_of_ids(ids) != subset_hash:
        raise InputError(f"subset {spec.subset!r} has changed since this run was asked for", "Start the run again; it gets another id")
    is_in_N = np.isin(ids_N.astype(str), np.array(ids, str))
    if is_in_N.sum() != len(ids):
        raise InputError(
            f"subset {spec.subset!r} names {len(ids) - is_in_N.sum()} examples that are not in {spec.dataset!r}",
            "Select again from this dataset",
        )
    return np.flatnonzero(is_in_N)
