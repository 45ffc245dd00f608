"""CSV and TSV. Arrow reads them; Python's strict reader says in which line a file is wrong.

Arrow lets one thing pass: a stray quote, which swallows the rows up to the next quote without a word. So a file with quotes is looked
over by the strict reader too (about a second for 100 MB). In TSV, bare quotes are common: there they are ordinary characters wherever
they would hide rows.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

from ftft.errors import InputError

BLOCK = 1 << 24  # bytes; no row may be longer
# Only what would be written back the same way is a number: "007" and "nan" are texts.
NUMBER = r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$"
WHOLE = r"^-?\d+$"


def read_delimited(file: Path, raw: bytes, delimiter: str, as_text: Collection[str]) -> pa.Table:
    """The rows of `raw`, the UTF-8 text of `file`. Columns not in `as_text` become int64 or float64 where every cell is a number."""
    quotes, flaw = True, None
    if b'"' in raw:
        flaw = _flaw(raw, delimiter, quotes)
        if delimiter == "\t" and (flaw or _quotes_hide_rows(raw)):
            quotes, flaw = False, None
    try:
        if flaw is None:
            _check_separator(file, raw, delimiter)
            table = _as_written(raw, delimiter, quotes)
            columns = [c if name in as_text else _numbers(c) for name, c in zip(table.column_names, table.columns, strict=True)]
            return pa.Table.from_arrays(columns, names=table.column_names)
    except pa.ArrowInvalid as problem:
        flaw = _flaw(raw, delimiter, quotes) or f"some line: {problem}"
    raise InputError(f"{file}, {flaw}", 'Mend that line; a cell with separators, quotes or line breaks is written "like ""this"""')


def _check_separator(file: Path, raw: bytes, delimiter: str) -> None:
    header = raw.split(b"\n", 1)[0].decode()
    other = next((c for c in (",", ";", "\t", "|") if c in header), None)
    if other and delimiter not in header:
        name = "tabs" if other == "\t" else repr(other)
        raise InputError(f"{file} separates its cells by {name}", "Separate them by commas in a .csv file, and by tabs in a .tsv file")


def _as_written(raw: bytes, delimiter: str, quotes: bool) -> pa.Table:
    """Every cell as text; null where it is empty, but not where it is an empty pair of quotes."""
    header = next((row for row in _strict_reader(raw, delimiter, quotes) if row), [])
    return read_csv(
        pa.BufferReader(raw),
        read_options=ReadOptions(block_size=BLOCK),
        parse_options=ParseOptions(delimiter=delimiter, newlines_in_values=quotes, quote_char='"' if quotes else False),
        convert_options=ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.null_count == len(column) or not pc.all(pc.match_substring_regex(column, NUMBER)).as_py():
        return column
    whole = pc.all(pc.match_substring_regex(column, WHOLE)).as_py()
    try:
        return column.cast(pa.int64() if whole else pa.float64())
    except pa.ArrowInvalid:  # more digits than 64 bits hold
        return column


def _strict_reader(raw: bytes, delimiter: str, quotes: bool) -> Any:
    lines = io.TextIOWrapper(io.BytesIO(raw), "utf-8", newline="")
    return csv.reader(lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)


def _flaw(raw: bytes, delimiter: str, quotes: bool) -> str | None:
    """The first line that is wrong, and how; None where all is well."""
    usual_limit = csv.field_size_limit(len(raw))
    reader, width, line = _strict_reader(raw, delimiter, quotes), 0, 1
    try:
        for row in reader:
            width = width or len(row)
            if row and len(row) != width:
                return f"line {line}: {len(row)} cells where the header has {width}"
            line = reader.line_num + 1
    except csv.Error as problem:
        return f"line {line}: {'a quote is never closed' if 'end of data' in str(problem) else problem}"
    finally:
        csv.field_size_limit(usual_limit)
    return None


def _quotes_hide_rows(raw: bytes) -> bool:
    """Whether a TSV file has fewer rows with quotes than without, while each of its lines is a whole row by itself."""
    lines = [line for line in raw.splitlines() if line]
    if len({line.count(b"\t") for line in lines}) > 1:
        return False
    return sum(1 for row in _strict_reader(raw, "\t", quotes=True) if row) < len(lines)
