"""Threshold samples: examples given a label that is nobody's, so that their margins show what a wrong label looks like.

After Pleiss et al. 2020 (AUM): of N examples in C classes, N / (C + 1) drawn at random become one class more. No metric of theirs is of
use but the AUM: an example below nearly all of theirs is suspected to be mislabelled (`ftft.strategies.ends.aum`).
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from ftft.dataset.adding import keep
from ftft.dataset.stored import load, split_file
from ftft.domain import Dataset, safe_name
from ftft.domain.dataset import Parent
from ftft.errors import InputError, shown

LABEL = "threshold sample"
KIND = "threshold"  # of the change, in the derived dataset's parent


def with_threshold_samples(root: Path, parent: str, name: str, seed: int, created: str) -> Dataset:
    """Publishes the dataset `name`: `parent` with round(N / (C + 1)) training examples, drawn with `seed`, under LABEL.

    Those with the smallest sha256 of "SEED/ID". InputError where the parent has threshold samples already, or too few examples.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from ftft.dataset.contents import complete
    from ftft.dataset.examples import Examples
    from ftft.selection import at_random

    safe_name("dataset", name)
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"the seed of threshold samples is {shown(seed)}", "Give a whole number of at least 0")
    about = load(root, parent)
    if LABEL in about.labels:
        raise InputError(f"dataset {parent!r} has threshold samples already", "Derive from the dataset that it was made from")
    tables = {split.name: pq.ParquetFile(split_file(root / parent, split.name)).read() for split in about.splits}
    train, ids_N = tables["train"], np.array(tables["train"]["id"].to_pylist(), dtype=object)
    count = round(len(ids_N) / (len(about.labels) + 1))
    label_N = np.array(train["label"].to_pylist(), dtype=object)
    label_N[at_random(ids_N, count, seed)] = LABEL
    if not count or (lost := sorted(set(about.labels) - set(label_N))):
        what = f"label {lost[0]!r} would lose all its examples" if count else "there would be none"
        raise InputError(f"threshold samples of {parent!r}: {what}", "Use a larger dataset, or another seed")
    train = train.set_column(train.column_names.index("label"), "label", pa.array(label_N, pa.string()))
    digest = hashlib.sha256(f"{LABEL}/{seed}".encode()).hexdigest()
    derived = replace(
        about, name=name, labels=(*about.labels, LABEL), created=created, sources={},
        parent=Parent(parent, about.fingerprint, KIND, count, digest),
    )  # fmt: skip
    every = [
        Examples(split, table, about.text_columns, np.zeros(table.num_rows, dtype=bool), {})
        for split, table in (tables | {"train": train}).items()
    ]
    contents = complete(derived, every)
    renamed = tuple(finding for finding in about.warnings if finding.kind == "column_renamed")  # the rows do not tell
    return keep(root, replace(contents, dataset=replace(contents.dataset, warnings=(*renamed, *contents.dataset.warnings))))
