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


def publish_json(path: Path, value: Any) -> None:
    """`value` as indented UTF-8 JSON. NaN is refused: it is not JSON."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    publish(path, lambda aside: aside.write_text(text + "\n", encoding="utf-8"))


def read_json(path: Path) -> Any:
    """The JSON value in `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


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
