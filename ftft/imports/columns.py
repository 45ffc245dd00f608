"""A table of any kind as columns: ids as text, numbers as float64, lists as rows of a matrix; what does not fit is named by its row.

Shapes: N rows, C classes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ftft.dataset.reading import read
from ftft.errors import InputError
from ftft.imports.lines import ID_NAMES, id_text, objects

JSON_LINES = (".jsonl", ".ndjson", ".json")
NAMES_AS_WRITTEN = (*ID_NAMES, "gold", "label", "gold_label", "target")  # in CSV, "007" is not 7
NO_NUMBERS = frozenset({"nan", "inf", "-inf", "+inf", "infinity", "-infinity"})


@dataclass(frozen=True)
class Columns:
    """`values[name]`: what the file holds, one Python value a row, None where there is none."""

    file: Path
    values: dict[str, list[Any]]
    rows: int

    @classmethod
    def of(cls, file: Path) -> "Columns":
        """CSV, TSV, JSON Lines (also .gz) or Parquet."""
        if file.is_file() and Path(file.name.lower().removesuffix(".gz")).suffix in JSON_LINES:
            return cls._of_lines(file)
        table = read(file, as_text=NAMES_AS_WRITTEN)
        return cls(file, {name: table[name].to_pylist() for name in table.column_names}, table.num_rows)

    @classmethod
    def _of_lines(cls, file: Path) -> "Columns":
        rows = [row for _, row in objects(file)]
        if not rows:
            raise InputError(f"{file} has no rows", "Give a file with at least one example")
        names = dict.fromkeys(name for row in rows for name in row)
        return cls(file, {name: [row.get(name) for row in rows] for name in names}, len(rows))

    @property
    def names(self) -> tuple[str, ...]:
        """Of all columns, in the file's order."""
        return tuple(self.values)

    def ids(self, name: str) -> np.ndarray:
        """(N,) text."""
        return np.array([id_text(value, f"{self.file}, row {n}") for n, value in enumerate(self.values[name], start=1)], object)

    def labels(self, name: str) -> np.ndarray:
        """(N,) text: whole numbers without a point."""
        return np.array([id_text(value, f"{self.file}, row {n}, {name}") for n, value in enumerate(self.values[name], start=1)], object)

    def numbers(self, name: str) -> np.ndarray:
        """(N,) float64, NaN where a cell is empty."""
        return np.array([self._number(name, n, value) for n, value in enumerate(self.values[name], start=1)], np.float64)

    def matrix(self, names: Sequence[str]) -> np.ndarray:
        """(N, C) float32: of several columns of numbers, or of one with a list in every row."""
        if len(names) > 1:
            return _float32(np.stack([self.numbers(name) for name in names], axis=1))
        name = names[0]
        lists = [self._list(name, n, value) for n, value in enumerate(self.values[name], start=1)]
        if odd := next((n for n, row in enumerate(lists, start=1) if len(row) != len(lists[0])), None):
            what = f"{self.file}, row {odd}: {len(lists[odd - 1])} numbers in {name}, where the rows before have {len(lists[0])}"
            raise InputError(what, "One run has the same classes in every row")
        if len(lists[0]) < 2:
            raise InputError(f"{self.file}: {name} has fewer than two numbers a row", "Give one for every class")
        return _float32(np.array(lists, np.float64))

    def texts(self, name: str) -> list[str] | None:
        """The column, if it holds texts and nothing else."""
        return self.values[name] if all(isinstance(v, str) for v in self.values[name]) else None

    def _number(self, name: str, row: int, value: Any) -> float:
        if value is None:
            return np.nan
        try:
            if isinstance(value, str) and value.strip().lower() in NO_NUMBERS | {""}:
                return np.nan
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError
            return float(value)
        except OverflowError:
            return np.inf
        except ValueError:
            raise InputError(f"{self.file}, row {row}: {name} is {str(value)[:40]!r}, not a number", "Mend that row") from None

    def _list(self, name: str, row: int, value: Any) -> list[float]:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                value = None
        if not isinstance(value, list):
            raise InputError(f"{self.file}, row {row}: {name} is not a list", "Write one as [0.1, -2.3], with a number for every class")
        return [self._number(name, row, v) for v in value]


def _float32(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
