"""Progress: a JSON line for programs (`metrics.jsonl`), a plain one for people (standard error; the caller keeps it as `log.txt`)."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from ftft.train import ranks


class Progress:
    """Appends. Each line is one write, so that a reader never sees half of one and a kill leaves none. One of several processes speaks."""

    def __init__(self, file: Path, steps: int) -> None:
        self.file, self.steps = file, steps

    def training(self, step: int, epoch: int, loss: float, lr: float) -> None:
        """`loss` is the mean over the steps since the last line."""
        self._append(step=step, steps=self.steps, epoch=epoch, loss=loss, lr=lr)
        say(f"step {step}/{self.steps} · epoch {epoch} · loss {loss:.4f} · lr {lr:.2e}")

    def recorded(self, step: int, epoch: int, examples: int) -> None:
        """An epoch has ended and its dynamics are published."""
        self._append(step=step, epoch=epoch, recorded=examples)
        say(f"epoch {epoch} · {examples} examples recorded")

    def scored(self, step: int, evaluation: str, scores: dict[str, float | None]) -> None:
        """The scores on one evaluation set."""
        self._append(step=step, evaluation=evaluation, **scores)
        say(f"{evaluation} · " + " · ".join(f"{name} {value:.4f}" for name, value in scores.items() if value is not None))

    def judged(self, step: int, on: str, value: float) -> None:
        """What early stopping looks at."""
        self._append(step=step, stop=on, value=value)
        say(f"step {step} · {on} {value:.4f}")

    def _append(self, **values: Any) -> None:
        if not ranks.is_first():
            return
        line = json.dumps({"time": round(time.time(), 3), **values}, allow_nan=False) + "\n"
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def say(line: str) -> None:
    """One line for people, at once."""
    if ranks.is_first():
        print(line, file=sys.stderr, flush=True)
