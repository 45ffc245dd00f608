"""Training dynamics while they happen: what the model said about each example in the forward pass that trained it.

The records of an epoch that has not ended lie inside each checkpoint. A resumed run therefore goes on with exactly the records of the
steps that it will not repeat: no example can be recorded twice, or missed.

Shapes: B examples of a batch, R records of the epoch so far, C classes.
"""

from pathlib import Path

import numpy as np
import torch


class Recorder:
    """Collects one epoch. Logits stay where the model is until they are asked for, so that recording never waits for a device."""

    def __init__(self) -> None:
        self._batches: list[tuple[torch.Tensor, torch.Tensor, int]] = []

    def add(self, row_B: torch.Tensor, logits_BC: torch.Tensor, step: int) -> None:
        """`step` is the update that this forward pass belongs to, counted from 1."""
        self._batches.append((row_B, logits_BC.detach().float(), step))

    def records(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`row_R`, `logits_RC` (float32) and `step_R`, in the order in which the examples were seen."""
        if not self._batches:
            return np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros(0, np.int64)
        row_R = torch.cat([rows.cpu() for rows, _, _ in self._batches]).numpy()
        logits_RC = torch.cat([logits.cpu() for _, logits, _ in self._batches]).numpy()
        step_R = np.repeat([step for *_, step in self._batches], [len(rows) for rows, *_ in self._batches])
        assert len(np.unique(row_R)) == len(row_R), "an example was recorded twice in one epoch"
        return row_R, logits_RC, step_R

    def clear(self) -> None:
        """The next epoch begins."""
        self._batches = []

    def save(self, file: Path) -> None:
        """Writes the records so far as part of a checkpoint."""
        row_R, logits_RC, step_R = self.records()
        np.savez(file, row_R=row_R, logits_RC=logits_RC, step_R=step_R)

    def load(self, file: Path) -> None:
        """Replaces the records by those of a checkpoint."""
        self.clear()
        with np.load(file) as stored:
            row_R, logits_RC, step_R = stored["row_R"], stored["logits_RC"], stored["step_R"]
        for step in np.unique(step_R):
            of_step = step_R == step
            self.add(torch.from_numpy(row_R[of_step]), torch.from_numpy(logits_RC[of_step]), int(step))
