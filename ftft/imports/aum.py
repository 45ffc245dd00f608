"""aum_values.csv, as the `aum` package of Pleiss et al. 2020 writes it: sample_id, aum."""

from pathlib import Path

from ftft.errors import InputError
from ftft.imports.columns import Columns
from ftft.imports.records import Measured, measured

FILE = "aum_values.csv"


def sniff(path: Path) -> bool:
    """A .csv whose first line names sample_id and aum, or a folder with aum_values.csv."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file() or file.suffix.lower() != ".csv":
        return False
    with file.open("rb") as lines:
        header = lines.readline(1000).decode(errors="replace")
    return {"sample_id", "aum"} <= {name.strip(' "\r\n\ufeff') for name in header.split(",")}


def read(path: Path, epochs: int | None = None) -> Measured:
    """The one metric that the file has."""
    file = path / FILE if path.is_dir() else path
    columns = Columns.of(file)
    for name in ("sample_id", "aum"):
        if name not in columns.names:
            raise InputError(f"{file} has no column {name!r}", f"It has the columns {', '.join(columns.names)}; try --format table")
    return measured(file, columns.ids("sample_id"), None, {"aum": columns.numbers("aum")}, epochs)
