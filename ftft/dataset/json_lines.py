"""JSON Lines. Arrow reads them; where it cannot, Python's reader says which line is wrong and how."""

import json
import re
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pyarrow.json import ParseOptions, ReadOptions, read_json

from ftft.dataset.textfile import TextFile
from ftft.errors import InputError

BLOCK = 1 << 24  # bytes; no line may be longer
KINDS = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


def read_json_lines(file: TextFile) -> pa.Table:
    """The objects in `file`, one a line. A text that looks like a date stays a text."""
    if file.is_blank:
        raise InputError(f"{file.path} has no rows", "Give a file with at least one example")
    try:
        table = _read(file)
        if dates := [field.name for field in table.schema if pa.types.is_timestamp(field.type)]:
            del table  # or both would be in memory at once
            table = _read(file, pa.schema([(name, pa.string()) for name in dates]))
        return table
    except pa.ArrowInvalid as problem:
        raise _explained(file, str(problem)) from problem


def _read(file: TextFile, schema: pa.Schema | None = None) -> pa.Table:
    with file.open() as stream:
        return read_json(stream, ReadOptions(block_size=BLOCK), ParseOptions(explicit_schema=schema))


def _explained(file: TextFile, problem: str) -> InputError:
    """The first line that is not a JSON object, or in which a column changes its kind; else Arrow's own words."""
    if file.head().lstrip().startswith("["):
        return InputError(f"{file.path} holds one JSON list, not JSON Lines", "Write one object a line, for example with: jq -c '.[]'")
    with file.open() as lines:
        return _first_flaw(file, lines) or InputError(
            f"{file.path}: {re.sub(r' in row [0-9]+$', '', problem)}",  # Arrow counts from the start of some block
            "Mend the file; each line is one object, {…}, with the same kind of value everywhere",
        )


def _first_flaw(file: TextFile, lines: Iterable[bytes]) -> InputError | None:
    seen: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            row: Any = json.loads(line) if line.strip() else {}
        except ValueError as broken:
            return InputError(f"{file.path}, line {number}: not JSON ({broken})", "Mend that line; each line is one object, {…}")
        if not isinstance(row, dict):
            return InputError(f"{file.path}, line {number}: {KINDS.get(type(row), 'null')}, not an object", "Each line is one object, {…}")
        for column, value in row.items():
            if value is None:
                continue
            kind, first = seen.setdefault(column, (KINDS[type(value)], number))
            if KINDS[type(value)] != kind:
                what = f"column {column!r} is {KINDS[type(value)]}, but {kind} in line {first}"
                return InputError(f"{file.path}, line {number}: {what}", "Write it the same way in every line")
    return None
