import gzip
from pathlib import Path

import pytest

from ftft.dataset.reading import read
from ftft.errors import InputError

AS_TEXT = {"id", "text", "label"}
FORMATS = ["t.csv", "t.CSV", "t.csv.gz", "t.tsv", "t.tsv.gz", "t.jsonl", "t.jsonl.gz", "t.ndjson", "t.json", "t.parquet"]


def text_rows(file) -> list[dict]:
    return read(file, AS_TEXT).to_pylist()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(write, name):
    rows = [
        {"id": "007", "text": 'says "no", twice\n(at least)', "label": "NA", "year": 1999, "score": 0.5},
        {"id": "1e3", "text": "größer 🎬", "label": "null", "year": 2001, "score": 2.0},
    ]
    assert text_rows(write(name, rows)) == rows


def test_a_byte_order_mark_is_not_part_of_the_first_column(write):
    assert text_rows(write("t.csv", "\ufeffid,text\n1,x\n")) == [{"id": "1", "text": "x"}]
    assert text_rows(write("t.jsonl", '\ufeff{"id": "1", "text": "x"}\n')) == [{"id": "1", "text": "x"}]


def test_in_csv_an_empty_cell_is_missing_and_an_empty_pair_of_quotes_is_empty(write):
    assert [row["text"] for row in text_rows(write("t.csv", 'id,text\n1,\n2,""\n3,NA\n'))] == [None, "", "NA"]


def test_in_csv_a_column_is_made_of_numbers_only_if_they_would_be_written_the_same_way(write):
    table = read(write("t.csv", "zip,year,big,share,odd\n01234,1999,99999999999999999999,.5,nan\n56789,,1,0.5,1\n"), AS_TEXT)
    assert table.to_pydict() == {
        "zip": ["01234", "56789"], "year": [1999, None], "big": ["99999999999999999999", "1"], "share": [".5", "0.5"], "odd": ["nan", "1"],
    }  # fmt: skip


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_in_csv_the_header_shows_what_separates_cells(write, separator):
    lines = [["id", '"text, or; what|ever\tit is"', "label"], ["1", f'"a{separator}b\nc"', "x"], ["2", "", "y"]]
    table = read(write("t.csv", "".join(separator.join(line) + "\n" for line in lines)), AS_TEXT)
    assert [list(row.values()) for row in table.to_pylist()] == [["1", f"a{separator}b\nc", "x"], ["2", None, "y"]]


def test_in_csv_a_header_with_commas_is_separated_by_commas_whatever_else_it_holds(write):
    assert read(write("t.csv", "id,a;b|c\n1,x;y|z\n"), AS_TEXT).to_pylist() == [{"id": "1", "a;b|c": "x;y|z"}]


def test_in_json_lines_a_date_stays_as_it_is_written(write):
    assert text_rows(write("t.jsonl", '{"text": "2020-01-01", "when": "2020-01-01"}\n')) == [{"text": "2020-01-01", "when": "2020-01-01"}]


def test_in_tsv_a_stray_quote_is_an_ordinary_character(write):
    stray = 'id\ttext\n1\t"Hello," he said\n2\tan unclosed "quote\n3\t"here\n4\tand "there"\n'
    assert [row["text"] for row in text_rows(write("t.tsv", stray))] == ['"Hello," he said', 'an unclosed "quote', '"here', 'and "there"']


def test_in_tsv_a_quote_that_would_swallow_whole_rows_is_an_ordinary_character(write):
    assert [row["text"] for row in text_rows(write("t.tsv", 'id\ttext\n1\t"one\n2\ttwo"\n'))] == ['"one', 'two"']


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.csv", 'id,text\n1,x\n2,"never closed\n3,y\n4,z\n', "line 3: a quote is never closed"),
        ("t.csv", 'id,text\n1,"x\n2,"y\n3,z\n', "line 2: ',' expected after '\"'"),
        ("t.csv", 'id,text\n1,"x\ny"\n2,y,z\n', "line 4: 3 cells where the header has 2"),
        ("t.csv", "id,text\n1,x\n\n2\n", "line 4: 1 cells where the header has 2"),
        ("t.csv", "id,text,text\n1,x,y\n", "several columns called 'text'"),
        ("t.csv", "id;text|label\n1;x|y\n", r"separates its cells by ';' or '\|'"),
        ("t.csv", "id;text\n1;x\n2,y\n", "line 3: 1 cells where the header has 2"),
        ("t.tsv", "id,text\n1,x\n", "separates its cells by ','"),
        ("t.jsonl", '{"m": {"x": 1}}\n{"m": {"x": "y"}}\n', "the same kind of value everywhere"),
        ("t.jsonl", '{"text": "x"}{"text": "y"}\n', "line 1: not JSON .Extra data"),
        ("t.jsonl", '{"text": "x"}\n{"text": "half \\ud83c a sign"}\n', "line 2: column 'text' cannot be kept: .*surrogates"),
        ("t.jsonl", '{"text": "x", "n": 99999999999999999999}\n', "line 1: column 'n' cannot be kept"),
        ("t.jsonl", '{"text": "x", "m": [1, "y"]}\n', "line 1: column 'm' cannot be kept"),
        ("t.jsonl", "[" * 100_000, "one JSON list"),
        ("t.jsonl", '{"a":' * 100_000, "line 1: not JSON"),
        ("t.jsonl", "{}\n{}\n", "only empty objects"),
        ("t.csv", "id,text\n", "no rows"),
        ("t.csv", "", "is empty"),
        ("t.csv", b"id,text\n1,x\n2,caf\xe9\n", r"line 3: not UTF-8 \(byte 17 of the file\)"),
        ("t.jsonl", b'{"text": "x"}\n{"text": "caf\xe9"}\n', "line 2: not UTF-8"),
        ("t.csv", "id,text\n1,x\n".encode("utf-16"), "UTF-16"),
        ("t.csv", b"PK\x03\x04\0\0", "not a text file: byte 4"),
        ("t.csv", gzip.compress(b"id,text\n1,x\n", mtime=0), "Add .gz to its name"),
        ("t.jsonl", '{"text": "x"}\n\n{"text": "y"\n', "line 3: not JSON"),
        ("t.jsonl", '{"text": "x"}\n["y"]\n', "line 2: a list, not an object"),
        ("t.jsonl", '{"label": 1}\n{"label": "1"}\n', "line 2: column 'label' is a text, but a number in line 1"),
        ("t.json", '[\n {"text": "x"}\n]\n', "one JSON list.*jq"),
        ("t.jsonl", "\n\n", "no rows"),
        ("t.parquet", b"PAR1 and nothing more", "not a sound Parquet file"),
        ("t.xlsx", b"x", r"Use .csv, .tsv, .jsonl, .ndjson, .json, .parquet"),
        ("t", b"x", "the extension does not name"),
        ("t.parquet.gz", b"x", "the extension does not name"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_its_name_the_place_and_a_remedy(write, name, content, says):
    file = write(name, content)
    with pytest.raises(InputError, match=f"(?s)^.*{name}.*{says}") as refusal:
        read(file, AS_TEXT)
    assert refusal.value.remedy


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "t.csv", AS_TEXT)
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / f"{'t' * 1000}.csv", AS_TEXT)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path / "folder.csv", AS_TEXT)


def test_a_path_may_start_at_home(write, monkeypatch):
    monkeypatch.setenv("HOME", str(write("t.csv").parent))
    assert read(Path("~/t.csv"), AS_TEXT).num_rows == 4


def test_a_gzip_file_that_breaks_off_is_refused(tmp_path):
    file = tmp_path / "t.csv.gz"
    file.write_bytes(gzip.compress(b"id,text\n1,x\n" * 100)[:-20])
    with pytest.raises(InputError, match="not a whole gzip file"):
        read(file, AS_TEXT)
