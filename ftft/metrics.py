"""Metrics of training dynamics: arrays in, one number an example out. No files, no database, no torch.

A metric is one function and one line in METRICS: that line puts it into the menus, `--help`, the reference and the contract tests.
Which pass the logits come from (online, or at an epoch's end) is recorded with the run; the formulas are the same for both.

Shapes: E epochs, N examples, C classes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from ftft.errors import unknown

BLOCK = 1 << 13  # examples worked on at a time: the intermediate arrays stay in the processor's cache, whatever N
WIDE = 1 << 15  # of Seen, which has no classes: in smaller steps, two threads would wait for each other's interpreter more than they work
CARTOGRAPHY = "Swayamdipta et al. 2020"


@dataclass(frozen=True)
class Metric:
    """A line of METRICS. `range` is (lowest, highest), None where E, C or the logits decide; `where` is "module:attribute".

    `of_logits`: p(gold) and right or wrong are not enough for it, it takes the logits of all classes.
    """

    name: str
    range: tuple[float | None, float | None]
    description: str
    source: str
    where: str
    of_logits: bool = False

    def load(self) -> Callable[[Any], np.ndarray]:
        """The function Trajectories (or, unless `of_logits`, Seen) -> values_N, imported on first use."""
        module, attribute = self.where.split(":")
        return getattr(import_module(module), attribute)

    def __call__(self, logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
        """The metric of every example, (N,) float64."""
        return compute([self.name], logits_ENC, gold_N)[self.name]


# fmt: off
METRICS = {
    m.name: m
    for m in (
        Metric("confidence", (0, 1), "Mean probability of the gold label over the epochs", CARTOGRAPHY, "ftft.metrics:confidence"),
        Metric("variability", (0, 0.5), "Standard deviation of that probability", CARTOGRAPHY, "ftft.metrics:variability"),
        Metric("correctness", (0, None), "Number of epochs with the right answer", CARTOGRAPHY, "ftft.metrics:correctness"),
        Metric("forgetting", (0, None), "Times right became wrong; none if never right", "Toneva et al. 2019", "ftft.metrics:forgetting"),
        Metric("threshold_closeness", (0, 0.25), "Confidence × (1 − confidence)", CARTOGRAPHY, "ftft.metrics:threshold_closeness"),
        Metric("aum", (None, None), "Mean margin of the gold logit over the next best", "Pleiss et al. 2020", "ftft.metrics:aum", True),
        Metric("el2n", (0, 2**0.5), "Mean distance of probabilities from the gold label", "Paul et al. 2021", "ftft.metrics:el2n", True),
        Metric("aleatoric", (0, 0.25), "Mean of p(gold) × (1 − p(gold))", "Data-IQ, Seedat et al. 2022", "ftft.metrics:aleatoric"),
        Metric("entropy", (0, None), "Mean entropy of the predictions, in nats", "Shannon 1948", "ftft.metrics:entropy", True),
        Metric("loss", (0, None), "Mean −log-likelihood of the gold label, in nats", "the training objective", "ftft.metrics:loss", True),
    )
}
# fmt: on


def metric(name: str) -> Metric:
    """The metric registered as `name`; InputError names the nearest ones."""
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return METRICS[name]


def compute(names: Iterable[str], logits_ENC: np.ndarray, gold_N: np.ndarray) -> dict[str, np.ndarray]:
    """`{name: values_N}`, float64, for every metric in `names`. Works block by block: memory stays flat, and the softmax is shared."""
    return over_blocks(names, len(gold_N), (Trajectories(logits_ENC[:, block], gold_N[block]) for block in blocks(len(gold_N))))


def over_blocks(names: Iterable[str], n: int, seen: Iterable["Seen | Trajectories"], size: int = BLOCK) -> dict[str, np.ndarray]:
    """For `n` examples whose blocks come one after the other, as `blocks` cuts them: Trajectories, or Seen where it is enough."""
    functions = {name: metric(name).load() for name in names}
    values = dict(zip(functions, np.empty((len(functions), n)), strict=True))  # one piece: the system gives large ones in large pages
    for block, of_block in zip(blocks(n, size), seen, strict=True):
        for name, function in functions.items():
            values[name][block] = function(of_block)
    return values


def blocks(n: int, size: int = BLOCK) -> list[slice]:
    """`n` examples, `size` at a time; the last one takes one more rather than leave it alone.

    NumPy sums a single column in another order than columns side by side: so no value differs by a bit, wherever examples are cut.
    """
    starts = range(0, n - (n > 1), size)
    return [slice(start, end) for start, end in zip(starts, [*starts[1:], n], strict=True)] if n else []


def p_gold(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Probability of the gold label in each epoch, (E, N), float64 in [0, 1]."""
    return Trajectories(logits_ENC, gold_N).p_gold_EN


def is_correct(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """(E, N) bool: the gold label has the highest logit. A tie counts as wrong."""
    return Trajectories(logits_ENC, gold_N).correct_EN


class _Gold:
    """What is made of p(gold) alone."""

    p_gold_EN: np.ndarray
    rows: Sequence[np.ndarray]  # those of p_gold_EN: what goes through them one by one stays in the processor's cache

    @cached_property
    def mean_N(self) -> np.ndarray:
        """Mean over the epochs of p(gold): what confidence is, and variability is measured from."""
        return _sum(self.rows) / len(self.rows)


class Seen(_Gold):
    """p(gold) and right or wrong of some examples, epoch by epoch: enough for most metrics. Rows are put together on first use."""

    def __init__(self, p_gold: Sequence[np.ndarray], correct: Sequence[np.ndarray]) -> None:
        self.rows, self._correct = p_gold, correct

    @cached_property
    def p_gold_EN(self) -> np.ndarray:
        """Probability of the gold label, float64 in [0, 1]."""
        return np.stack(self.rows)

    @cached_property
    def correct_EN(self) -> np.ndarray:
        """Whether the gold label has the highest logit, alone: a tie is wrong, so that a constant model is never right."""
        return np.stack(self._correct)


class Trajectories(_Gold):
    """Logits and gold labels, and what the metrics are made of: each worked out on first use, and once for all metrics.

    Classes come first (CEN), so that every reduction over them runs along whole rows of memory.
    """

    def __init__(self, logits_ENC: np.ndarray, gold_N: np.ndarray) -> None:
        assert logits_ENC.ndim == 3
        assert len(logits_ENC) > 0, "at least one epoch"
        assert logits_ENC.shape[1] == len(gold_N)
        self.logits_CEN = np.ascontiguousarray(np.moveaxis(logits_ENC, 2, 0), dtype=np.float64)
        self.gold_N = gold_N

    @cached_property
    def log_p_CEN(self) -> np.ndarray:
        """Log-probabilities of all classes, at most 0; finite for all finite logits."""
        z_CEN = self.logits_CEN - self.logits_CEN.max(axis=0)
        return z_CEN - np.log(np.exp(z_CEN).sum(axis=0))

    @cached_property
    def p_CEN(self) -> np.ndarray:
        """Probabilities of all classes, in [0, 1]."""
        return np.exp(self.log_p_CEN)

    @cached_property
    def p_gold_EN(self) -> np.ndarray:
        """Probability of the gold label, in [0, 1]."""
        return self.of_gold(self.p_CEN)

    @property
    def rows(self) -> Sequence[np.ndarray]:
        """The rows of p_gold_EN."""
        return list(self.p_gold_EN)

    @cached_property
    def margin_EN(self) -> np.ndarray:
        """Gold logit minus the highest other one."""
        others_CEN = self.logits_CEN.copy()
        np.put_along_axis(others_CEN, self.gold_N[None, None, :], -np.inf, axis=0)
        return self.of_gold(self.logits_CEN) - others_CEN.max(axis=0)

    @cached_property
    def correct_EN(self) -> np.ndarray:
        """As in Seen."""
        return self.margin_EN > 0

    def of_gold(self, values_CEN: np.ndarray) -> np.ndarray:
        """The gold label's row of `values_CEN`, (E, N)."""
        return np.take_along_axis(values_CEN, self.gold_N[None, None, :], axis=0)[0]


def _sum(rows: Iterable[np.ndarray]) -> np.ndarray:
    """Added from the first to the last, as NumPy adds rows of a larger array."""
    others = iter(rows)
    total = np.array(next(others))
    for row in others:
        total += row
    return total


def confidence(seen: Seen | Trajectories) -> np.ndarray:
    """Mean over epochs of p(gold), in [0, 1]. Swayamdipta et al. 2020."""
    return seen.mean_N


def variability(seen: Seen | Trajectories, ddof: int = 0) -> np.ndarray:
    """Standard deviation over epochs of p(gold), in [0, 0.5] with `ddof` 0. Swayamdipta et al. 2020, where it is 0; FTFT's code has 1."""
    assert ddof < len(seen.rows), "the deviation of a sample needs two epochs"
    return np.sqrt(_sum(np.square(p_gold_N - seen.mean_N) for p_gold_N in seen.rows) / (len(seen.rows) - ddof))


def correctness(seen: Seen | Trajectories) -> np.ndarray:
    """Number of epochs in which the gold label has the highest logit, 0..E. Swayamdipta et al. 2020."""
    return seen.correct_EN.view(np.uint8).sum(axis=0, dtype=np.uint16).astype(np.float64)


def forgetting(seen: Seen | Trajectories) -> np.ndarray:
    """How often right turned into wrong from one epoch to the next, 0..E-1; NaN where never right (never learnt). Toneva et al. 2019."""
    forgotten_N = (seen.correct_EN[:-1] & ~seen.correct_EN[1:]).sum(axis=0).astype(np.float64)
    return np.where(seen.correct_EN.any(axis=0), forgotten_N, np.nan)


def threshold_closeness(seen: Seen | Trajectories) -> np.ndarray:
    """Confidence × (1 − confidence), in [0, 0.25]. Swayamdipta et al. 2020."""
    confidence_N = confidence(seen)
    return confidence_N * (1 - confidence_N)


def aum(seen: Trajectories) -> np.ndarray:
    """Area under the margin: mean over epochs of the gold logit minus the highest other one, any real number. Pleiss et al. 2020."""
    return seen.margin_EN.mean(axis=0)


def el2n(seen: Trajectories) -> np.ndarray:
    """Mean over epochs of the L2 norm of probabilities minus one-hot gold, in [0, √2]. Paul et al. 2021."""
    error_CEN = seen.p_CEN.copy()
    np.put_along_axis(error_CEN, seen.gold_N[None, None, :], seen.p_gold_EN - 1, axis=0)
    return np.sqrt((error_CEN**2).sum(axis=0)).mean(axis=0)


def aleatoric(seen: Seen | Trajectories) -> np.ndarray:
    """Mean over epochs of p(gold) × (1 − p(gold)), in [0, 0.25]. Data-IQ, Seedat et al. 2022."""
    return (seen.p_gold_EN * (1 - seen.p_gold_EN)).mean(axis=0)


def entropy(seen: Trajectories) -> np.ndarray:
    """Mean over epochs of the entropy of all probabilities, in nats, in [0, ln C]."""
    return -(seen.p_CEN * seen.log_p_CEN).sum(axis=0).mean(axis=0)


def loss(seen: Trajectories) -> np.ndarray:
    """Mean over epochs of −log p(gold), in nats, at least 0; from the logits, so that it stays finite where p(gold) underflows."""
    return -seen.of_gold(seen.log_p_CEN).mean(axis=0)
