"""A dataset made from one in the workspace: without some training examples, or with other labels. Evaluation sets stay as they are.

K: examples that are listed, N: training examples.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ftft.dataset.adding import keep
from ftft.dataset.stored import load, split_file
from ftft.domain import Dataset, safe_name
from ftft.domain.dataset import Parent
from ftft.errors import InputError, unknown

if TYPE_CHECKING:
    import pyarrow as pa

    from ftft.dataset.examples import Examples

Change = Literal["drop", "relabel"]
FILES = "Give a file of ids, one a line (.txt), or a table with a column id; to relabel, one with the columns id and label"


def derive(root: Path, parent: str, name: str, change: Change, file: str | Path, created: str) -> Dataset:
    """Publishes the dataset `name`: `parent` without the examples that `file` lists ("drop"), or with the labels it gives them ("relabel").

    `file`: ids, one a line (.txt), or a table with a column `id`; to relabel, a table with `id` and `label`. InputError: it names examples
    or labels that the parent has not, changes nothing, or leaves a label without examples; or `name` holds other data.
    """
    import pyarrow.parquet as pq

    from ftft.dataset.contents import complete

    safe_name("dataset", name)
    about = load(root, parent)
    tables = {split.name: pq.ParquetFile(split_file(root / parent, split.name)).read() for split in about.splits}
    source = Path(os.path.expanduser(file))
    ids, labels = _listed(source, change)
    row_K = _rows_of(source, ids, tables["train"], about)
    rest = _without(tables["train"], row_K) if labels is None else _relabelled(source, tables["train"], row_K, labels, about)
    count = len(np.unique(row_K)) if labels is None else _differences(tables["train"], rest)
    _check(source, rest, count, about)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    derived = replace(about, name=name, created=created, sources={}, parent=Parent(parent, about.fingerprint, change, count, digest))
    contents = complete(derived, [_examples(split, table, about) for split, table in (tables | {"train": rest}).items()])
    renamed = tuple(finding for finding in about.warnings if finding.kind == "column_renamed")  # the rows do not tell
    return keep(root, replace(contents, dataset=replace(contents.dataset, warnings=(*renamed, *contents.dataset.warnings))))


def _listed(file: Path, change: Change) -> "tuple[pa.Array, pa.Array | None]":
    """ids_K, and labels_K to relabel."""
    import pyarrow as pa

    from ftft.dataset.columns import column_as_text
    from ftft.dataset.labels import clean_labels
    from ftft.dataset.reading import read
    from ftft.dataset.textfile import TextFile

    if file.suffix.lower() == ".txt" and change == "drop":
        if not file.is_file():
            raise InputError(f"{file} does not exist", "Check the path")
        with TextFile.checked(file, gzipped=False).text() as lines:
            return pa.array([line for line in map(str.rstrip, lines) if line], pa.string()), None
    if file.suffix.lower() == ".txt":
        raise InputError(f"{file} can hold no labels", FILES)
    table = read(file, as_text={"id", "label"})
    ids = column_as_text(str(file), table, "id", "a column id").combine_chunks()
    if change == "drop":
        return ids, None
    return ids, clean_labels(str(file), column_as_text(str(file), table, "label", "a column label", is_label=True))


def _rows_of(file: Path, ids: "pa.Array", train: "pa.Table", about: Dataset) -> np.ndarray:
    """row_K: which rows of train these are."""
    import pyarrow.compute as pc

    row = pc.index_in(ids, value_set=train["id"].combine_chunks())
    if strange := ids.filter(row.is_null()).unique().to_pylist():
        few = ", ".join(repr(i) for i in strange[:5]) + (", …" if len(strange) > 5 else "")
        what = f"{file} lists {len(strange):,} ids that train of {about.name!r} has not: {few}"
        raise InputError(what, f"Write ids as in the column id of `ftft data show {about.name}`'s training set, such as {train['id'][0]}")
    return row.to_numpy(zero_copy_only=False)


def _without(train: "pa.Table", row_K: np.ndarray) -> "pa.Table":
    import pyarrow as pa

    is_kept_N = np.ones(train.num_rows, dtype=bool)
    is_kept_N[row_K] = False
    return train.filter(pa.array(is_kept_N))


def _relabelled(file: Path, train: "pa.Table", row_K: np.ndarray, labels: "pa.Array", about: Dataset) -> "pa.Table":
    import pyarrow as pa

    label_K = np.array(labels.to_pylist(), dtype=object)
    if strange := sorted(set(label_K).difference(about.labels)):
        problem = unknown("label", strange[0], about.labels)
        raise InputError(f"{file}: dataset {about.name!r} has no label {strange[0]!r}", problem.remedy)
    label_N = np.array(train["label"].to_pylist(), dtype=object)
    label_N[row_K] = label_K
    if len(twice := np.flatnonzero(label_N[row_K] != label_K)):
        raise InputError(f"{file} gives {train['id'][int(row_K[twice[0]])].as_py()!r} two labels", "List each id once")
    return train.set_column(train.column_names.index("label"), "label", pa.array(label_N, pa.string()))


def _differences(before: "pa.Table", after: "pa.Table") -> int:
    import pyarrow.compute as pc

    return pc.sum(pc.not_equal(before["label"], after["label"])).as_py()


def _check(file: Path, train: "pa.Table", count: int, about: Dataset) -> None:
    if not count:
        raise InputError(f"{file} changes nothing in {about.name!r}", FILES)
    if not train.num_rows:
        raise InputError(f"{file} lists every training example of {about.name!r}", "List those that are to go; some must stay")
    if lost := [label for label in about.labels if label not in train["label"].unique().to_pylist()]:
        what = f"after that, {about.name!r} would have no training example with the label {lost[0]!r} ({file})"
        raise InputError(what, "Keep some; to be rid of a label, leave its rows out of the files and add the dataset again")


def _examples(split: str, table: "pa.Table", about: Dataset) -> "Examples":
    from ftft.dataset.examples import Examples

    return Examples(split, table, about.text_columns, np.zeros(table.num_rows, dtype=bool), {})
