"""Puts a dataset into the workspace: read and checked first, then published whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ftft.dataset.description import Description
from ftft.dataset.stored import load, names, split_file
from ftft.domain import Dataset, safe_name
from ftft.errors import InputError
from ftft.publish import publish_folder, publish_json

if TYPE_CHECKING:
    from ftft.dataset.contents import Contents

ROW_GROUP = 1 << 16  # rows that are compressed together: bounds memory


def add(root: Path, name: str, description: Description, created: str) -> Dataset:
    """Publishes the dataset `name` in the folder `root`. The same data under the same name again is the dataset that exists.

    `created`: ISO 8601 in UTC. InputError: the description, a file or a row is wrong, or `name` holds other data; nothing is left behind.
    """
    from ftft.dataset.contents import read_contents  # loads pyarrow, which listing datasets does without

    contents = read_contents(safe_name("dataset", name), description, created)
    return keep(root, contents)


def keep(root: Path, contents: "Contents") -> Dataset:
    """Publishes a dataset that has been read and checked, or returns the same one that exists. InputError: its name holds other data."""
    name = contents.dataset.name
    if name not in names(root):
        try:
            publish_folder(root / name, lambda folder: _write(folder, contents))
            return contents.dataset
        except OSError:
            if name not in names(root):  # else someone else has added it meanwhile
                raise
    there = load(root, name)
    changes = list(_changes(there, contents.dataset))
    if changes or there.fingerprint != contents.dataset.fingerprint:
        what = "; ".join(changes) or "some ids, labels or texts differ, or their order"
        raise InputError(f"dataset {name!r} exists with other content: {what}", "Add this one under another name")
    return there


def _write(folder: Path, contents: "Contents") -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for split, table in contents.tables.items():
        file = split_file(folder, split)
        file.parent.mkdir(exist_ok=True)
        try:
            pq.write_table(table, file, compression="zstd", row_group_size=ROW_GROUP)
        except pa.ArrowNotImplementedError as problem:
            raise InputError(
                f"{split} has a column that cannot be kept: {problem}", "Leave it out of the file, or write it as text"
            ) from problem
    publish_json(folder / "dataset.json", contents.dataset.to_json())


def _changes(old: Dataset, new: Dataset) -> Iterator[str]:
    """In what a dataset differs from the one that has its name, in words."""
    before, after = {s.name: s for s in old.splits}, {s.name: s for s in new.splits}
    for name in before | after:
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            yield f"evaluation set {name!r} is {'new' if was is None else 'left out'}"
        elif now.rows != was.rows:
            yield f"{name} has {now.rows:,} rows instead of {was.rows:,}"
        elif (now.distribution, now.role) != (was.distribution, was.role):
            yield f"{name} is {now.distribution}:{now.role} instead of {was.distribution}:{was.role}"
    if new.labels != old.labels:
        yield f"the labels are {_few(new.labels)} instead of {_few(old.labels)}"
    if (new.text_columns, new.columns) != (old.text_columns, old.columns):
        were, are = (f"{_few(d.columns)} (text: {_few(d.text_columns)})" for d in (old, new))
        yield f"the columns are {are} instead of {were}"
    if new.metric != old.metric:
        yield f"the metric is {new.metric} instead of {old.metric}"


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
