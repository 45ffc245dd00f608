"""A file's rows as examples: `id`, `label` and texts as text, every other column as it is. N: rows."""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ftft.dataset.columns import column_as_text, rows_named
from ftft.dataset.description import Columns, Description
from ftft.dataset.labels import clean_labels
from ftft.dataset.reading import read
from ftft.errors import InputError

BATCH = 1 << 14  # rows whose texts are Python objects at the same time


@dataclass(frozen=True)
class Examples:
    """The rows of one split. `table`: id, label, then the file's other columns; a missing text is "" there and true in `missing_N`.

    `renamed`: columns that had to give way to ours, old name -> new.
    """

    split: str
    table: pa.Table
    text_columns: tuple[str, ...]
    missing_N: np.ndarray
    renamed: dict[str, str]

    def __len__(self) -> int:
        return self.table.num_rows

    @cached_property
    def text_keys(self) -> pa.Array:
        """(N,) 16 bytes a row that are equal where all texts of two rows are: hashes, since copies would take the memory again."""
        batches = self.table.select(self.text_columns).to_batches(max_chunksize=BATCH)
        return pa.array((key for batch in batches for key in _keys(batch)), pa.binary(16), size=len(self))

    def label_counts(self, classes: tuple[str, ...]) -> dict[str, int]:
        """Label -> number of rows, for the labels that occur, in the order of `classes`."""
        counts = {c["values"]: c["counts"] for c in self.table["label"].value_counts().to_pylist()}
        return {label: counts[label] for label in classes if label in counts}

    def with_labels(self, labels: pa.Array) -> "Examples":
        """The same examples under other labels."""
        return replace(self, table=self.table.set_column(self.table.column_names.index("label"), "label", labels))


def read_examples(split: str, source: str, description: Description) -> Examples:
    """The examples of one source. InputError: a column is missing or is not text, an id occurs twice, a row has no label."""
    columns = description.columns_of(split)
    default_split = "train" if split == "train" else None
    raw = read(source, {*columns.texts.values(), columns.label, columns.id or "id"}, default_split)
    texts = {ours: column_as_text(source, raw, theirs, columns.flags[theirs]) for ours, theirs in columns.texts.items()}
    missing_N = np.any([column.is_null().to_numpy() for column in texts.values()], axis=0)
    labels = column_as_text(source, raw, columns.label, columns.flags[columns.label], is_label=True)
    kept = {"id": _ids(source, raw, columns), "label": clean_labels(source, labels)}
    own = {"id": columns.id or "id", "label": columns.label, **columns.texts}
    there: list[str] = raw.column_names
    ours = {theirs: ours for ours, theirs in columns.texts.items()}
    renamed = _renamed(source, there, own, ours)
    for name in there:
        if name in ours:
            kept[ours[name]] = _without_nulls(texts[ours[name]])
        elif name not in own or own[name] != name:
            kept[renamed.get(name, name)] = raw[name]
    return Examples(split, pa.table(kept), tuple(texts), missing_N, renamed)


def _keys(batch: pa.RecordBatch) -> Iterator[bytes]:
    """Lengths keep ("a b", "c") and ("a", "b c") apart."""
    texts = batch.columns
    lengths = [pc.binary_length(c).cast(pa.string()) for c in texts[1:]]
    joined = pc.binary_join_element_wise(*texts, *lengths, "\n") if lengths else texts[0]
    return (blake2b(text, digest_size=16).digest() for text in joined.cast(pa.binary()).to_pylist())


def _without_nulls(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """An empty text for null; chunks without any are not copied."""
    return pa.chunked_array([chunk.fill_null("") if chunk.null_count else chunk for chunk in column.chunks], column.type)


def _ids(source: str, table: pa.Table, columns: Columns) -> pa.Array:
    column = columns.id
    if column is None and "id" not in table.column_names:
        return pa.array(np.arange(1, table.num_rows + 1)).cast(pa.string())
    column = column or "id"
    ids = column_as_text(source, table, column, columns.flags[column]).combine_chunks()
    unusable = pc.fill_null(pc.match_substring_regex(ids, r"^\s*$|[\r\n]"), True).to_numpy(zero_copy_only=False)
    if unusable.any():
        what = f"column {column!r} is empty or holds a line break in {rows_named(np.flatnonzero(unusable))}"
        raise InputError(f"{source}: {what}", f"Give each row an id, or name another column with {columns.flags[column]}")
    _check_distinct(source, ids)
    return ids


def _check_distinct(source: str, ids: pa.Array) -> None:
    id_N = ids.dictionary_encode().indices.to_numpy()
    repeated = np.flatnonzero(np.bincount(id_N) > 1)
    if len(repeated):
        rows = [np.flatnonzero(id_N == r) for r in repeated[:3]]
        which = "; ".join(f"{ids[int(r[0])].as_py()!r} in {rows_named(r)}" for r in rows)
        more = f"; and {len(repeated) - 3:,} other ids" if len(repeated) > 3 else ""
        what = f"{source}: several rows have the same id: {which}{more}"
        raise InputError(what, "Give each row an id of its own, or name another column with --id")


def _renamed(source: str, there: list[str], own: dict[str, str], texts: dict[str, str]) -> dict[str, str]:
    """What columns are called from now on that have one of our names without being it, and one without a name.

    `own`: our names -> the file's; `texts`: the same of the texts the other way round.
    """
    renamed = {name: f"{name}_" for name, column in own.items() if name in there and column != name}
    renamed = {old: new for old, new in renamed.items() if texts.get(old, new) == new}
    if "" in there:
        renamed[""] = f"column_{there.index('') + 1}"
    for old, new in renamed.items():
        if (new in there and own.get(new) != old) or (new in own and own[new] != old):
            raise InputError(f"{source}: column {old!r} would be called {new!r}, and there is one already", f"Rename column {new!r}")
    return renamed
