"""One file in, one Arrow table out: CSV, TSV, JSON Lines (each also gzipped) and Parquet, told apart by their extension."""

import gzip
import os
import zlib
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ftft.dataset.delimited import read_delimited
from ftft.dataset.json_lines import read_json_lines
from ftft.errors import InputError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson", ".json")
EXTENSIONS = (*DELIMITERS, *JSON_LINES, ".parquet")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(file: Path, as_text: Collection[str]) -> pa.Table:
    """All rows and columns of `file`. In CSV and TSV the columns `as_text` stay as written; others become numbers where all cells are.

    An empty cell is null, a word such as "NA" is text. InputError: says the file, the line where there is one, and what to do.
    """
    file = Path(os.path.expanduser(file))  # a shell leaves the ~ in EVAL=~/file alone; this leaves a file called ~name alone
    gzipped = file.suffix.lower() == ".gz"
    extension = Path(file.stem).suffix.lower() if gzipped else file.suffix.lower()
    if extension not in EXTENSIONS or (gzipped and extension == ".parquet"):
        raise InputError(f"{file}: the extension does not name a known format", f"Use {', '.join(EXTENSIONS)}; text formats also with .gz")
    raw = _bytes(file, gzipped)
    if extension == ".parquet":
        table = _read_parquet(file, raw)
    else:
        _check_text(file, raw)
        raw = raw.removeprefix(BYTE_ORDER_MARK)
        table = read_json_lines(file, raw) if extension in JSON_LINES else read_delimited(file, raw, DELIMITERS[extension], as_text)
    if twice := sorted({c for c in table.column_names if table.column_names.count(c) > 1}):
        raise InputError(f"{file} has several columns called {twice[0]!r}", "Rename one of them")
    if not table.num_rows:
        raise InputError(f"{file} has no rows", "Give a file with at least one example")
    return table


def _bytes(file: Path, gzipped: bool) -> bytes:
    if not file.exists():
        raise InputError(f"{file} does not exist", "Check the path")
    if file.is_dir():
        raise InputError(f"{file} is a folder", f"Name a file: {', '.join(EXTENSIONS)}")
    try:
        raw = file.read_bytes()
        raw = gzip.decompress(raw) if gzipped else raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise InputError(f"{file} is not a whole gzip file: {problem}", "Copy it again; without compression it has no .gz") from problem
    except OSError as problem:
        raise InputError(f"{file} cannot be read: {problem.strerror}", "Check its permissions") from problem
    if not raw:
        raise InputError(f"{file} is empty", "Give a file with at least one example")
    return raw


def _read_parquet(file: Path, raw: bytes) -> pa.Table:
    try:
        table = pq.ParquetFile(pa.BufferReader(raw)).read()
        table.validate(full=True)  # Parquet files by others may hold texts that are not UTF-8
    except (pa.ArrowException, OSError) as problem:
        raise InputError(f"{file} is not a sound Parquet file: {problem}", "Write it again") from problem
    return table


def _check_text(file: Path, raw: bytes) -> None:
    if raw.startswith(b"\x1f\x8b"):
        raise InputError(f"{file} is compressed with gzip", "Add .gz to its name")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{file} is UTF-16, not UTF-8", "Save it as UTF-8")
    if b"\0" in raw:
        raise InputError(
            f"{file} is not a text file: byte {raw.index(0)} is zero", "Give a text file; a Parquet file's name ends with .parquet"
        )
    try:
        raw.decode()
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise InputError(f"{file}, line {line}: not UTF-8 (byte {problem.start} of the file)", "Save it as UTF-8") from problem
