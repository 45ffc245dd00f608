"""Training dynamics while they happen: what the model said about each example in the forward pass that trained it.

The records of an epoch that has not ended lie inside each checkpoint. A resumed run therefore goes on with exactly the records of the
steps that it will not repeat: no example can be recorded twice, or missed.

Shapes: B examples of a batch, R records of the epoch so far, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

NOBODY = -1  # row of what is no example


@dataclass(frozen=True)
class Records:
    """Rows of the training set in the order in which they were seen, each once. `step_R`: the update that used it, from 1."""

    row_R: np.ndarray
    logits_RC: np.ndarray  # float32
    step_R: np.ndarray

    def __post_init__(self) -> None:
        assert len(np.unique(self.row_R)) == len(self.row_R), "an example was recorded twice in one epoch"

    @classmethod
    def merged(cls, parts: Sequence["Records"]) -> "Records":
        """The records of several processes as one, in the order of the updates."""
        parts = [part for part in parts if len(part.row_R)] or parts[:1]
        row_R, step_R = np.concatenate([p.row_R for p in parts]), np.concatenate([p.step_R for p in parts])
        by_step_R = np.argsort(step_R, kind="stable")
        return cls(row_R[by_step_R], np.concatenate([p.logits_RC for p in parts])[by_step_R], step_R[by_step_R])

    def save(self, file: Path) -> None:
        """Writes them as part of a checkpoint."""
        np.savez(file, row_R=self.row_R, logits_RC=self.logits_RC, step_R=self.step_R)


class Recorder:
    """Collects one epoch. Logits stay where the model is until they are asked for, so that recording never waits for a device."""

    def __init__(self) -> None:
        self._batches: list[tuple[torch.Tensor, torch.Tensor, int]] = []

    def add(self, row_B: torch.Tensor, logits_BC: torch.Tensor, step: int) -> None:
        """`step` is the update that this forward pass belongs to, counted from 1."""
        self._batches.append((row_B, logits_BC.detach().float(), step))

    def records(self) -> Records:
        """What this process has recorded since the epoch began."""
        if not self._batches:
            return Records(np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros(0, np.int64))
        row_R = torch.cat([rows.cpu() for rows, _, _ in self._batches]).numpy()
        logits_RC = torch.cat([logits.cpu() for _, logits, _ in self._batches]).numpy()
        step_R = np.repeat([step for *_, step in self._batches], [len(rows) for rows, *_ in self._batches])
        is_example_R = row_R != NOBODY
        return Records(row_R[is_example_R], logits_RC[is_example_R], step_R[is_example_R])

    def clear(self) -> None:
        """The next epoch begins."""
        self._batches = []

    def load(self, file: Path) -> None:
        """Replaces the records by those of a checkpoint."""
        self.clear()
        with np.load(file) as stored:
            row_R, logits_RC, step_R = stored["row_R"], stored["logits_RC"], stored["step_R"]
        for step in np.unique(step_R):
            of_step = step_R == step
            self.add(torch.from_numpy(row_R[of_step]), torch.from_numpy(logits_RC[of_step]), int(step))
