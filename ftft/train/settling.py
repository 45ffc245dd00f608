"""A reference ends early once what it selects no longer changes: a look at the dynamics after every whole epoch.

Nothing of it is in a checkpoint, since everything follows from the epochs that are published.

Shapes: E epochs, N examples.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ftft.domain.spec import SETTLED
from ftft.dynamics import Epoch
from ftft.reliability import consecutive_overlaps, settled
from ftft.runfolder import RunFolder


@dataclass
class Settling:
    """`q`: the share of most variable examples that is selected. `patience`: how many epochs must leave it nearly as it was.

    `steps`: the whole budget; what settles with its end has stopped nothing.
    """

    folder: RunFolder
    q: float
    patience: int
    steps: int

    def after_epoch(self) -> bool:
        """Whether training should end with the epoch that has just been published."""
        self.__dict__.pop("overlaps", None)
        return self.ended

    @property
    def ended(self) -> bool:
        """Has the selection settled with the last epoch?"""
        return settled(self.overlaps, self.patience)

    @cached_property
    def overlaps(self) -> list[float]:
        """What each epoch after the second left of the selection before: the share that is still in it."""
        epochs = [self.folder.sound_epoch(number) for number in self.folder.epoch_files()]
        if len(epochs) < 3:  # variability is 0 after the first
            return []
        p_gold_EN = np.stack([_p_gold(epoch) for epoch in epochs])
        return consecutive_overlaps(epochs[0].ids_N, p_gold_EN, self.q)

    def to_json(self, step: int) -> dict[str, Any]:
        """As in the verdict's `stop`, for a run that ended with this step: `best` is the last overlap, 0 before there is one."""
        best = self.overlaps[-1] if self.overlaps else 0.0
        early = self.ended and step < self.steps
        return {"on": SETTLED, "step": step, "best_step": step, "best": best, "early": early, "overlaps": self.overlaps}


def _p_gold(epoch: Epoch) -> np.ndarray:
    assert epoch.p_gold_N is not None, "read from a file"
    return epoch.p_gold_N
