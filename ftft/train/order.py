"""Which examples come when, as a pure function of (seed, epoch): a resumed run sees the order that an undisturbed one would have seen.

Texts of similar length share a batch, which saves padding. Batches are then shuffled: Trainer's own grouped sampler starts with the longest
texts, a confound of data maps, and draws from the global generator, so that a resume in mid-epoch repeats some examples and drops others.

Shapes: N examples, B examples of a batch.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

GROUP = 50  # batches that are sorted by length together: more saves little padding and makes the batches of two epochs more alike
GROUPS = 4  # at least so many groups, or small sets would meet in the same batches every epoch


def epoch_batches(length_N: np.ndarray, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Row numbers of every batch of `epoch`, each row exactly once.

    A short batch, where `batch_size` does not divide N, holds random rows and comes at a random place: no refuge for the longest texts.
    """
    chance = np.random.default_rng((seed, epoch))
    row_N = chance.permutation(len(length_N))
    whole = len(row_N) - len(row_N) % batch_size
    group = batch_size * max(1, min(GROUP, whole // (batch_size * GROUPS)))
    batches = [row_N[whole:]] if whole < len(row_N) else []
    for start in range(0, whole, group):
        rows = row_N[start : min(start + group, whole)]
        rows = rows[np.argsort(length_N[rows], kind="stable")]
        batches += np.split(rows, len(rows) // batch_size)
    return [batches[b] for b in chance.permutation(len(batches))]


def order_hash(batches: Sequence[np.ndarray]) -> str:
    """sha256 of the row numbers in the order in which they are seen: equal for two runs that share an order."""
    return hashlib.sha256(np.concatenate(batches).astype("<i8").tobytes()).hexdigest()


class Order:
    """A batch sampler for `torch.utils.data.DataLoader`; whoever trains sets `epoch`, counted from 1, before iterating.

    (A method `set_epoch` is missing on purpose: accelerate calls it on some of its wrappers and not on others.)
    """

    def __init__(self, length_N: np.ndarray, batch_size: int, seed: int) -> None:
        self.length_N, self.batch_size, self.seed, self.epoch = length_N, batch_size, seed, 1

    def __len__(self) -> int:
        return -(-len(self.length_N) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        for row_B in self._batches():
            yield row_B.tolist()

    def hash(self) -> str:
        """`order_hash` of the present epoch."""
        return order_hash(self._batches())

    def _batches(self) -> list[np.ndarray]:
        return epoch_batches(self.length_N, self.batch_size, self.seed, self.epoch)
