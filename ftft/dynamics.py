"""Training dynamics: what a model said about every training example, epoch by epoch.

Shapes: E epochs, N examples, C classes.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from ftft.domain import Finding
from ftft.metrics import p_gold

ANOTHER_COPY = "Copy the file again from where the run was made, or train it again"  # the remedy for an unfit epoch
SAME_P = 1e-6  # between what a file says and what its logits give


@dataclass(frozen=True)
class Epoch:
    """What one epoch recorded. `logits_NC` of the training pass (capture "online") or of an evaluation pass at its end ("epoch_end").

    `step_N` is the optimiser step that used the example, counted from 1; `order_hash` identifies the order of the examples.
    `p_gold_N` is what the file says of an epoch that was read back: worked out once, so that no machine's `exp` changes a map by a bit.
    """

    number: int
    ids_N: np.ndarray  # text
    gold_N: np.ndarray  # int: place of the label in the dataset's labels
    logits_NC: np.ndarray  # float32
    step_N: np.ndarray
    capture: str
    order_hash: str
    complete: bool = True
    p_gold_N: np.ndarray | None = None  # float64

    def check(self) -> "Epoch":
        """The epoch, read back from a file, when it is sound in itself; UnfitError otherwise."""
        assert self.p_gold_N is not None
        classes = self.logits_NC.shape[1]
        if not (self.ids_N[1:] > self.ids_N[:-1]).all():
            raise UnfitError("its ids are not distinct and in order")
        if bad := int((~np.isfinite(self.logits_NC)).any(axis=1).sum()):
            raise UnfitError(f"{bad} of its rows have logits that are not finite")
        if self.gold_N.min() < 0 or self.gold_N.max() >= classes:
            raise UnfitError(f"its gold labels are not all among its {classes} classes")
        same_N = np.abs(self.p_gold_N - p_gold(self.logits_NC[None], self.gold_N)[0]) <= SAME_P
        if not same_N.all():
            raise UnfitError(f"p_gold of {int((~same_N).sum())} of its rows is not what their logits give")
        return self

    def members(self) -> "Members":
        """Which examples it tells of."""
        return Members.of(self.ids_N, self.gold_N, self.logits_NC.shape[1])


class UnfitError(Exception):
    """An epoch that cannot be used; the text says why, as the end of a sentence."""


@dataclass(frozen=True)
class Members:
    """The examples of an epoch, in short: all epochs of a run have the same. `ids` and `gold` are hashes."""

    count: int
    classes: int
    ids: str
    gold: str

    @classmethod
    def of(cls, ids_N: np.ndarray, gold_N: np.ndarray, classes: int) -> "Members":
        """These examples, in this order."""
        ids = hashlib.sha256("\n".join(ids_N).encode()).hexdigest()
        return cls(len(ids_N), classes, ids, hashlib.sha256(np.ascontiguousarray(gold_N, "<i4").tobytes()).hexdigest())

    def unlike(self, first: "Members") -> str | None:
        """Why an epoch with these members cannot stand beside the run's first one; None where it can."""
        if self.classes != first.classes:
            return f"it has {self.classes} classes, the epochs before it have {first.classes}"
        if self.ids != first.ids:
            return f"its {self.count} examples are not the {first.count} of the epochs before it"
        return "its gold labels are not those of the epochs before it" if self.gold != first.gold else None


@dataclass(frozen=True)
class Dynamics:
    """The complete epochs of one run, stacked: row n of every array is the same example, ordered by id as text.

    `epochs[e]` is the number of the e-th row, counted from 1; `order_hashes[e]` identifies the order in which that epoch saw the examples.
    """

    run: str
    ids_N: np.ndarray  # text
    gold_N: np.ndarray  # int: place of the label in the dataset's labels
    logits_ENC: np.ndarray  # float32
    epochs: tuple[int, ...]
    capture: str
    order_hashes: tuple[str, ...]


@dataclass(frozen=True)
class Measures:
    """Metrics without the dynamics behind them, as others publish them: all that is known of such a run. Ordered by id as text.

    `values[metric]` is (N,) float64, NaN only for the forgetting of an example that was never learnt. `epochs` is how many they were
    taken over, at least so many where `exact` is False.
    """

    run: str
    ids_N: np.ndarray  # text
    gold_N: np.ndarray  # int: place of the label in the dataset's labels
    values: dict[str, np.ndarray]
    epochs: int
    exact: bool


def left_out(run: str, file: str, problem: str) -> Finding:
    """An epoch that no map can take, and what to do."""
    return Finding("epoch_left_out", 1, (file,), f"{file} of run {run} is left out: {problem}. {ANOTHER_COPY}")
