"""Labels: from whatever a file's column holds to a few named classes."""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ftft.dataset.columns import rows_named
from ftft.dataset.saved import NO_LABEL
from ftft.domain.dataset import OR
from ftft.errors import InputError, unknown

MOST_CLASSES = 200
MANY_ROWS = 10  # from here on, labels that differ in most rows are no classes
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(r"[+-]?\d+")


def clean_labels(source: str, labels: pa.ChunkedArray) -> pa.Array:
    """Label texts with "1.0" as "1". InputError: a row has none, or they are measurements rather than names."""
    missing = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(labels), ""), True).to_numpy()
    if missing.any():
        where = rows_named(np.flatnonzero(missing))
        raise InputError(f"{source}: no label in {where}", "Give these rows a label, or leave them out")
    found = labels.unique().to_pylist()
    if NO_LABEL in found and not any(WHOLE.fullmatch(label) for label in found if label != NO_LABEL):
        where = rows_named(np.flatnonzero(pc.equal(labels, NO_LABEL).to_numpy()))
        what = f"{source}: the label in {where} is {NO_LABEL}, which means that there is none: GLUE, for one, withholds those of its tests"
        remedy = "Name a set with labels, such as validation, or leave the rows out (with `datasets`: ds.filter(…), then save_to_disk)"
        raise InputError(what, remedy)
    if not all(NUMBER.fullmatch(label) for label in found):
        return labels.combine_chunks()
    if fractions := [label for label in found if float(label) % 1]:
        row = pc.index(labels, fractions[0]).as_py() + 1
        what = f"label {fractions[0]!r} in row {row} is not a whole number, which looks like regression"
        raise InputError(f"{source}: {what}", "Models here tell classes apart: turn the numbers into a few classes")
    return relabel(labels, {label: re.sub(r"\.0*$", "", label) for label in found})


def relabel(labels: pa.Array | pa.ChunkedArray, names: Mapping[str, str]) -> pa.Array:
    """The labels with those in `names` replaced."""
    labels = labels.combine_chunks() if isinstance(labels, pa.ChunkedArray) else labels
    encoded = labels.dictionary_encode()
    new = pa.array([names.get(label, label) for label in encoded.dictionary.to_pylist()], pa.string())
    return new.take(encoded.indices)


def classes(source: str, labels: pa.Array) -> tuple[str, ...]:
    """The names of the classes: in the order of the numbers where all are whole numbers, else alphabetical."""
    found = labels.unique().to_pylist()
    if len(found) < 2:
        what = f"{source}: every row has the label {found[0]!r}"
        raise InputError(what, "Give a file with at least two labels, or name another --label column")
    if len(found) > MOST_CLASSES or (len(labels) >= MANY_ROWS and len(found) > len(labels) / 2):
        looks = ", which looks like an id" if len(found) > len(labels) / 2 else ""
        what = f"{len(found):,} different labels in {len(labels):,} rows, such as {found[0]!r} and {found[1]!r}{looks}"
        raise InputError(f"{source}: {what}", f"Name the column of the classes with --label; there may be {MOST_CLASSES} of them")
    if all(WHOLE.fullmatch(label) for label in found):
        return tuple(sorted(found, key=lambda label: (int(label), label)))
    return tuple(sorted(found))


def meanings(evaluation: str, label_map: Mapping[str, str], known: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Their label -> the labels of train that it means, in the order of `known`. InputError: train has no such label, or all are meant."""
    found = {}
    for theirs, text in label_map.items():
        ours = {text} if text in known else set(text.split(OR))
        if strange := sorted(ours.difference(known)):
            raise InputError(f"--map {evaluation}: train has no label {strange[0]!r}", unknown("label", strange[0], known).remedy)
        if len(ours) == len(known):
            what = f"--map {evaluation}: {theirs!r} means every label of train, so that no prediction would be wrong"
            raise InputError(what, "Leave one out, or leave these rows out")
        found[theirs] = tuple(label for label in known if label in ours)
    if unclear := {OR.join(ours) for ours in found.values() if len(ours) > 1}.intersection(known):
        raise InputError(f"--map {evaluation}: train has a label {min(unclear)!r} of its own", f"Rename it: {OR} joins several")
    return found


def translate(evaluation: str, labels: pa.Array, means: Mapping[str, tuple[str, ...]], known: Sequence[str]) -> pa.Array:
    """An evaluation set's labels in train's words; one that means any of several becomes those, joined by |.

    InputError: one is not among `known` and `means` does not say what it means, or a label of train is meant by two different ones.
    """
    translated = relabel(labels, {theirs: OR.join(ours) for theirs, ours in means.items()})
    several = {OR.join(ours): ours for ours in means.values() if len(ours) > 1}
    found = set(translated.unique().to_pylist())
    if strange := sorted(found.difference(known, several)):
        theirs = ", ".join(repr(label) for label in strange[:5]) + (", …" if len(strange) > 5 else "")
        maps = " ".join(f"--map {evaluation}:{label}=OURS" for label in strange[:5])
        what = f"evaluation set {evaluation!r} has labels that train has not: {theirs}"
        if NO_LABEL in strange:
            what += f" ({NO_LABEL} mostly means that a row has no label)"
        raise InputError(what, f"Say what they mean: {maps}, where OURS is one of {', '.join(known)}, or several joined by {OR}")
    for name, ours in several.items():
        others = [other for other in found.union(several) if other != name and set(several.get(other, (other,))) & set(ours)]
        if others:
            what = f"evaluation set {evaluation!r} has rows that mean {name} and rows that mean {min(others)}: one answer would be both"
            raise InputError(what, "Map its labels so that each label of train belongs to one of them")
    return translated
