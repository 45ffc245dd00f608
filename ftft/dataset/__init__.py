"""Datasets in, as files: read from CSV, TSV, JSON Lines, Parquet, saved folders or the hub, checked, published as Parquet, read back.

Reading the list of datasets costs no pyarrow; adding one or reading its rows loads it.
"""

from ftft.dataset.adding import add
from ftft.dataset.deriving import derive
from ftft.dataset.description import Description, Evaluation, LabelMap, parse_evaluation, parse_label_map
from ftft.dataset.stored import fingerprint_of, gold, ids, load, names, row, rows, table
from ftft.dataset.thresholds import with_threshold_samples

__all__ = [
    "Description", "Evaluation", "LabelMap",
    "add", "derive", "fingerprint_of", "gold", "ids", "load", "names", "parse_evaluation", "parse_label_map", "row", "rows", "table",
    "with_threshold_samples",
]  # fmt: skip
