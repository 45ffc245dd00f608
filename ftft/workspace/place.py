"""Which folder is a workspace: found, made if need be, and refused where it is something else."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ftft.errors import InputError, shown
from ftft.publish import publish_json, read_json

FORMAT = 1
_NOT_THE_NAMES_FAULT = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE)


def where(path: str | Path | None) -> Path:
    """The folder of a workspace, whole: `path`, else `$FTFT_WORKSPACE`, else `./ftft-workspace`. InputError where it cannot be one."""
    folder = path or os.environ.get("FTFT_WORKSPACE") or "ftft-workspace"
    with _named(folder):
        return Path(folder).expanduser().resolve()


def open_folder(path: Path, make: bool = True) -> None:
    """Makes the workspace if need be. InputError where it is something else, or cannot be made (or may not: `make`)."""
    with _named(path):
        marker = path / "workspace.json"
        if marker.exists():
            _check_format(path, read_json(marker))
        elif not make:
            raise InputError(f"{path} is not a workspace, and nothing may be written", "Name one that is there with --workspace")
        elif path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise InputError(f"{path} is not a workspace and not empty", "Name a new or an empty folder with --workspace")
        else:
            publish_json(marker, {"format": FORMAT})


@contextmanager
def _named(folder: str | Path) -> Iterator[None]:
    """A folder that cannot be had is the fault of its name, unless it is the disk's."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as problem:  # RuntimeError: ~name of nobody; ValueError: a zero byte
        if isinstance(problem, InputError) or getattr(problem, "errno", None) in _NOT_THE_NAMES_FAULT:
            raise
        what = getattr(problem, "strerror", None) or problem
        raise InputError(f"{shown(str(folder))} cannot be a workspace: {what}", "Name a folder that you may write to") from problem


def _check_format(path: Path, about: Any) -> None:
    found = about.get("format") if isinstance(about, dict) else None
    if found != FORMAT:
        raise InputError(
            f"{path} is a workspace of format {shown(found)}, this version reads {FORMAT}", "Use the ftft version that made it, or newer"
        )
