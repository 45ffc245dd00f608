"""What a command prints: one JSON document on standard output, or text for people; notes always on standard error."""

import errno
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import click

from ftft.errors import FtftError, InputError, WorkError

# What the system says where a path is wrong, not the work on it.
_WRONG_PATH = {
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG,
    errno.ELOOP, errno.EINVAL, errno.ENOTSUP,
}  # fmt: skip


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """--workspace and --json, which every command takes."""
    options = (
        click.option("--workspace", metavar="DIR", help="The workspace [default: $FTFT_WORKSPACE, else ./ftft-workspace]."),
        click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document on standard output."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def emit(as_json: bool, value: dict[str, Any], text: Callable[[], str]) -> None:
    """Prints the result."""
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) if as_json else text())


def note(message: str) -> None:
    """A line for people, on standard error."""
    click.echo(message, err=True)


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns of text, numbers to the right."""
    if not rows:
        return "(none)"
    cells = [[str(c) for c in row] for row in (head, *rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(head))]
    right = [all(isinstance(row[k], int | float) for row in rows) for k in range(len(head))]
    lines = ["  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)).rstrip() for row in cells]
    return "\n".join(lines)


def fail(problem: Exception, as_json: bool) -> int:
    """Says what is wrong, once in each form, and gives the exit status. A traceback only for our own mistakes, and only where asked for."""
    error = _as_error(problem)
    if as_json:
        click.echo(_writable(json.dumps({"error": error.to_json()}, ensure_ascii=False)))
    click.echo(_writable(f"ftft: {' '.join(str(error).split())}"), err=True)
    if not isinstance(problem, FtftError | click.ClickException) and os.environ.get("FTFT_TRACEBACK"):
        traceback.print_exception(problem, file=sys.stderr)
    return 2 if isinstance(error, InputError) else 1


def _writable(text: str) -> str:
    """Names of files and words of a command may hold bytes that are no text; they are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _as_error(problem: Exception) -> FtftError:
    if isinstance(problem, FtftError):
        return problem
    if isinstance(problem, click.UsageError):
        where = problem.ctx.command_path if problem.ctx else "ftft"
        return InputError(problem.format_message().rstrip("."), f"See `{where} --help`")
    if isinstance(problem, OSError):
        what = f"{problem.strerror or problem}: {problem.filename2 or problem.filename or ''}".rstrip(": ")
        if problem.errno in _WRONG_PATH:
            return InputError(what, "Name another file or folder, which you may read or write")
        return WorkError(what, "Check that the disk has room and that you may write there")
    return WorkError(
        f"{type(problem).__name__}: {problem}".rstrip(": "), "This is a mistake of ftft: set FTFT_TRACEBACK=1 and report what it prints"
    )
