"""JSON Lines and ids of others. A line that cannot be read is an error with its file and number.

Python's reader, not Arrow's: that makes a number of an id and rounds it beyond 64 bits, and it refuses the NaN that Python writes.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ftft.errors import InputError

ID_NAMES = ("guid", "id", "idx", "uid", "sample_id", "example_id", "index")  # the first that is there; td_metrics has guid and index
MEND = "Mend that line; each line is one object, {…}"
_UNUSABLE = re.compile(r"\s*|.*[\r\n].*", re.DOTALL)


def objects(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of every line that is not blank. Whether it is gzipped is seen by its first bytes."""
    try:
        with file.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with gzip.open(file, "rb") if zipped else file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, _object(file, number, line.removeprefix(b"\xef\xbb\xbf"))
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise InputError(f"{file} is not a whole gzip file: {problem}", "Copy it again") from problem
    except OSError as problem:
        raise InputError(f"{file} cannot be read: {problem.strerror or problem}", "Check that it is a file that you may read") from problem


def first_object(file: Path) -> dict[str, Any]:
    """The first line's object; an empty one where there is none: for a look at what a file may be."""
    try:
        return next(objects(file), (0, {}))[1]
    except InputError:
        return {}


def id_text(value: Any, where: str) -> str:
    """An id as text: 7 and "7" are the same example. InputError where it cannot name one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InputError(f"{where}: the id is {repr(value)[:40]}", "Give each row a text or a whole number as its id")
    text = str(value)
    if _UNUSABLE.fullmatch(text) or not _encodable(text):
        raise InputError(f"{where}: the id {text[:40]!r} is blank or holds a line break", "Give each row an id of one line")
    return text


def id_name(names: Any, file: Path) -> str:
    """Which column holds the ids."""
    found = next((name for name in ID_NAMES if name in names), None)
    if found is None:
        raise InputError(f"{file} has no column with ids", f"Name one of its columns {', '.join(ID_NAMES)}")
    return found


def _object(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError as problem:
        raise InputError(f"{file}, line {number}: not UTF-8", "Save it as UTF-8") from problem
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{file}, line {number}: not JSON ({problem})", MEND) from problem
    if not isinstance(value, dict):
        raise InputError(f"{file}, line {number}: not an object", MEND)
    return value


def _encodable(text: str) -> bool:
    """Half a surrogate pair is a text to Python's JSON, and to nothing else."""
    return not any("\ud800" <= c <= "\udfff" for c in text)
