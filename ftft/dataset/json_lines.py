"""JSON Lines, parsed by Python's own reader and collected as Arrow a batch at a time.

Arrow's reader is not used: some broken files make it take the process down (test_fuzz.py found one within a second, version 26),
two objects on a line are two rows to it, and texts that look like dates become dates.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from ftft.dataset.textfile import TextFile
from ftft.errors import InputError

BATCH = 1 << 9  # lines that are Python objects at the same time
ONE_OBJECT = "Each line is one object, {…}"
KINDS = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
UNFIT = (pa.ArrowException, OverflowError, UnicodeEncodeError)  # what Arrow says of values that make no column


def read_json_lines(file: TextFile) -> pa.Table:
    """The objects in `file`, one a line; a column has one kind of value, and null where a line leaves it out."""
    try:
        with file.text(newline="\n") as lines:
            batches = list(_batches(lines))
            if batches:
                return pa.concat_tables(batches, promote_options="permissive")
    except (ValueError, RecursionError, *UNFIT) as problem:
        with file.text(newline="\n") as lines:
            raise _explained(file, lines, str(problem)) from problem
    raise InputError(f"{file.path} has no rows", "Give a file with at least one example")


def _batches(lines: Iterator[str]) -> Iterator[pa.Table]:
    """ValueError, RecursionError or one of UNFIT where a line or a column cannot be; which one is for `_explained` to find."""
    decode = json.JSONDecoder().decode
    while batch := list(islice(lines, BATCH)):
        rows = [decode(line) for line in batch if not line.isspace()]
        if not set(map(type, rows)) <= {dict}:
            raise ValueError("a line is not an object")
        names: dict[str, Any] = {}
        for row in rows:
            names.update(row)
        if names:
            yield pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})
        elif rows:
            raise ValueError("only empty objects")


def _explained(file: TextFile, lines: Iterator[str], problem: str) -> InputError:
    """The first line that is not an object, in which a column changes its kind, or that holds what Arrow cannot; else Arrow's own words."""
    seen: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines, start=1):
        where = f"{file.path}, line {number}"
        if number == 1 and line.startswith("["):
            return InputError(f"{file.path} holds one JSON list, not JSON Lines", "Write one object a line, for example with: jq -c '.[]'")
        try:
            row: Any = json.loads(line) if not line.isspace() else {}
        except (ValueError, RecursionError) as broken:
            return InputError(f"{where}: not JSON ({broken})", f"Mend that line. {ONE_OBJECT}")
        if not isinstance(row, dict):
            return InputError(f"{where}: {KINDS.get(type(row), 'null')}, not an object", ONE_OBJECT)
        for column, value in row.items():
            if value is None:
                continue
            kind, first = seen.setdefault(column, (KINDS[type(value)], number))
            if KINDS[type(value)] != kind:
                what = f"column {column!r} is {KINDS[type(value)]}, but {kind} in line {first}"
                return InputError(f"{where}: {what}", "Write it the same way in every line")
            if unfit := _unfit(column, value):
                return InputError(f"{where}: column {column!a} cannot be kept: {unfit}", "Write it as a text, or leave it out")
    return InputError(f"{file.path}: {_plain(problem)}", f"{ONE_OBJECT}, with the same kind of value everywhere")


def _unfit(column: str, value: Any) -> str | None:
    """Why a value makes no column even by itself: half a surrogate pair, a number beyond 64 bits, lists of this and that."""
    try:
        pa.array([{column: value}])
    except UNFIT as unfit:
        return _plain(str(unfit))
    return None


def _plain(problem: str) -> str:
    """Without what could not be printed."""
    return ascii(problem.strip().rstrip("."))[1:-1]
