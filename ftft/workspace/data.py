"""Datasets of a workspace.

Shapes: N training examples, M of them.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import dataset as files
from ftft.datamap import positions
from ftft.domain import JOIN, Dataset
from ftft.errors import InputError
from ftft.publish import remove_folder, stamp

if TYPE_CHECKING:
    import pyarrow as pa

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
        columns: Sequence[str] = (),
    ) -> Dataset:
        """Copies the files into the workspace as Parquet and reports what is odd about them (`Dataset.warnings`).

        `train`: a file, a folder that `datasets` saved (`FOLDER[:split]`), or `hub:owner/name[:config][:split]`.
        `evaluations`: `EVAL=FILE:id|ood[:dev|test]`; `label_maps`: `EVAL:theirs=ours[|ours2]`; `columns`: `EVAL:text=COL`.
        The same name with the same content gives the dataset that exists, with another content an error.
        """
        what = files.Description(
            str(train), text if isinstance(text, str) else tuple(text), label, tuple(evaluations), id, tuple(label_maps), metric,
            tuple(columns),
        )  # fmt: skip
        return files.add(self.root, name, what, now())

    def derive(
        self,
        dataset: str,
        *,
        name: str,
        drop: str | Path | None = None,
        relabel: str | Path | None = None,
        threshold_samples: int | None = None,
    ) -> Dataset:
        """The dataset `name`: `dataset` without the examples that the file `drop` lists, or with the labels that `relabel` gives them.

        Or with AUM's threshold samples, drawn with the seed `threshold_samples`: one run on it tells what a wrong label looks like.
        What it was made from is in its `parent`. Evaluation sets stay as they are; findings are those of the new rows.
        """
        if [drop, relabel, threshold_samples].count(None) != 2:
            raise InputError(
                "a dataset is derived by one kind of change", "Give one of --drop FILE, --relabel FILE, --threshold-samples SEED"
            )
        if threshold_samples is not None:
            return files.with_threshold_samples(self.root, dataset, name, threshold_samples, now())
        change, file = ("drop", drop) if drop is not None else ("relabel", relabel)
        return files.derive(self.root, dataset, name, change, str(file), now())

    def remove(self, name: str, force: bool = False) -> None:
        """Deletes a dataset. InputError where runs or subsets use it.

        With `force` only queued and running runs hinder: the others keep their files, and are whole again with the same data added again.
        """
        self.get(name)
        runs, subsets = self.workspace.runs.list(dataset=name), self.workspace.subsets.list(dataset=name)
        if busy := [run.id for run in runs if not run.final]:
            raise InputError(f"dataset {name!r} is in use by {_few('run', busy)}", "Cancel them first: ftft runs cancel RUN")
        if not force and (
            used := [_few(*kind) for kind in (("run", [r.id for r in runs]), ("subset", [s.name for s in subsets])) if kind[1]]
        ):
            what = f"dataset {name!r} is in use by {' and '.join(used)}, whose maps and labels need it"
            remedy = "Remove them first (ftft runs remove RUN), or give --force: they stay, and need the same data added again to be shown"
            raise InputError(what, remedy)
        remove_folder(self.root / name)

    def preview(self, file: str | Path, limit: int = 5):
        """The first rows of a file that is not added yet, as a DataFrame: to see which column is what."""
        from ftft.dataset.hub import is_hub, pinned
        from ftft.dataset.reading import read

        source = pinned(str(file)) if is_hub(str(file)) else file
        return read(source, as_text=()).slice(0, limit).to_pandas()

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

    def example(self, name: str, id: str) -> dict[str, Any] | None:
        """One training example: column -> value, None where it is missing; None where the dataset does not hold it."""
        at = self.place(name, id)
        return None if at < 0 else dict(_example(self.root, name, stamp(self.root / name / "train.parquet"), at))

    def place(self, name: str, id: str) -> int:
        """Which row of the training examples has this id, counted from 0; -1 where none has."""
        ids_N, order_N = self.ids(name), self.id_order(name)
        low, high = 0, len(order_N)
        while low < high:  # by hand: NumPy would first copy the ids in their order
            middle = (low + high) // 2
            low, high = (middle + 1, high) if ids_N[order_N[middle]] < id else (low, middle)
        return int(order_N[low]) if low < len(order_N) and ids_N[order_N[low]] == id else -1

    def column(self, name: str, column: str) -> "pa.ChunkedArray":
        """(N,) one column of the training examples, as Arrow has it: other than id and label, it may be of any kind."""
        return _column(self.root, name, stamp(self.root / name / "train.parquet"), column)  # the fingerprint tells nothing of other columns

    def texts(self, name: str) -> Sequence[str]:
        """(N,) the texts of the training examples, as they are shown and searched: a pair's joined by JOIN."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = self.get(name).text_columns
        table = files.table(self.root, name, list(dict.fromkeys(wanted)))
        columns = [pc.fill_null(table[column].cast(pa.large_string()), "") for column in wanted]
        return pc.binary_join_element_wise(*columns, pa.scalar(JOIN, pa.large_string())).to_pylist()

    def id_order(self, name: str) -> np.ndarray:
        """(N,) int32: rows of the training examples by their ids, code point by code point."""
        return _sorted_ids(self.root, name, self.get(name).fingerprint)[0]

    def digest(self, name: str, mask_N: np.ndarray) -> str:
        """`digest_of_ids` of the training examples that `mask_N` marks, without touching one id in Python: 20 ms for 330,000 of 1M."""
        order_N, lines_N = _sorted_ids(self.root, name, self.get(name).fingerprint)
        assert mask_N.shape == order_N.shape, (mask_N.shape, order_N.shape)
        return digest_of_lines(lines_N, mask_N[order_N])

    def shared(self, name: str, ids_M: np.ndarray) -> np.ndarray:
        """`ids_M`, ascending, as the dataset's own objects where it has them all: a million texts take 70 MB, once a run."""
        try:
            ids_N, order_N = self.ids(name), self.id_order(name)
        except InputError:
            return ids_M  # the dataset is gone, or broken
        if len(ids_M) == len(ids_N):
            own_M = ids_N[order_N]
        else:
            places_M = positions(ids_N, ids_M)
            own_M = ids_N[places_M] if len(ids_N) and (places_M >= 0).all() else ids_M
        return own_M if np.array_equal(own_M, ids_M) else ids_M

    def ingest(self, store: Any, name: str) -> None:
        """Brings the training examples into a store that lacks them."""
        about = self.get(name)
        store.ingest_dataset(name, about.fingerprint, self.root / name / "train.parquet", about.text_columns)


def _few(kind: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return f"{kind}{'s' if len(names) > 1 else ''} {', '.join(names[:3])}{more}"


def digest_of_lines(lines_N: "pa.LargeStringArray", mask_N: np.ndarray) -> str:
    """The sha256 of the lines that `mask_N` marks, without the last line's end. Each line ends with a newline."""
    import pyarrow as pa

    chosen = lines_N.filter(pa.array(mask_N))
    if not len(chosen):
        return hashlib.sha256().hexdigest()
    _, offsets, values = chosen.buffers()
    ends = np.frombuffer(offsets, np.int64)[chosen.offset : chosen.offset + len(chosen) + 1]
    return hashlib.sha256(memoryview(values)[ends[0] : ends[-1] - 1]).hexdigest()


@lru_cache(4)
def _sorted_ids(root: Path, name: str, fingerprint: str) -> "tuple[np.ndarray, pa.LargeStringArray]":
    """(rows by their ids, int32; the ids in that order, each with a newline at its end)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = files.table(root, name, ["id"])["id"].cast(pa.large_string()).combine_chunks()
    order = pc.sort_indices(ids)
    lines = pc.binary_join_element_wise(ids.take(order), pa.scalar("", pa.large_string()), pa.scalar("\n", pa.large_string()))
    return order.to_numpy().astype(np.int32), lines


@lru_cache(64)
def _example(root: Path, name: str, state: tuple[int, ...], at: int) -> dict[str, Any]:
    return files.row(root, name, at)


@lru_cache(6)
def _column(root: Path, name: str, state: tuple[int, ...], column: str) -> "pa.ChunkedArray":
    return files.table(root, name, [column])[column]


@lru_cache(16)
def _ids(root: Path, name: str, fingerprint: str) -> np.ndarray:
    return files.ids(root, name)


@lru_cache(16)
def _gold(root: Path, name: str, fingerprint: str) -> np.ndarray:
    return files.gold(root, name)
