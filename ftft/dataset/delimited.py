"""CSV and TSV. Arrow reads them; Python's strict reader says in which line a file is wrong.

Arrow lets one thing pass: a stray quote, which swallows the rows up to the next quote without a word. So a file with quotes is looked
over by the strict reader too (about a second for 100 MB). In TSV, bare quotes are common: there they are ordinary characters wherever
they would hide rows.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

from ftft.dataset.textfile import TextFile
from ftft.errors import InputError

COMMA, TAB = ",", "\t"
OTHERS = (";", TAB, "|")  # what separates the cells of a .csv file whose header has no comma
NAMES = {TAB: "tabs"}

BLOCK = 1 << 24  # bytes; no row may be longer
# Only what would be written back the same way is a number: "007" and "nan" are texts.
NUMBER = r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$"
WHOLE = r"^-?\d+$"


def read_delimited(file: TextFile, is_tsv: bool, as_text: Collection[str]) -> pa.Table:
    """The rows of `file`. Columns not in `as_text` become int64 or float64 where every cell is a number."""
    delimiter, quotes, flaw = _delimiter(file, is_tsv), True, None
    if file.has_quotes:
        flaw = _flaw(file, delimiter, quotes)
        if is_tsv and (flaw or _quotes_hide_rows(file)):
            quotes, flaw = False, None
    try:
        if flaw is None:
            table = _as_written(file, delimiter, quotes)
            columns = [c if name in as_text else _numbers(c) for name, c in zip(table.column_names, table.columns, strict=True)]
            return pa.Table.from_arrays(columns, names=table.column_names)
    except pa.ArrowInvalid as problem:
        flaw = _flaw(file, delimiter, quotes) or f"some line: {problem}"
    raise InputError(f"{file.path}, {flaw}", 'Mend that line; a cell with separators, quotes or line breaks is written "like ""this"""')


def _delimiter(file: TextFile, is_tsv: bool) -> str:
    """Tab in TSV. In CSV what the header shows: the comma, or where it has none the one other separator in it."""
    header = re.sub(r'"[^"]*"', "", file.head()).lstrip("\r\n").splitlines()[:1]
    usual = TAB if is_tsv else COMMA
    found = [c for c in (COMMA, *OTHERS) if c in "".join(header)]
    if usual in found or not found:
        return usual
    if not is_tsv and len(found) == 1:
        return found[0]
    names = " or ".join(NAMES.get(c, repr(c)) for c in found)
    raise InputError(f"{file.path} separates its cells by {names}", "Separate them by commas in a .csv file, and by tabs in a .tsv file")


def _as_written(file: TextFile, delimiter: str, quotes: bool) -> pa.Table:
    """Every cell as text; null where it is empty, but not where it is an empty pair of quotes."""
    with file.text() as text:
        header = next((row for row in _strict_reader(text, delimiter, quotes) if row), [])
    with file.open() as stream:
        return read_csv(
            stream,
            read_options=ReadOptions(block_size=BLOCK),
            parse_options=ParseOptions(delimiter=delimiter, newlines_in_values=quotes, quote_char='"' if quotes else False),
            convert_options=ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.null_count == len(column) or not _all_match(column, NUMBER):
        return column
    try:
        return column.cast(pa.int64() if _all_match(column, WHOLE) else pa.float64())
    except pa.ArrowInvalid:  # more digits than 64 bits hold
        return column


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    """Whether all cells that are not null match; texts are mostly told apart by the first chunk."""
    return all(pc.all(pc.match_substring_regex(chunk, pattern), min_count=0).as_py() for chunk in column.chunks)


def _strict_reader(lines: Iterable[str], delimiter: str, quotes: bool) -> Any:
    return csv.reader(lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)


def _flaw(file: TextFile, delimiter: str, quotes: bool) -> str | None:
    """The first line that is wrong, and how; None where all is well."""
    usual_limit = csv.field_size_limit(file.size)
    try:
        with file.text() as text:
            reader, width, line = _strict_reader(text, delimiter, quotes), 0, 1
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


def _quotes_hide_rows(file: TextFile) -> bool:
    """Whether a TSV file has fewer rows with quotes than without, while each of its lines is a whole row by itself."""
    with file.text(newline=None) as text:
        widths = Counter(line.count(TAB) for line in text if line != "\n")
    if len(widths) > 1:
        return False
    with file.text() as text:
        return sum(1 for row in _strict_reader(text, TAB, quotes=True) if row) < widths.total()
