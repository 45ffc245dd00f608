"""From a description to a checked dataset with its rows, in memory: all that can be wrong is found here, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from ftft.dataset.description import Description, Evaluation
from ftft.dataset.examples import Examples, read_examples
from ftft.dataset.findings import findings, is_imbalanced
from ftft.dataset.fingerprint import fingerprint
from ftft.dataset.hub import is_hub, pinned
from ftft.dataset.labels import classes, meanings, translate
from ftft.domain import Dataset, Split


@dataclass(frozen=True)
class Contents:
    """A dataset and its rows: split -> table with id, label, and all other columns."""

    dataset: Dataset
    tables: dict[str, pa.Table]


def read_contents(name: str, description: Description, created: str) -> Contents:
    """Reads and checks all sources of a description; InputError names the source and the place."""
    sources = {"train": str(description.train)} | {one.name: one.source for one in description.evaluation_sets}
    sources = {split: pinned(source) if is_hub(source) else source for split, source in sources.items()}
    train = read_examples("train", sources["train"], description)
    known = classes(sources["train"], train.table["label"].combine_chunks())
    evaluations = [_read_evaluation(one, sources[one.name], description, known) for one in description.evaluation_sets]
    splits = [Split("train", len(train), role="train", labels={})] + [split for split, _ in evaluations]
    about = Dataset(
        name=name,
        fingerprint="",
        text_columns=train.text_columns,
        labels=known,
        metric=description.metric or ("macro_f1" if is_imbalanced(train) else "accuracy"),
        splits=tuple(splits),
        columns=tuple(train.table.column_names),
        created=created,
        sources={split: source for split, source in sources.items() if is_hub(source)},
    )
    return complete(about, [train, *(rows for _, rows in evaluations)])


def complete(about: Dataset, examples: Sequence[Examples]) -> Contents:
    """With what follows from the rows of each split: their number, counts of labels, fingerprint and findings."""
    splits = tuple(
        replace(split, rows=len(rows), labels=rows.label_counts(about.answers(split.name)))
        for split, rows in zip(about.splits, examples, strict=True)
    )
    tables = {rows.split: rows.table for rows in examples}
    print_ = fingerprint(about.labels, about.text_columns, [(split, tables[split.name]) for split in splits])
    return Contents(replace(about, splits=splits, fingerprint=print_, warnings=tuple(findings(examples[0], examples[1:]))), tables)


def _read_evaluation(one: Evaluation, source: str, description: Description, known: tuple[str, ...]) -> tuple[Split, Examples]:
    rows = read_examples(one.name, source, description)
    means = meanings(one.name, description.label_map(one.name), known)
    rows = rows.with_labels(translate(one.name, rows.table["label"].combine_chunks(), means, known))
    return Split(one.name, len(rows), {}, one.distribution, one.role, means), rows
