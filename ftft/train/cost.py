"""What a run has cost so far, over all its attempts: also the work that a kill threw away was paid for."""

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ftft.publish import publish_json, read_json

EVERY = 10.0  # seconds between two writes: what a kill can at most leave uncounted


@dataclass(frozen=True)
class Spent:
    """Sums over attempts. `examples`: passes of an example through training; `training_seconds`: what they took."""

    attempts: int = 0
    train_flops: float = 0.0
    eval_flops: float = 0.0
    seconds: float = 0.0
    training_seconds: float = 0.0
    examples: int = 0

    def to_json(self) -> dict[str, Any]:
        """As in the verdict's `cost`."""
        speed = self.examples / self.training_seconds if self.training_seconds else 0.0
        return {
            "train_flops": self.train_flops, "eval_flops": self.eval_flops, "seconds": self.seconds,
            "examples_per_second": speed, "attempts": self.attempts,
        }  # fmt: skip


class Ledger:
    """Keeps `Spent` in a file beside the checkpoints. Making one begins an attempt."""

    def __init__(self, file: Path) -> None:
        self.file = file
        before = Spent(**read_json(file)) if file.exists() else Spent()
        self._spent = replace(before, attempts=before.attempts + 1)
        self._last = time.monotonic()
        self._written = 0.0
        self.write()

    def training(self, flops: float, examples: int) -> None:
        """One batch went forward and backward."""
        now = time.monotonic()
        took = now - self._last
        self._add(train_flops=flops, examples=examples, training_seconds=took, seconds=took)
        self._last = now
        if now - self._written >= EVERY:
            self.write()

    def evaluation(self, flops: float) -> None:
        """One batch went forward."""
        self._add(eval_flops=flops)

    def spent(self) -> Spent:
        """Everything up to now."""
        now = time.monotonic()
        self._add(seconds=now - self._last)
        self._last = now
        return self._spent

    def write(self) -> None:
        """Puts the sums where the next attempt finds them."""
        publish_json(self.file, asdict(self.spent()))
        self._written = time.monotonic()

    def _add(self, **amounts: float) -> None:
        self._spent = replace(self._spent, **{name: getattr(self._spent, name) + amount for name, amount in amounts.items()})
