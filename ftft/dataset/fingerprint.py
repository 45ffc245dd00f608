"""When are two datasets the same data? When every run gives the same numbers on both, whatever file they came in."""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ftft.domain import Split, canonical


def fingerprint(labels: Sequence[str], text_columns: Sequence[str], splits: Iterable[tuple[Split, pa.Table]]) -> str:
    """sha256 over the labels, the names of the text columns and each split: name, distribution, role, its rows in order (id, label, texts).

    Not in it: the metric and all other columns, which change no run.
    """
    hashed = hashlib.sha256(canonical([list(labels), list(text_columns)]).encode())
    for split, table in splits:
        hashed.update(canonical([split.name, split.distribution, split.role, table.num_rows]).encode())
        for name in ("id", "label", *text_columns):
            _hash_texts(hashed, table[name])
    return hashed.hexdigest()


def _hash_texts(hashed, column: pa.ChunkedArray) -> None:
    """Lengths first, then the bytes: no two different columns give the same stream, however they are cut into chunks."""
    assert column.type == pa.string(), column.type
    assert not column.null_count
    hashed.update(pc.binary_length(column).to_numpy().astype("<i4").tobytes())
    for chunk in column.chunks:
        _, offsets, texts = chunk.buffers()
        if texts is not None and len(chunk):
            ends = np.frombuffer(offsets, np.int32)[[chunk.offset, chunk.offset + len(chunk)]]
            hashed.update(memoryview(texts)[ends[0] : ends[1]])
