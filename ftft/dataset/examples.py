"""A file's rows as examples: `id`, `label` and texts as text, every other column as it is. N: rows."""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ftft.dataset.columns import column_as_text, rows_named
from ftft.dataset.description import Description
from ftft.dataset.labels import clean_labels
from ftft.dataset.reading import read
from ftft.errors import InputError


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

    def label_counts(self, classes: tuple[str, ...]) -> dict[str, int]:
        """Label -> number of rows, for the labels that occur, in the order of `classes`."""
        counts = {c["values"]: c["counts"] for c in self.table["label"].value_counts().to_pylist()}
        return {label: counts[label] for label in classes if label in counts}

    def with_labels(self, labels: pa.Array) -> "Examples":
        """The same examples under other labels."""
        return replace(self, table=self.table.set_column(self.table.column_names.index("label"), "label", labels))


def read_examples(split: str, file: Path, description: Description) -> Examples:
    """The examples in one file. InputError: a column is missing or is not text, an id occurs twice, a row has no label."""
    raw = read(file, as_text={*description.text, description.label, description.id or "id"})
    texts = {name: column_as_text(file, raw, name, "--text") for name in description.text}
    labels = clean_labels(file, column_as_text(file, raw, description.label, "--label"))
    columns = {"id": _ids(file, raw, description.id), "label": labels}
    own = {"id": description.id or "id", "label": description.label}
    renamed = _renamed(file, raw.column_names, own)
    kept = [name for name in raw.column_names if own.get(name) != name]
    columns |= {renamed.get(name, name): texts[name].fill_null("") if name in texts else raw[name] for name in kept}
    missing_N = np.any([column.is_null().to_numpy() for column in texts.values()], axis=0)
    return Examples(split, pa.table(columns), tuple(renamed.get(name, name) for name in texts), missing_N, renamed)


def _ids(file: Path, table: pa.Table, column: str | None) -> pa.Array:
    if column is None and "id" not in table.column_names:
        return pa.array(np.arange(1, table.num_rows + 1)).cast(pa.string())
    column = column or "id"
    ids = column_as_text(file, table, column, "--id").combine_chunks()
    unusable = pc.fill_null(pc.match_substring_regex(ids, r"^\s*$|[\r\n]"), True).to_numpy(zero_copy_only=False)
    if unusable.any():
        what = f"column {column!r} is empty or holds a line break in {rows_named(np.flatnonzero(unusable))}"
        raise InputError(f"{file}: {what}", "Give each row an id, or name another column with --id")
    _check_distinct(file, ids)
    return ids


def _check_distinct(file: Path, ids: pa.Array) -> None:
    id_N = ids.dictionary_encode().indices.to_numpy()
    repeated = np.flatnonzero(np.bincount(id_N) > 1)
    if len(repeated):
        rows = [np.flatnonzero(id_N == r) for r in repeated[:3]]
        which = "; ".join(f"{ids[int(r[0])].as_py()!r} in {rows_named(r)}" for r in rows)
        more = f"; and {len(repeated) - 3:,} other ids" if len(repeated) > 3 else ""
        what = f"{file}: several rows have the same id: {which}{more}"
        raise InputError(what, "Give each row an id of its own, or name another column with --id")


def _renamed(file: Path, there: list[str], own: dict[str, str]) -> dict[str, str]:
    """What unrelated columns called `id` or `label`, and one without a name, are called from now on."""
    renamed = {name: f"{name}_" for name, column in own.items() if name in there and column != name}
    if "" in there:
        renamed[""] = f"column_{there.index('') + 1}"
    for old, new in renamed.items():
        if new in there:
            raise InputError(f"{file}: column {old!r} would be called {new!r}, and there is one already", f"Rename column {new!r}")
    return renamed
