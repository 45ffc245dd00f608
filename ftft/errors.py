"""What can go wrong, in words a person can act on: what, where, and the remedy. The command line prints one line of it.

`InputError`: the input is wrong, nothing was done (exit status 2). `WorkError`: the work itself failed (exit status 1), with one of CAUSES.
A programmer's mistake is an `assert`, never one of these.
"""

from collections.abc import Iterable
from difflib import get_close_matches

CAUSES = ("out_of_memory", "non_finite", "bad_input", "disk_full", "killed", "time_limit", "dependency_failed", "internal")


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


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """`unknown("metric", "confdence", [...])`: names the nearest known ones, or all of them."""
    names = sorted(known)
    near = get_close_matches(name, names, n=3)
    remedy = f"Perhaps you mean {', '.join(near)}" if near else f"Known: {', '.join(names) or 'none yet'}"
    return InputError(f"{kind} {name!r} is not known", remedy)
