"""What a run has cost so far, over all its attempts: also the work that a kill threw away was paid for."""

import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ftft.domain.record import checked, take
from ftft.errors import InputError
from ftft.publish import publish_json, read_json
from ftft.train import ranks

EVERY = 10.0  # seconds between two writes: what a kill can at most leave uncounted


@dataclass(frozen=True)
class Spent:
    """Sums over attempts. `examples`: passes of an example through training; `training_seconds`: what they took.

    `repeated_flops`: those of `train_flops` that a kill threw away. `stop_flops`, `capture_flops`: those of `eval_flops` that went into
    early stopping, and into dynamics captured at the ends of epochs; the rest made the scores. `pretrain_flops`: what made the weights that
    it began with (SURT), `features_flops`: the pass of a frozen encoder over the training set; each once for all runs that share it, and no
    part of `train_flops`.
    """

    attempts: int = 0
    train_flops: float = 0.0
    repeated_flops: float = 0.0
    eval_flops: float = 0.0
    stop_flops: float = 0.0
    capture_flops: float = 0.0
    pretrain_flops: float = 0.0
    features_flops: float = 0.0
    seconds: float = 0.0
    training_seconds: float = 0.0
    examples: int = 0

    def to_json(self) -> dict[str, Any]:
        """As in the verdict's `cost`."""
        speed = self.examples / self.training_seconds if self.training_seconds else 0.0
        return {
            "train_flops": self.train_flops, "repeated_flops": self.repeated_flops, "eval_flops": self.eval_flops,
            "stop_flops": self.stop_flops, "capture_flops": self.capture_flops, "pretrain_flops": self.pretrain_flops,
            "features_flops": self.features_flops, "seconds": self.seconds,
            "examples_per_second": speed, "attempts": self.attempts,
        }  # fmt: skip


class Ledger:
    """Keeps `Spent` in a file beside the checkpoints; of several processes only the first one writes. Making one begins an attempt.

    `lost`: the file was broken, and what earlier attempts cost is known only as far as a checkpoint knows it.
    """

    def __init__(self, file: Path) -> None:
        self.file, self.lost = file, False
        try:
            before = _read(file) if file.exists() else Spent()
        except InputError:
            before, self.lost = Spent(), True
        self._spent = replace(before, attempts=before.attempts + 1)
        self._last = time.monotonic()
        self._written = 0.0
        self.write()

    @property
    def useful(self) -> float:
        """FLOPs of training that nothing has thrown away."""
        return self._spent.train_flops - self._spent.repeated_flops

    def goes_on_from(self, useful: float) -> None:
        """A checkpoint is loaded that had cost `useful` (0 without one): what was trained since then is trained again."""
        forgotten = max(0.0, useful - self.useful)
        self._add(train_flops=forgotten, repeated_flops=self.useful + forgotten - useful)

    def training(self, flops: float, examples: int) -> None:
        """One batch went forward and backward."""
        now = time.monotonic()
        took = now - self._last
        self._add(train_flops=flops, examples=examples, training_seconds=took, seconds=took)
        self._last = now
        if now - self._written >= EVERY:
            self.write()

    def evaluation(self, flops: float, purpose: str) -> None:
        """One batch went forward, for "scores", "stop", "capture", or "features" to look at."""
        part = {f"{purpose}_flops": flops} if purpose in ("stop", "capture") else {}
        self._add(eval_flops=flops, **part)

    def began_with(self, flops: float) -> None:
        """What the weights cost that the run begins with, whoever paid for it."""
        self._spent = replace(self._spent, pretrain_flops=flops)

    def spent(self) -> Spent:
        """Everything up to now."""
        now = time.monotonic()
        self._add(seconds=now - self._last)
        self._last = now
        return self._spent

    def write(self) -> None:
        """Puts the sums where the next attempt finds them."""
        spent = self.spent()
        if ranks.is_first():
            publish_json(self.file, asdict(spent))
        self._written = time.monotonic()

    def _add(self, **amounts: float) -> None:
        self._spent = replace(self._spent, **{name: getattr(self._spent, name) + amount for name, amount in amounts.items()})


def _read(file: Path) -> Spent:
    value = read_json(file)
    value = {"pretrain_flops": 0.0, "features_flops": 0.0} | checked(value, file.name, dict)  # which older ones lack
    return Spent(**{f.name: take(value, f.name, int if f.name in ("attempts", "examples") else float) for f in fields(Spent)})
