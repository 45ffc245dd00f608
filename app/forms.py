"""What people type into forms, read and turned into values; and the commands that would do the same as a form's button."""

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftft.errors import FtftError, InputError

TEXT_NAMES = ("text", "sentence", "premise", "hypothesis", "sentence1", "sentence2", "question", "review", "comment")
LABEL_NAMES = ("label", "gold_label", "labels", "class", "category", "target")
ID_NAMES = ("id", "guid", "uid", "idx", "pairID")


@dataclass(frozen=True)
class Outcome:
    """What an action gave, or the problem that it ended with, so that a page can show it where it was asked for."""

    value: Any = None
    problem: FtftError | None = None


def attempt(action: Callable[..., Any], *args: Any, **kwargs: Any) -> Outcome:
    """Calls `action`; a mistake that the user can mend comes back as a value, anything else is raised."""
    try:
        return Outcome(action(*args, **kwargs))
    except FtftError as problem:
        return Outcome(problem=problem)


def seeds(text: str) -> tuple[int, ...]:
    """ "1-3, 7" -> (1, 2, 3, 7): each once, in order."""
    found: set[int] = set()
    for piece in re.split(r"[,;\s]+", text.strip()):
        match = re.fullmatch(r"(\d+)(?:[-–](\d+))?", piece)
        if not match:
            raise InputError(f"seeds {text!r} cannot be read", "Write whole numbers and ranges, such as 1-3 or 1, 5, 9")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 0 <= last - first < 100:
            raise InputError(f"seeds {piece!r} are not a range", "Write the smaller number first, at most a hundred seeds apart")
        found.update(range(first, last + 1))
    return tuple(sorted(found))


def number(name: str, text: str) -> float:
    """A number as people write learning rates: 2e-5, 0.00002."""
    try:
        return float(text)
    except ValueError as problem:
        raise InputError(f"the {name} {text!r} is not a number", "Write it like 2e-5 or 0.00002") from problem


def short(value: float) -> str:
    """A number as people write it: 0.1 -> "0.1", 0.0002 -> "2e-4"."""
    if not 0 < value < 0.01:
        return f"{value:g}"
    mantissa, exponent = f"{value:.9e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def in_lines(command: str) -> str:
    """A command for a shell with one kind of option a line, so that a long one can be read."""
    pieces: list[list[str]] = [[]]
    for word in shlex.split(command):
        if word.startswith("--") and pieces[-1][:1] != [word]:
            pieces.append([])
        pieces[-1].append(word)
    return " \\\n  ".join(shlex.join(piece) for piece in pieces)


@dataclass(frozen=True)
class NewDataset:
    """A filled-in form for a new dataset; `evaluations`, `label_maps` and `columns` as on the command line."""

    name: str
    train: str
    text: tuple[str, ...]
    label: str
    id: str | None = None
    evaluations: tuple[str, ...] = ()
    label_maps: tuple[str, ...] = ()
    metric: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What does the same in a shell, one option a line."""
        options = [
            f"--train {shlex.quote(self.train)}",
            *(f"--eval {shlex.quote(evaluation)}" for evaluation in self.evaluations),
            *(f"--map {shlex.quote(label_map)}" for label_map in self.label_maps),
            *(f"--columns {shlex.quote(column)}" for column in self.columns),
            " ".join([*(f"--text {shlex.quote(column)}" for column in self.text), f"--label {shlex.quote(self.label)}"]),
            *([f"--id {shlex.quote(self.id)}"] if self.id else []),
            *([f"--metric {self.metric}"] if self.metric else []),
        ]
        return " \\\n  ".join([f"ftft data add {shlex.quote(self.name)}", *options])


def lines(text: str) -> tuple[str, ...]:
    """The lines of a text area that say something."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def name_of(file: str) -> str:
    """A name for a dataset from its source: "data/cad/train.jsonl.gz" -> "cad", "reviews.csv" -> "reviews", "hub:some/films" -> "films"."""
    if file.startswith("hub:"):
        return re.split(r"[@:]", file.removeprefix("hub:").partition("/")[2])[0] or "dataset"
    path = Path(file)
    stem = re.split("[.:]", path.name)[0]
    return path.parent.name if stem == "train" and path.parent.name else stem


def guess_columns(columns: Iterable[str]) -> tuple[list[str], str, str | None]:
    """(text columns, label column, id column) by their usual names; the first two columns where no name is usual."""
    known = list(columns)
    by_lower = {column.lower(): column for column in reversed(known)}
    label = next((by_lower[name] for name in LABEL_NAMES if name in by_lower), known[-1])
    identity = next((by_lower[name.lower()] for name in ID_NAMES if name.lower() in by_lower), None)
    texts = [column for column in known if column.lower() in TEXT_NAMES]
    others = [column for column in known if column not in (label, identity)]
    return texts or others[:1], label, identity
