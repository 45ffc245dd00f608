"""Labels: from whatever a file's column holds to a few named classes."""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ftft.dataset.columns import rows_named
from ftft.errors import InputError, unknown

MOST_CLASSES = 200
MANY_ROWS = 10  # from here on, labels that differ in most rows are no classes
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(r"[+-]?\d+")


def clean_labels(file: Path, labels: pa.ChunkedArray) -> pa.Array:
    """Label texts with "1.0" as "1". InputError: a row has none, or they are measurements rather than names."""
    missing = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(labels), ""), True).to_numpy()
    if missing.any():
        where = rows_named(np.flatnonzero(missing))
        raise InputError(f"{file}: no label in {where}", "Give these rows a label, or leave them out")
    found = labels.unique().to_pylist()
    if not all(NUMBER.fullmatch(label) for label in found):
        return labels.combine_chunks()
    if fractions := [label for label in found if float(label) % 1]:
        row = pc.index(labels, fractions[0]).as_py() + 1
        what = f"label {fractions[0]!r} in row {row} is not a whole number, which looks like regression"
        raise InputError(f"{file}: {what}", "Models here tell classes apart: turn the numbers into a few classes")
    return relabel(labels, {label: re.sub(r"\.0*$", "", label) for label in found})


def relabel(labels: pa.Array | pa.ChunkedArray, names: Mapping[str, str]) -> pa.Array:
    """The labels with those in `names` replaced."""
    labels = labels.combine_chunks() if isinstance(labels, pa.ChunkedArray) else labels
    encoded = labels.dictionary_encode()
    new = pa.array([names.get(label, label) for label in encoded.dictionary.to_pylist()], pa.string())
    return new.take(encoded.indices)


def classes(file: Path, labels: pa.Array) -> tuple[str, ...]:
    """The names of the classes: in the order of the numbers where all are whole numbers, else alphabetical."""
    found = labels.unique().to_pylist()
    if len(found) < 2:
        what = f"{file}: every row has the label {found[0]!r}"
        raise InputError(what, "Give a file with at least two labels, or name another --label column")
    if len(found) > MOST_CLASSES or (len(labels) >= MANY_ROWS and len(found) > len(labels) / 2):
        what = f"{len(found):,} different labels in {len(labels):,} rows, such as {found[0]!r} and {found[1]!r}"
        raise InputError(f"{file}: {what}", f"Name the column of the classes with --label; there may be {MOST_CLASSES} of them")
    if all(WHOLE.fullmatch(label) for label in found):
        return tuple(sorted(found, key=lambda label: (int(label), label)))
    return tuple(sorted(found))


def translate(evaluation: str, labels: pa.Array, label_map: Mapping[str, str], known: Collection[str]) -> pa.Array:
    """An evaluation set's labels in train's words. InputError: one is not among `known`, and the map does not say what it means."""
    for ours in label_map.values():
        if ours not in known:
            error = unknown("label", ours, known)
            raise InputError(f"--map {evaluation}: train has no label {ours!r}", error.remedy)
    translated = relabel(labels, label_map)
    strange = sorted(set(translated.unique().to_pylist()).difference(known))
    if strange:
        theirs = ", ".join(repr(label) for label in strange[:5]) + (", …" if len(strange) > 5 else "")
        maps = " ".join(f"--map {evaluation}:{label}=OURS" for label in strange[:5])
        what = f"evaluation set {evaluation!r} has labels that train has not: {theirs}"
        raise InputError(what, f"Say what they mean: {maps}, where OURS is one of {', '.join(known)}")
    return translated
