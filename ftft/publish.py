"""Files are published whole or not at all: written aside, forced to the disk, renamed into place.

A reader never sees half a file, and a crash leaves the old one. The folder is forced, too, or the rename could be lost with the power.
"""

import json
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ftft.errors import InputError


def publish(path: Path, write: Callable[[Path], object]) -> None:
    """`write(aside)` fills a file beside `path`; then it takes `path`'s place. Nothing is left behind when `write` raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        write(aside)
        _force(aside, os.O_RDWR)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    _force(path.parent, os.O_RDONLY)


def publish_folder(path: Path, write: Callable[[Path], object]) -> None:
    """The same for a folder that does not exist yet: `write(aside)` fills it, the rename makes it visible at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    aside.mkdir()
    try:
        write(aside)
        for file in aside.rglob("*"):
            _force(file, os.O_RDONLY)
        os.rename(aside, path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _force(path.parent, os.O_RDONLY)


def remove_folder(path: Path) -> None:
    """The opposite: out of sight at once by a rename, then deleted. A crash in between leaves what one in `publish` leaves."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    os.rename(path, aside)
    _force(path.parent, os.O_RDONLY)
    shutil.rmtree(aside)


def publish_json(path: Path, value: Any) -> None:
    """`value` as indented UTF-8 JSON. NaN is refused: it is not JSON."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    publish(path, lambda aside: aside.write_text(text + "\n", encoding="utf-8"))


def read_json(path: Path) -> Any:
    """The JSON value in `path`. FileNotFoundError where there is none, InputError where the file holds something else."""
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=not_json)
    except (ValueError, RecursionError) as problem:  # not UTF-8, not JSON, a number of thousands of digits, lists in lists in lists …
        raise InputError(f"{path} is not JSON: {problem}", "Copy the file again from where it was made, or remove its folder") from problem
    except IsADirectoryError as problem:
        raise InputError(f"{path} is a folder", "Put the file back that should be there") from problem


def not_json(word: str) -> Any:
    """NaN and Infinity, which Python would read: never written here, and no JSON for anybody else."""
    raise ValueError(f"{word} is no JSON")


def stamp(path: Path) -> tuple[int, int, int]:
    """(size, time, inode): published files never change, they are replaced, and then at least one of these is another."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _force(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
