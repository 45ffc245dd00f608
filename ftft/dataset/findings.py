"""What a dataset's owner should know before training on it: nothing here stops a run, everything here can spoil a conclusion.

N: rows of one split, K: distinct texts.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ftft.dataset.examples import Examples
from ftft.dataset.saved import NO_LABEL
from ftft.domain import Finding

IMBALANCED = 0.7  # share of one class in train above which accuracy says little
SHOWN = 5  # example ids a finding


def findings(train: Examples, evaluations: Sequence[Examples]) -> Iterator[Finding]:
    """Everything worth saying: about the columns, about each set's texts, and about what the sets share."""
    every = (train, *evaluations)
    yield from _renamed_columns(every)
    for examples in every:
        yield from _gaps(examples)
    yield from _repetitions(train)
    for examples, other in combinations(reversed(every), 2):
        remedy = (
            "Scores on them may be memory rather than skill"
            if other is train
            else "What is chosen on one set is then no surprise on the other"
        )
        shared_N = pc.is_in(examples.text_keys, value_set=other.text_keys.unique()).to_numpy(zero_copy_only=False)
        yield from _about(
            examples, "shared_text", shared_N & ~_blank(examples), f"whose text is also in {other.split}",
            f"{remedy}: leave them out of one of the two sets",
        )  # fmt: skip
    yield from _unlabelled(train)
    yield from _imbalance(train)


def largest_class(train: Examples) -> tuple[str, int]:
    """The most frequent label of train and its number of rows."""
    top = pc.mode(train.table["label"].combine_chunks().dictionary_encode().indices)[0].as_py()
    return train.table["label"].unique()[top["mode"]].as_py(), top["count"]


def is_imbalanced(train: Examples) -> bool:
    """Whether one class has over 70 % of train."""
    return largest_class(train)[1] > IMBALANCED * len(train)


def _about(examples: Examples, kind: str, concerned_N: np.ndarray, which: str, remedy: str) -> Iterator[Finding]:
    rows = np.flatnonzero(concerned_N)
    if len(rows):
        ids = tuple(examples.table["id"].take(pa.array(rows[:SHOWN])).to_pylist())
        yield Finding(kind, len(rows), ids, f"{examples.split}: {len(rows):,} row{'s' if len(rows) > 1 else ''} {which}. {remedy}.")


def _renamed_columns(splits: Sequence[Examples]) -> Iterator[Finding]:
    for old, new in dict.fromkeys(pair for examples in splits for pair in examples.renamed.items()):
        why = f"{old!r} means another column here" if old else "it had no name"
        yield Finding("column_renamed", 1, (), f"The column {old!r} is kept as {new!r}, since {why}. Use its new name.")


def _gaps(examples: Examples) -> Iterator[Finding]:
    remedy = "Models see an empty text there: write one, or leave the rows out of the file"
    yield from _about(examples, "missing_text", examples.missing_N, "without a text", remedy)
    yield from _about(examples, "empty_text", _blank(examples, np.any) & ~examples.missing_N, "with a text that is empty or blank", remedy)


def _repetitions(train: Examples) -> Iterator[Finding]:
    text_N = train.text_keys.dictionary_encode().indices.to_numpy()
    label_N = train.table["label"].combine_chunks().dictionary_encode().indices.to_numpy()
    first_K = np.unique(text_N, return_index=True)[1]
    repeats_N = np.ones(len(train), dtype=bool)
    repeats_N[first_K] = False
    conflicts_K = np.bincount(text_N, weights=label_N != label_N[first_K][text_N]) > 0
    counted_N = ~_blank(train)
    yield from _about(
        train, "duplicate_text", repeats_N & counted_N, "with the text of an earlier row",
        "They weigh double in training and in maps: leave them out unless that is meant",
    )  # fmt: skip
    yield from _about(
        train, "conflicting_labels", conflicts_K[text_N] & counted_N, "whose text occurs with another label too",
        "A model cannot learn both: decide on one label, or leave the rows out",
    )  # fmt: skip


def _unlabelled(train: Examples) -> Iterator[Finding]:
    yield from _about(
        train, "label_minus_one", pc.equal(train.table["label"], NO_LABEL).to_numpy(), f"with the label {NO_LABEL}",
        "In many datasets that means that a row has no label: leave them out, unless it is a class like the others",
    )  # fmt: skip


def _imbalance(train: Examples) -> Iterator[Finding]:
    label, count = largest_class(train)
    if is_imbalanced(train):
        share = f"{100 * count / len(train):.0f} %"
        message = f"train: {share} of the rows are {label!r}. Judge by macro F1: always saying {label!r} gives {share} accuracy."
        yield Finding("imbalance", count, (), message)


def _blank(examples: Examples, over_columns=np.all) -> np.ndarray:
    """(N,) bool: all texts of a row are blank, or any of them with `over_columns=np.any`."""
    columns = [examples.table[c] for c in examples.text_columns]
    blank = [pc.or_(pc.equal(column, ""), pc.utf8_is_space(column)).to_numpy() for column in columns]
    return over_columns(blank, axis=0)
