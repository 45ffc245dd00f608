"""Training dynamics of a loop that is not ours, as a run folder that `ftft import` takes.

    recorder = ftft.Recorder("runs/mine")
    for epoch in range(3):
        for batch in loader:
            logits = model(batch)                                # the forward pass that trains
            recorder.add(batch["id"], logits, batch["label"])
        recorder.end_epoch()

Shapes: B examples of a batch, N of an epoch, C classes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ftft.domain import RunSpec, safe_name
from ftft.dynamics import Epoch
from ftft.errors import InputError
from ftft.runfolder import RunFolder

NO_DATASET = "unknown"  # which one it is is for the import to say


@dataclass(frozen=True)
class Recorded:
    """Of each example its id (text), logits (float32), the place of the right answer, and the update that used it."""

    ids_N: np.ndarray
    logits_NC: np.ndarray
    gold_N: np.ndarray
    step_N: np.ndarray

    @classmethod
    def merged(cls, parts: Sequence["Recorded"]) -> "Recorded":
        """All of them as one, in the order of the updates. InputError where they differ in their number of classes."""
        if len(classes := {part.logits_NC.shape[1] for part in parts}) > 1:
            raise InputError(f"batches have logits of {' and '.join(map(str, sorted(classes)))} classes", "Add those of one model")
        step_N = np.concatenate([part.step_N for part in parts])
        by_step_N = np.argsort(step_N, kind="stable")
        columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids_N", "logits_NC", "gold_N", "step_N"))
        return cls(*(column[by_step_N] for column in columns))


class Recorder:
    """Publishes `folder`/dynamics/epoch=001.parquet and so on, each when its epoch ends; epochs that are there already are counted on from.

    `capture` says which pass the logits come from: "online", the one that trains, or "epoch_end", one in evaluation mode after the epoch.
    """

    def __init__(self, folder: str | Path, capture: str = "online") -> None:
        self.folder = RunFolder(Path(folder).expanduser().resolve())
        if capture not in ("online", "epoch_end"):
            raise InputError(f"capture is {capture!r}", "Say online or epoch_end")
        self.capture = capture
        spec = RunSpec.of_import(safe_name("run", self.folder.run), NO_DATASET, "", "", "recorder")
        self.folder.create(spec, datetime.now(UTC).isoformat(timespec="seconds"), self.folder.run)
        self.epoch = max(self.folder.epoch_files(), default=0) + 1
        self.clear()

    def add(self, ids: Sequence[Any] | Any, logits: Any, gold: Any, step: int | None = None) -> None:
        """One batch: (B,) ids, texts or whole numbers; (B, C) logits; (B,) places of the right answers among them. Tensors or arrays.

        Tensors stay on their device until the epoch ends. `step`: the update that the batch belongs to; without it, each is one.
        """
        self._step = self._step + 1 if step is None else step
        self._batches.append((_kept(ids), _kept(logits), _kept(gold), self._step))

    def end_epoch(self, complete: bool = True) -> int:
        """Publishes the epoch and gives its number; a partial one never enters a map. Of an example that came twice, as samplers that
        pad have it, the first time counts. InputError where nothing was added, or what was added does not fit together.
        """
        number = self.epoch
        self.publish(self.records(), complete)
        self.epoch += complete
        self.clear()
        return number

    def records(self) -> Recorded | None:
        """What was added since the epoch began; None where that is nothing."""
        parts = [self._checked(*batch) for batch in self._batches]
        return Recorded.merged(parts) if parts else None

    def publish(self, found: Recorded | None, complete: bool) -> None:
        """Writes the epoch, from the records of one process or of several merged."""
        if found is None:
            raise InputError(f"nothing was recorded in epoch {self.epoch}", "Call add with every batch")
        if bad := int((~np.isfinite(found.logits_NC)).any(axis=1).sum()):
            raise InputError(f"the logits of {bad} examples of epoch {self.epoch} are not finite numbers", "Lower the learning rate")
        least, most = found.gold_N.min(), found.gold_N.max()
        if least < 0 or most >= found.logits_NC.shape[1]:
            raise InputError(f"gold of epoch {self.epoch} goes from {least} to {most}", "Give places among the logits, from 0")
        first_N = np.sort(np.unique(found.ids_N.astype(str), return_index=True)[1])
        ids_N, logits_NC, gold_N, step_N = (array[first_N] for array in (found.ids_N, found.logits_NC, found.gold_N, found.step_N))
        order_hash = hashlib.sha256("\n".join(ids_N).encode()).hexdigest()
        self.folder.publish_epoch(Epoch(self.epoch, ids_N, gold_N, logits_NC, step_N, self.capture, order_hash, complete))

    def _checked(self, ids: Any, logits: Any, gold: Any, step: int) -> Recorded:
        ids_B = np.array([str(i) for i in _array(ids).tolist()], object)
        logits_BC, gold_B = _array(logits).astype(np.float32), _array(gold).astype(np.int64)
        if logits_BC.ndim != 2 or not ids_B.shape == gold_B.shape == logits_BC.shape[:1]:
            shapes = f"ids {ids_B.shape}, logits {logits_BC.shape}, gold {gold_B.shape}"
            raise InputError(f"a batch of epoch {self.epoch} has {shapes}", "Add (B,) ids, (B, C) logits and (B,) gold")
        return Recorded(ids_B, logits_BC, gold_B, np.full(len(ids_B), step))

    def clear(self) -> None:
        """Forgets what was added since the epoch began."""
        self._batches: list[tuple[Any, Any, Any, int]] = []
        self._step = 0


def _kept(values: Any) -> Any:
    """Safe from what the loop does next, without waiting for a device."""
    return values.detach().clone() if hasattr(values, "detach") else np.array(values)


def _array(values: Any) -> np.ndarray:
    if not hasattr(values, "detach"):
        return values
    return values.float().cpu().numpy() if values.is_floating_point() else values.cpu().numpy()
