"""Datasets that are in the workspace: their description, their rows, and the arrays that everything else is aligned with.

N: training examples, or the rows of an evaluation set; always in the order of the stored file.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft.domain import Dataset
from ftft.errors import InputError, unknown
from ftft.publish import read_json, stamp

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def names(root: Path) -> list[str]:
    """The datasets in the folder `root`, sorted; none where the folder does not exist yet."""
    return sorted(f.parent.name for f in root.glob("*/dataset.json") if not f.parent.name.startswith("."))


def load(root: Path, name: str) -> Dataset:
    """The dataset `name`; an InputError names similar ones, or says what is broken in its description."""
    file = root / name / "dataset.json"
    if Path(name).name != name or name.startswith(".") or not os.path.exists(file):
        raise unknown("dataset", name, names(root))
    return _described(file, stamp(file))


@lru_cache(64)
def _described(file: Path, state: tuple[int, ...]) -> Dataset:
    """What the file says in this state: a page asks twenty times."""
    value = read_json(file)
    try:
        return Dataset.from_json(value)
    except InputError as problem:
        raise InputError(f"{file} is broken: {problem.message}", problem.remedy) from problem


def split_file(folder: Path, split: str) -> Path:
    """Where the rows of `split` lie in a dataset's folder."""
    return folder / "train.parquet" if split == "train" else folder / "eval" / f"{split}.parquet"


def rows(root: Path, name: str, split: str = "train", columns: Sequence[str] | None = None, limit: int | None = None) -> "pd.DataFrame":
    """The rows of a split: id, label, texts and all other columns, or those in `columns`; the first `limit` of them."""
    return _read(root, name, split, columns, limit).to_pandas()


def table(root: Path, name: str, columns: Sequence[str], split: str = "train") -> "pa.Table":
    """The same as Arrow has them, which takes a fraction of the memory."""
    return _read(root, name, split, columns)


def row(root: Path, name: str, at: int, split: str = "train") -> dict[str, Any]:
    """One row, counted from 0: column -> value, None where it is missing. Of the file only the group of rows is read that holds it."""
    import pyarrow.parquet as pq

    load(root, name)
    left = at
    with pq.ParquetFile(split_file(root / name, split)) as file:
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if left < count:
                return file.read_row_group(group).slice(left, 1).to_pylist()[0]
            left -= count
    raise IndexError(at)


def ids(root: Path, name: str, split: str = "train") -> np.ndarray:
    """(N,) object array of the ids, as text."""
    return np.array(_read(root, name, split, ["id"])["id"].to_pylist(), dtype=object)


def gold(root: Path, name: str, split: str = "train") -> np.ndarray:
    """(N,) int32: the label of each row, as its place in `Dataset.labels`, or in `Dataset.answers` where it means any of several."""
    import pyarrow as pa
    import pyarrow.compute as pc

    stored = _read(root, name, split, ["label"])["label"]
    labels = pa.array(load(root, name).answers(split), pa.string())
    return pc.index_in(stored, value_set=labels).to_numpy().astype(np.int32)


def fingerprint_of(root: Path, name: str) -> str:
    """The fingerprint that the stored rows give, which is that in the description unless somebody changed one of them."""
    import pyarrow as pa

    from ftft.dataset.fingerprint import fingerprint

    about = load(root, name)
    wanted = list(dict.fromkeys(("id", "label", *about.text_columns)))
    texts = pa.schema([(column, pa.string()) for column in wanted])
    tables = ((split, _read(root, name, split.name, wanted).cast(texts)) for split in about.splits)
    return fingerprint(about.labels, about.text_columns, tables)


def _read(root: Path, name: str, split: str, columns: Sequence[str] | None, limit: int | None = None) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    known = [s.name for s in load(root, name).splits]
    if split not in known:
        raise unknown(f"split of dataset {name}", split, known)
    path = split_file(root / name, split)
    try:
        opened = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as problem:
        raise InputError(f"{path} cannot be read: {problem}", "Copy it again, or remove the dataset's folder and add it again") from problem
    with opened as file:
        there = file.schema_arrow.names
        for column in columns or ():
            if column not in there:
                raise unknown(f"column of dataset {name}", column, there)
        wanted = None if columns is None else list(columns)
        if limit is None:
            return file.read(wanted)
        first_rows = next(file.iter_batches(max(limit, 1), columns=wanted))  # no dataset is without rows
        return pa.Table.from_batches([first_rows]).slice(0, limit)
