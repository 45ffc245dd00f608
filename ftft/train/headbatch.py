"""Head tuning: runs on the same features, trained at once as one tensor, and recorded as if each were alone.

Shapes: R runs, N examples that they see, D features, C classes, B examples of a batch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch

from ftft.domain import RunSpec
from ftft.domain.stabilisers import MMR, options
from ftft.dynamics import Epoch
from ftft.train import linear
from ftft.train.engine import Budget
from ftft.train.order import epoch_batches, order_hash
from ftft.train.task import Examples


@dataclass(frozen=True)
class Begun:
    """A run and the heads that it begins with, (H, C, D) and (H, C). `learns_bias`: some architectures have none."""

    spec: RunSpec
    budget: Budget
    weight_HCD: torch.Tensor
    bias_HC: torch.Tensor
    learns_bias: bool = True

    @property
    def window(self) -> int:
        """Examples of an update."""
        return self.spec.batch_size * self.spec.grad_accum

    @property
    def shape(self) -> tuple:
        """Runs of the same shape can share a tensor, and a recipe."""
        spec = self.spec
        return len(self.weight_HCD), self.window, spec.warmup, spec.weight_decay, self.learns_bias


class HeadBatch:
    """`fit` trains them; `close(run, epoch)` takes what run number `run` has recorded of an epoch.

    `feature_ND`: as the last layer takes them in. All runs see all of `examples`, each in its own order.
    """

    def __init__(self, feature_ND: np.ndarray, examples: Examples, runs: Sequence[Begun], close: Callable[[int, Epoch], object]) -> None:
        assert len({run.shape for run in runs}) == 1
        self.feature_ND, self.examples, self.runs, self.close = feature_ND, examples, runs, close
        self.left_out = [examples.row_of(run.spec.left_out) for run in runs]
        classes = runs[0].weight_HCD.shape[1]
        self.logits_RNC = np.zeros((len(runs), len(examples), classes), np.float32)
        self.step_RN = np.zeros((len(runs), len(examples)), np.int64)
        self.is_there_RB = np.zeros((len(runs), runs[0].window), bool)  # of the batch on its way: the others fill it up
        self.hashes: list[str] = []

    def fit(self) -> linear.Heads:
        """The heads as they end."""
        first = self.runs[0]
        recipe = linear.Recipe(warmup=first.spec.warmup, weight_decay=first.spec.weight_decay, bias=first.learns_bias)
        runs = linear.Runs(
            torch.zeros(len(self.runs), dtype=torch.int64),
            torch.stack([run.weight_HCD for run in self.runs]),
            torch.stack([run.bias_HC for run in self.runs]),
            torch.tensor([run.spec.lr for run in self.runs]),
            torch.tensor([run.budget.steps for run in self.runs]),
            torch.tensor([_alpha(run.spec) for run in self.runs]),
        )
        gold_SN = torch.from_numpy(self.examples.gold_N)[None]
        return linear.fit(torch.from_numpy(self.feature_ND)[None], gold_SN, runs, recipe, self._batches(), self._record)

    def _batches(self) -> Iterator[linear.Batch]:
        """Each run in its own order, as `Order` gives it."""
        length_N, window = self.examples.tokens.length_N, self.runs[0].window
        for epoch in count(1):
            of_runs = [epoch_batches(length_N, window, run.spec.seeds.order, epoch) for run in self.runs]
            self.hashes = [order_hash(batches) for batches in of_runs]
            for rows in zip(*of_runs, strict=True):
                yield self._batch(rows)

    def _batch(self, rows: Sequence[np.ndarray]) -> linear.Batch:
        row_RB = np.zeros(self.is_there_RB.shape, np.int64)
        weight_RB = np.zeros(row_RB.shape, np.float32)
        self.is_there_RB[:] = False
        for run, row_B in enumerate(rows):
            row_RB[run, : len(row_B)] = row_B
            weight_RB[run, : len(row_B)] = 1 / len(row_B)
            self.is_there_RB[run, : len(row_B)] = True
            if self.left_out[run] is not None:
                weight_RB[run, row_RB[run] == self.left_out[run]] = 0.0
        return linear.Batch(torch.from_numpy(row_RB), torch.from_numpy(weight_RB))

    def _record(self, step: int, batch: linear.Batch, logits_RBC: torch.Tensor) -> None:
        """Steps are counted from 0 here, and from 1 in what is recorded."""
        row_RB, done = batch.row_RB.numpy(), step + 1
        run_K, place_K = np.nonzero(self.is_there_RB)
        row_K = row_RB[run_K, place_K]
        self.logits_RNC[run_K, row_K] = logits_RBC.float().numpy()[run_K, place_K]
        self.step_RN[run_K, row_K] = done
        budget = self.runs[0].budget
        ends = budget.ends_epoch(done)
        for run, one in enumerate(self.runs):
            if done <= one.budget.steps and (ends or done == one.budget.steps):
                self._close(run, budget.epoch(done), ends)

    def _close(self, run: int, number: int, complete: bool) -> None:
        """Of an epoch that was cut short, only what it saw."""
        seen_N = self.step_RN[run] > (number - 1) * self.runs[0].budget.per_epoch
        examples, spec = self.examples, self.runs[run].spec
        epoch = Epoch(
            number, examples.ids_N[seen_N], examples.gold_N[seen_N], self.logits_RNC[run, seen_N], self.step_RN[run, seen_N], spec.capture,
            self.hashes[run], complete,
        )  # fmt: skip
        self.close(run, epoch)


def _alpha(spec: RunSpec) -> float:
    """What MMR counts."""
    part = next((part for part in spec.methods or () if part.partition(":")[0] == MMR), None)
    return float(options(part)[1]["alpha"]) if part else 0.0
