"""Datasets of the `datasets` library: folders that its `save_to_disk` wrote, and its objects as Arrow tables. Nothing in them is run."""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ftft.errors import InputError, unknown

NO_LABEL = "-1"  # what `datasets` writes where a class label is withheld


def read_saved(source: str, folder: Path, split: str | None, default: str | None) -> pa.Table:
    """All rows of a saved folder, of the split `split`. InputError: it holds something else, or several splits."""
    from datasets import load_from_disk

    if not any((folder / name).is_file() for name in ("dataset_dict.json", "state.json")):
        raise InputError(f"{folder} is a folder, but not one that `datasets` saved", "Name a file in it, or save one with save_to_disk")
    try:
        return as_table(only_split(source, load_from_disk(str(folder)), split, default))
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as problem:
        raise InputError(f"{folder} cannot be read as a folder that `datasets` saved: {problem}", "Save it again") from problem


def only_split(source: str, found: Any, split: str | None, default: str | None) -> Any:
    """The `Dataset` that is meant in a Dataset or DatasetDict: the split named, else the only one, else the one called `default`."""
    from datasets import DatasetDict

    if not isinstance(found, DatasetDict):
        if split is not None:
            raise InputError(f"{source}: the folder holds one dataset without splits", f"Leave out :{split}")
        return found
    names = [str(name) for name in found]
    wanted = split or (names[0] if len(names) == 1 else default)
    if wanted in names:
        return found[wanted]
    if split is not None:
        raise unknown(f"{source}: split", split, names)
    raise InputError(f"{source} has several splits: {', '.join(names)}", f"Say which one, such as {source}:{names[0]}")


def as_table(dataset: Any) -> pa.Table:
    """A `Dataset` as an Arrow table; class labels as their names, -1 among them as "-1"."""
    from datasets import ClassLabel

    table: pa.Table = dataset.with_format("arrow")[:]
    for place, (name, kind) in enumerate(dataset.features.items()):
        if isinstance(kind, ClassLabel):
            number_N = table[name].combine_chunks()
            names = pa.array([*kind.names, NO_LABEL], pa.string())
            named = names.take(pc.if_else(pc.less(number_N, 0), len(kind.names), number_N))
            table = table.set_column(place, name, named)
    return table.replace_schema_metadata(None)
