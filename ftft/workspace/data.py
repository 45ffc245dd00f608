"""Datasets of a workspace."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import dataset as files
from ftft.domain import Dataset
from ftft.errors import InputError

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace


def now() -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Data:
    """`ws.data`."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self.root = workspace.path / "datasets"

    def add(
        self,
        name: str,
        *,
        train: str | Path,
        text: str | Sequence[str],
        label: str,
        id: str | None = None,
        evaluations: Sequence[str] = (),
        label_maps: Sequence[str] = (),
        metric: str | None = None,
    ) -> Dataset:
        """Copies the files into the workspace as Parquet and reports what is odd about them (`Dataset.warnings`).

        `evaluations`: `EVAL=FILE:id|ood[:dev|test]`; `label_maps`: `EVAL:theirs=ours`.
        The same name with the same content gives the dataset that exists, with another content an error.
        """
        what = files.Description(
            Path(train), text if isinstance(text, str) else tuple(text), label, tuple(evaluations), id, tuple(label_maps), metric
        )
        return files.add(self.root, name, what, now())

    def preview(self, file: str | Path, limit: int = 5):
        """The first rows of a file that is not added yet, as a DataFrame: to see which column is what."""
        from ftft.dataset.reading import read

        return read(Path(file).expanduser(), as_text=()).slice(0, limit).to_pandas()

    def names(self) -> list[str]:
        """Names of all datasets."""
        return files.names(self.root)

    def list(self) -> list[Dataset]:
        """All datasets, newest first. One whose description is broken is left out, with a warning."""
        found = []
        for name in self.names():
            try:
                found.append(self.get(name))
            except InputError as problem:
                self.workspace.left_out(f"dataset {name}", problem)
        return sorted(found, key=lambda d: d.created, reverse=True)

    def get(self, name: str) -> Dataset:
        """The dataset called `name`."""
        return files.load(self.root, name)

    def rows(self, name: str, split: str = "train", limit: int | None = None):
        """A DataFrame: id, label and all other columns."""
        return files.rows(self.root, name, split, limit=limit)

    def ids(self, name: str) -> np.ndarray:
        """(N,) ids of the training examples, in the order of the file."""
        return _ids(self.root, name, self.get(name).fingerprint)

    def gold(self, name: str) -> np.ndarray:
        """(N,) places of the training examples' labels in `Dataset.labels`."""
        return _gold(self.root, name, self.get(name).fingerprint)

    def ingest(self, store: Any, name: str) -> None:
        """Brings the training examples into a store that lacks them."""
        about = self.get(name)
        store.ingest_dataset(name, about.fingerprint, self.root / name / "train.parquet", about.text_columns)


@lru_cache(16)
def _ids(root: Path, name: str, fingerprint: str) -> np.ndarray:
    return files.ids(root, name)


@lru_cache(16)
def _gold(root: Path, name: str, fingerprint: str) -> np.ndarray:
    return files.gold(root, name)
