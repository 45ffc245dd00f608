"""Any bytes: either a refusal with a remedy, or the rows that Python's own readers see."""

import csv
import io
import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftft.dataset import rows
from ftft.dataset.reading import read
from ftft.errors import InputError

AS_TEXT = ("id", "text", "label")
PIECES = [
    ",", ";", "|", "\t", '"', '""', "\n", "\r\n", "\r", " ", "\ufeff", "id", "text", "label", "1", "-1", "0.5", "NA", "ä", "🎬", "\0", "\\",
]  # fmt: skip
READINGS = {"t.csv": [(d, True) for d in ",;|\t"], "t.tsv": [("\t", True), ("\t", False)]}  # separator, with quotes
JSON_PIECES = [
    "{", "}", "[", "]", ":", ",", "\n", "\r\n", " ", '"', '"text"', '"label"', '"id"', "1", "-1", "0.5", "1e5", "1e999", "NaN", "null",
    "true", '"2020-01-01"', '"\\u0000"', '"\\ud800"', "\\n", "ä", '{"text": "x"}', '{"text": "y", "label": 1}\n', '{"text": ["z"]}\n',
    "99999999999999999999",
]  # fmt: skip


def bytes_of(pieces):
    joined = st.lists(st.sampled_from(pieces), max_size=24).map("".join)
    return joined.map(str.encode) | st.binary(max_size=40) | joined.map(lambda text: text.encode("utf-16"))


def outcome(file, content) -> list[dict] | None:
    """The rows, or None where the file is refused."""
    file.write_bytes(content)
    refusal = None
    try:
        return read(file, AS_TEXT).to_pylist()
    except InputError as problem:
        refusal = problem
    assert file.name in refusal.message
    assert refusal.remedy
    return None


def cells(text: str, delimiter: str, quotes: bool) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    return [row for row in reader if row]


def same(value, cell: str) -> bool:
    return value == cell or (value is None and cell == "") or (isinstance(value, int | float) and float(cell) == value)


@settings(max_examples=400, deadline=None)
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@given(content=bytes_of(PIECES))
def test_any_bytes_called_csv_are_refused_or_read_as_python_does(name, content, tmp_path_factory):
    rows = outcome(tmp_path_factory.getbasetemp() / name, content)
    if rows is None:
        return
    text = content.decode().lstrip("\ufeff")
    readings = [cells(text, d, q) for d, q in READINGS[name]]
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
    lines = content.decode().lstrip("\ufeff").split("\n")
    expected = [json.loads(line) for line in lines if line.strip()]
    assert len(rows) == len(expected)
    for row, seen in zip(rows, expected, strict=True):
        assert {k: v for k, v in row.items() if v is not None} == {k: v for k, v in seen.items() if v is not None}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl"])
@given(data=st.data())
def test_adding_any_rows_is_refused_with_a_remedy_or_gives_them_all(name, data, add_reviews, write, root):
    cell = st.sampled_from(["", " ", "a", "b", "1", "1.0", "-1", "0.5", "1e400", "nan", "ä\n", '"', "x,y", None, ["a"], True, 2, 0.5])
    made = data.draw(st.lists(st.fixed_dictionaries({"text": cell, "label": cell}, optional={"id": cell}), min_size=1, max_size=6))
    described = data.draw(st.sampled_from([{}, {"text": ["text", "id"], "id": "label"}, {"label": "id", "text": ["label"], "id": "text"}]))
    try:
        dataset = add_reviews(write(name, made), **described)
    except InputError as problem:
        refusal = problem
    else:
        assert (dataset.train.rows, len(rows(root, "reviews"))) == (len(made), len(made))
        shutil.rmtree(root)
        return
    assert refusal.remedy
