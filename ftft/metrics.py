"""Metrics of training dynamics: arrays in, one number an example out. No files, no database, no torch.

A metric is one function and one line in METRICS: that line puts it into the menus, `--help`, the reference and the contract tests.
Which pass the logits come from (online, or at an epoch's end) is recorded with the run; the formulas are the same for both.

Shapes: E epochs, N examples, C classes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from ftft.errors import unknown

BLOCK = 1 << 15  # examples worked on at a time: the temporary arrays stay in the processor's cache, whatever N


@dataclass(frozen=True)
class Metric:
    """A line of METRICS. `range` is (lowest, highest), None where E, C or the logits decide; `where` is "module:attribute"."""

    name: str
    range: tuple[float | None, float | None]
    description: str
    source: str
    where: str

    def load(self) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """The function (logits_ENC, gold_N) -> values_N, imported on first use."""
        module, attribute = self.where.split(":")
        return getattr(import_module(module), attribute)

    def __call__(self, logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
        """The metric of every example, float64."""
        return self.load()(logits_ENC, gold_N)


METRICS = {
    m.name: m
    for m in (
        Metric(
            "confidence", (0, 1), "Mean probability of the gold label over the epochs", "Swayamdipta et al. 2020", "ftft.metrics:confidence"
        ),
        Metric("variability", (0, 0.5), "Standard deviation of that probability", "Swayamdipta et al. 2020", "ftft.metrics:variability"),
        Metric("correctness", (0, None), "Number of epochs with the right answer", "Swayamdipta et al. 2020", "ftft.metrics:correctness"),
        Metric(
            "forgetting",
            (0, None),
            "How often right turned into wrong; none if never right",
            "Toneva et al. 2019",
            "ftft.metrics:forgetting",
        ),
        Metric(
            "threshold_closeness", (0, 0.25), "Confidence × (1 − confidence)", "Swayamdipta et al. 2020", "ftft.metrics:threshold_closeness"
        ),
        Metric("aum", (None, None), "Mean margin of the gold logit over the next best", "Pleiss et al. 2020", "ftft.metrics:aum"),
        Metric("el2n", (0, 2**0.5), "Mean distance of the probabilities from the gold label", "Paul et al. 2021", "ftft.metrics:el2n"),
        Metric("aleatoric", (0, 0.25), "Mean of p(gold) × (1 − p(gold))", "Data-IQ, Seedat et al. 2022", "ftft.metrics:aleatoric"),
        Metric("entropy", (0, None), "Mean entropy of the predictions, in nats", "Shannon 1948", "ftft.metrics:entropy"),
        Metric("loss", (0, None), "Mean negative log-likelihood of the gold label, in nats", "the training objective", "ftft.metrics:loss"),
    )
}


def metric(name: str) -> Metric:
    """The metric registered as `name`; InputError names the nearest ones."""
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return METRICS[name]


def compute(names: Iterable[str], logits_ENC: np.ndarray, gold_N: np.ndarray) -> dict[str, np.ndarray]:
    """`{name: values_N}`, float64, for every metric in `names`; block by block, so that memory stays flat."""
    functions = {name: metric(name).load() for name in names}
    values = {name: np.empty(len(gold_N)) for name in functions}
    for start in range(0, len(gold_N), BLOCK):
        block = slice(start, start + BLOCK)
        logits_EBC = logits_ENC[:, block].astype(np.float64)
        for name, function in functions.items():
            values[name][block] = function(logits_EBC, gold_N[block])
    return values


# ---- what the metrics are made of


def p_gold(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Probability of the gold label in each epoch, (E, N), float64 in [0, 1]."""
    return _of_gold(softmax(logits_ENC), gold_N)


def softmax(logits_ENC: np.ndarray) -> np.ndarray:
    """Probabilities of all classes, (E, N, C), float64. No finite logits overflow."""
    z_ENC = logits_ENC.astype(np.float64)
    z_ENC -= z_ENC.max(axis=2, keepdims=True)
    np.exp(z_ENC, out=z_ENC)
    z_ENC /= z_ENC.sum(axis=2, keepdims=True)
    return z_ENC


def margin(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Gold logit minus the highest other one, (E, N), float64."""
    others_ENC = logits_ENC.astype(np.float64)
    gold_EN = _of_gold(others_ENC, gold_N)
    others_ENC[:, np.arange(len(gold_N)), gold_N] = -np.inf
    return gold_EN - others_ENC.max(axis=2)


def is_correct(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """(E, N) bool. A tie for the highest logit counts as wrong, so that a constant model is never right."""
    return margin(logits_ENC, gold_N) > 0


def _of_gold(values_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    return values_ENC[:, np.arange(len(gold_N)), gold_N]


# ---- the metrics


def confidence(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Mean over epochs of p(gold), in [0, 1]. Swayamdipta et al. 2020."""
    return p_gold(logits_ENC, gold_N).mean(axis=0)


def variability(logits_ENC: np.ndarray, gold_N: np.ndarray, ddof: int = 0) -> np.ndarray:
    """Standard deviation over epochs of p(gold); in [0, 0.5] with `ddof` 0, the population's. Swayamdipta et al. 2020; FTFT's code has `ddof` 1."""
    assert ddof < len(logits_ENC), "the sample's deviation needs two epochs"
    return p_gold(logits_ENC, gold_N).std(axis=0, ddof=ddof)


def correctness(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Number of epochs in which the gold label has the highest logit, 0..E. Swayamdipta et al. 2020."""
    return is_correct(logits_ENC, gold_N).sum(axis=0).astype(np.float64)


def forgetting(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """How often right turned into wrong from one epoch to the next, 0..E-1; NaN where never right (never learnt). Toneva et al. 2019."""
    correct_EN = is_correct(logits_ENC, gold_N)
    forgotten_N = (correct_EN[:-1] & ~correct_EN[1:]).sum(axis=0).astype(np.float64)
    return np.where(correct_EN.any(axis=0), forgotten_N, np.nan)


def threshold_closeness(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Confidence × (1 − confidence), in [0, 0.25]. Swayamdipta et al. 2020."""
    confidence_N = confidence(logits_ENC, gold_N)
    return confidence_N * (1 - confidence_N)


def aum(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Area under the margin: mean over epochs of the gold logit minus the highest other, any real number. Pleiss et al. 2020."""
    return margin(logits_ENC, gold_N).mean(axis=0)


def el2n(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Mean over epochs of the L2 norm of probabilities minus one-hot gold, in [0, √2]. Paul et al. 2021."""
    error_ENC = softmax(logits_ENC)
    error_ENC[:, np.arange(len(gold_N)), gold_N] -= 1
    return np.sqrt((error_ENC**2).sum(axis=2)).mean(axis=0)


def aleatoric(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Mean over epochs of p(1 − p), p = p(gold), in [0, 0.25]. Data-IQ, Seedat et al. 2022."""
    p_EN = p_gold(logits_ENC, gold_N)
    return (p_EN * (1 - p_EN)).mean(axis=0)


def entropy(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Mean over epochs of the entropy of all probabilities, in nats, in [0, ln C]."""
    p_ENC = softmax(logits_ENC)
    return -(p_ENC * np.log(p_ENC, out=np.zeros_like(p_ENC), where=p_ENC > 0)).sum(axis=2).mean(axis=0)


def loss(logits_ENC: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """Mean over epochs of −log p(gold), in nats, at least 0. Taken from the logits: it stays finite where p(gold) underflows."""
    z_ENC = logits_ENC.astype(np.float64)
    z_ENC -= z_ENC.max(axis=2, keepdims=True)
    return (np.log(np.exp(z_ENC).sum(axis=2)) - _of_gold(z_ENC, gold_N)).mean(axis=0)
