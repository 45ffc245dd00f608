"""What can go wrong, in words a person can act on: what, where, and the remedy. The command line prints one line of it.

`InputError`: the input is wrong, nothing was done (exit status 2). `WorkError`: the work itself failed (exit status 1), with one of CAUSES.
A programmer's mistake is an `assert`, never one of these.
"""

from collections.abc import Iterable
from difflib import get_close_matches

CAUSES = ("out_of_memory", "non_finite", "bad_input", "disk_full", "killed", "time_limit", "dependency_failed", "internal")
KILLED = 137  # exit status, as a shell says "by KILL": the queue tries such a run again

MOST_NAMED = 30  # of what is known
_LONG = 80  # characters of a value in a message


class FtftError(Exception):
    """`message` says what is wrong and where, `remedy` what to do about it; neither ends with a full stop."""

    kind = "internal"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}.")
        self.message, self.remedy = message, remedy

    def to_json(self) -> dict[str, str]:
        """`{kind, message, remedy}`, as interface.md promises it on standard output."""
        return {"kind": self.kind, "message": self.message, "remedy": self.remedy}


class InputError(FtftError, ValueError):
    """The input is wrong; nothing was done and nothing is left behind."""

    kind = "bad_input"


class WorkError(FtftError):
    """The work failed or was cancelled; `cause` is one of CAUSES."""

    def __init__(self, message: str, remedy: str, cause: str = "internal") -> None:
        assert cause in CAUSES, cause
        super().__init__(message, remedy)
        self.kind = self.cause = cause


def as_error(error: dict[str, str]) -> FtftError:
    """The inverse of `to_json`."""
    message, remedy, kind = error["message"], error["remedy"], error["kind"]
    return InputError(message, remedy) if kind == InputError.kind else WorkError(message, remedy, kind)


def unknown(kind: str, name: object, known: Iterable[str]) -> InputError:
    """`unknown("metric", "confdence", [...])`: names the nearest known ones, else all, if they are few. `name`: anything a file holds."""
    names = sorted(known)
    near = get_close_matches(name, names, n=3) if isinstance(name, str) and len(name) < _LONG else []
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    remedy = f"Perhaps you mean {', '.join(near)}" if near else f"Known: {', '.join(names[:MOST_NAMED]) or 'none yet'}{more}"
    return InputError(f"{kind} {shown(name)} is not known", remedy)


def shown(value: object) -> str:
    """Any value in a message: what Python writes for it, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists in lists …
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
