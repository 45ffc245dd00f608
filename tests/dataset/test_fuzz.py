"""Any bytes: either a refusal with a remedy, or the rows that Python's own readers see."""

import csv
import io
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ftft.dataset.reading import read
from ftft.errors import InputError

AS_TEXT = ("id", "text", "label")
PIECES = [
    ",",
    ";",
    "|",
    "\t",
    '"',
    '""',
    "\n",
    "\r\n",
    "\r",
    " ",
    "\ufeff",
    "id",
    "text",
    "label",
    "1",
    "-1",
    "0.5",
    "NA",
    "ä",
    "🎬",
    "\0",
    "\\",
    "a,b",
]
JSON_PIECES = [
    "{", "}", "[", "]", ":", ",", "\n", "\r\n", " ", '"', '"text"', '"label"', '"id"', "1", "-1", "0.5", "1e5", "1e999", "NaN", "-Infinity", "null",
    "true", '"2020-01-01"', "\\u0000", "\\ud800", "\\n", "ä", '{"text": "x"}', '{"text": "y", "label": 1}\n', '{"text": ["z"]}\n', "99999999999999999999",
]  # fmt: skip


def bytes_of(pieces):
    joined = st.lists(st.sampled_from(pieces), max_size=24).map("".join)
    return joined.map(str.encode) | st.binary(max_size=40) | joined.map(lambda text: text.encode("utf-16"))


def outcome(file, content) -> list[dict] | None:
    """The rows, or None where the file is refused."""
    file.write_bytes(content)
    try:
        return read(file, AS_TEXT).to_pylist()
    except InputError as refusal:
        assert file.name in refusal.message
        assert refusal.remedy
        return None


def cells(text: str, delimiter: str, quotes: bool) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    return [row for row in reader if row]


def as_read(rows: list[dict]) -> list[list]:
    return [list(rows[0]), *([value for value in row.values()] for row in rows)]


def same(value, cell: str) -> bool:
    return value == cell or (value is None and cell == "") or (isinstance(value, int | float) and float(cell) == value)


@settings(max_examples=400, deadline=None)
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@given(content=bytes_of(PIECES))
def test_any_bytes_called_csv_are_refused_or_read_as_python_does(name, content, tmp_path_factory):
    rows = outcome(tmp_path_factory.getbasetemp() / name, content)
    if rows is None:
        return
    text = content.decode().removeprefix("\ufeff")
    readings = [cells(text, d, q) for d in ([","] + [";", "|", "\t"] if name == "t.csv" else ["\t"]) for q in (True, False)]
    assert any(
        len(seen) == len(rows) + 1
        and seen[0] == list(rows[0])
        and all(same(v, c) for row, line in zip(rows, seen[1:], strict=True) for v, c in zip(row.values(), line, strict=True))
        for seen in readings
    ), (rows, readings)


@settings(max_examples=400, deadline=None)
@given(content=bytes_of(JSON_PIECES))
def test_any_bytes_called_json_lines_are_refused_or_read_as_python_does(content, tmp_path_factory):
    rows = outcome(tmp_path_factory.getbasetemp() / "t.jsonl", content)
    if rows is None:
        return
    lines = content.decode().removeprefix("\ufeff").split("\n")
    expected = [json.loads(line) for line in lines if line.strip()]
    assert len(rows) == len(expected)
    for row, seen in zip(rows, expected, strict=True):
        assert {k: v for k, v in row.items() if v is not None} == {k: v for k, v in seen.items() if v is not None}
