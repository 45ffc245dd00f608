"""JSON Lines. Arrow reads them; where it cannot, Python's reader says which line is wrong and how."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.json import ParseOptions, ReadOptions, read_json

from ftft.errors import InputError

BLOCK = 1 << 24  # bytes; no line may be longer
KINDS = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


def read_json_lines(file: Path, raw: bytes) -> pa.Table:
    """The objects in `raw`, the UTF-8 text of `file`, one a line. A text that looks like a date stays a text."""
    if not raw.strip():
        raise InputError(f"{file} has no rows", "Give a file with at least one example")
    try:
        table = _read(raw)
        dates = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        return _read(raw, pa.schema([(name, pa.string()) for name in dates])) if dates else table
    except pa.ArrowInvalid as problem:
        raise _explained(file, raw, str(problem)) from problem


def _read(raw: bytes, schema: pa.Schema | None = None) -> pa.Table:
    return read_json(pa.BufferReader(raw), ReadOptions(block_size=BLOCK), ParseOptions(explicit_schema=schema))


def _explained(file: Path, raw: bytes, problem: str) -> InputError:
    """The first line that is not a JSON object, or in which a column changes its kind; else Arrow's own words."""
    if raw.lstrip().startswith(b"["):
        return InputError(f"{file} holds one JSON list, not JSON Lines", "Write one object a line, for example with: jq -c '.[]'")
    seen: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(raw.split(b"\n"), start=1):
        try:
            row: Any = json.loads(line) if line.strip() else {}
        except ValueError as broken:
            return InputError(f"{file}, line {number}: not JSON ({broken})", "Mend that line; each line is one object, {…}")
        if not isinstance(row, dict):
            return InputError(f"{file}, line {number}: {KINDS.get(type(row), 'null')}, not an object", "Each line is one object, {…}")
        for column, value in row.items():
            if value is None:
                continue
            kind, first = seen.setdefault(column, (KINDS[type(value)], number))
            if KINDS[type(value)] != kind:
                what = f"column {column!r} is {KINDS[type(value)]}, but {kind} in line {first}"
                return InputError(f"{file}, line {number}: {what}", "Write it the same way in every line")
    problem = re.sub(r" in row \d+$", "", problem)  # Arrow counts from the start of some block
    return InputError(f"{file}: {problem}", "Mend the file; each line is one object, {…}, with the same kind of value everywhere")
