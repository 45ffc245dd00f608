"""From a description to a checked dataset with its rows, in memory: all that can be wrong is found here, before anything is written."""

from dataclasses import dataclass

import pyarrow as pa

from ftft.dataset.description import Description, Evaluation
from ftft.dataset.examples import Examples, read_examples
from ftft.dataset.findings import findings, is_imbalanced
from ftft.dataset.fingerprint import fingerprint
from ftft.dataset.labels import classes, translate
from ftft.domain import Dataset, Split


@dataclass(frozen=True)
class Contents:
    """A dataset and its rows: split -> table with id, label, and all other columns."""

    dataset: Dataset
    tables: dict[str, pa.Table]


def read_contents(name: str, description: Description, created: str) -> Contents:
    """Reads and checks all files of a description; InputError names the file and the place."""
    train = read_examples("train", description.train, description)
    known = classes(description.train, train.table["label"].combine_chunks())
    evaluations = [_read_evaluation(one, description, known) for one in description.evaluation_sets]
    splits = (
        Split("train", len(train), train.label_counts(known), role="train"),
        *(
            Split(one.name, len(rows), rows.label_counts(known), one.distribution, one.role, description.label_map(one.name))
            for one, rows in zip(description.evaluation_sets, evaluations, strict=True)
        ),
    )
    tables = {rows.split: rows.table for rows in (train, *evaluations)}
    dataset = Dataset(
        name=name,
        fingerprint=fingerprint(known, train.text_columns, [(split, tables[split.name]) for split in splits]),
        text_columns=train.text_columns,
        labels=known,
        metric=description.metric or ("macro_f1" if is_imbalanced(train) else "accuracy"),
        splits=splits,
        columns=tuple(train.table.column_names),
        warnings=tuple(findings(train, evaluations)),
        created=created,
    )
    return Contents(dataset, tables)


def _read_evaluation(one: Evaluation, description: Description, known: tuple[str, ...]) -> Examples:
    rows = read_examples(one.name, one.file, description)
    return rows.with_labels(translate(one.name, rows.table["label"].combine_chunks(), description.label_map(one.name), known))
