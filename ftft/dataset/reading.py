"""One source in, one Arrow table out: CSV, TSV, JSON Lines (each also gzipped) and Parquet, told apart by their extension; a folder that
`datasets` saved; or a dataset on the hub. A source is the text that a person typed."""

import os
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ftft.dataset.delimited import read_delimited
from ftft.dataset.hub import is_hub, read_hub
from ftft.dataset.json_lines import read_json_lines
from ftft.dataset.saved import read_saved
from ftft.dataset.textfile import TextFile
from ftft.errors import InputError

DELIMITED = (".csv", ".tsv")
JSON_LINES = (".jsonl", ".ndjson", ".json")
EXTENSIONS = (*DELIMITED, *JSON_LINES, ".parquet")


def read(source: str | Path, as_text: Collection[str], default_split: str | None = "train") -> pa.Table:
    """All rows and columns of a source. In CSV and TSV the columns `as_text` stay as written; others become numbers where all cells are.

    An empty cell is null, a word such as "NA" is text. `default_split`: the split that is meant where a source has several and
    names none. InputError: says the source, the line where there is one, and what to do.
    """
    source = str(source)
    table = read_hub(source, default_split) if is_hub(source) else _read_path(source, as_text, default_split)
    if twice := sorted({c for c in table.column_names if table.column_names.count(c) > 1}):
        raise InputError(f"{source} has several columns called {twice[0]!r}", "Rename one of them")
    if not table.num_rows:
        raise InputError(f"{source} has no rows", "Give a file with at least one example")
    return table


def _read_path(source: str, as_text: Collection[str], default_split: str | None) -> pa.Table:
    path = Path(os.path.expanduser(source))  # a shell leaves the ~ in EVAL=~/file alone; this leaves a file called ~name alone
    folder, colon, split = str(path).rpartition(":")
    if os.path.isdir(path):  # also where the name is too long for one
        return read_saved(source, path, None, default_split)
    if colon and os.path.isdir(folder):
        return read_saved(source, Path(folder), split, default_split)
    return _read_file(path, as_text)


def _read_file(path: Path, as_text: Collection[str]) -> pa.Table:
    gzipped = path.suffix.lower() == ".gz"
    extension = Path(path.stem).suffix.lower() if gzipped else path.suffix.lower()
    if extension not in EXTENSIONS or (gzipped and extension == ".parquet"):
        remedy = f"Use {', '.join(EXTENSIONS)}; text formats also with .gz; or a folder that `datasets` saved; or hub:owner/name"
        raise InputError(f"{path}: the extension does not name a known format", remedy)
    if not os.path.exists(path):
        raise InputError(f"{path} does not exist", "Check the path")
    if extension == ".parquet":
        return _read_parquet(path)
    file = TextFile.checked(path, gzipped)
    return read_json_lines(file) if extension in JSON_LINES else read_delimited(file, extension == ".tsv", as_text)


def _read_parquet(path: Path) -> pa.Table:
    if not path.stat().st_size:
        raise InputError(f"{path} is empty", "Give a file with at least one example")
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
        table.validate(full=True)  # Parquet files by others may hold texts that are not UTF-8
    except PermissionError as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror}", "Check its permissions") from problem
    except (pa.ArrowException, OSError) as problem:
        raise InputError(f"{path} is not a sound Parquet file: {problem}", "Write it again") from problem
    return table
