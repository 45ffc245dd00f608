"""Scores of a model on labelled examples: how good its predictions are. The prediction is the class with the highest logit.

Where a label means any of several classes (HANS says non-entailment, the model neutral or contradiction), accuracy and F1 count the
prediction of any of them as that label, as McCoy et al. 2019 do; for AUROC and loss, its probability is the sum of theirs.

Shapes: N examples, C classes.
"""

from collections.abc import Sequence

import numpy as np

SCORES = ("accuracy", "macro_f1", "auroc", "loss")


def scores(gold_N: np.ndarray, logits_NC: np.ndarray, counts_as_C: Sequence[int] | None = None) -> dict[str, float | None]:
    """`{"accuracy", "macro_f1", "auroc", "loss"}`; only `auroc` can be None.

    `counts_as_C`: what a prediction of each class counts as, in the numbers of gold; None: itself (`Dataset.counts_as`).
    """
    assert len(gold_N) == len(logits_NC) > 0
    assert np.isfinite(logits_NC).all()
    logits_NC = logits_NC.astype(np.float64)
    pred_N = logits_NC.argmax(axis=1)
    if counts_as_C is not None:
        answers, answer_C = np.unique(counts_as_C, return_inverse=True)
        assert np.isin(gold_N, answers).all()
        gold_N, pred_N, logits_NC = np.searchsorted(answers, gold_N), answer_C[pred_N], joined(logits_NC, answer_C)
    return {
        "accuracy": float((pred_N == gold_N).mean()),
        "macro_f1": macro_f1(gold_N, pred_N),
        "auroc": auroc(gold_N, logits_NC),
        "loss": loss(gold_N, logits_NC),
    }


def joined(logits_NC: np.ndarray, answer_C: np.ndarray) -> np.ndarray:
    """Logits of answers, each of which one or several classes give: the softmax of an answer is the sum of theirs."""
    return np.stack([log_sum_exp(logits_NC[:, answer_C == answer]) for answer in range(answer_C.max() + 1)], axis=1)


def macro_f1(gold_N: np.ndarray, pred_N: np.ndarray) -> float:
    """Mean F1 over the classes that occur in gold, in [0, 1]. A class that is only predicted is no term of its own."""
    terms = []
    for label in np.unique(gold_N):
        hits = ((gold_N == label) & (pred_N == label)).sum()
        terms.append(2 * hits / ((gold_N == label).sum() + (pred_N == label).sum()))
    return float(np.mean(terms))


def auroc(gold_N: np.ndarray, logits_NC: np.ndarray) -> float | None:
    """Chance that a random example of a class ranks above a random other one, in [0, 1]; ties count half. None where gold has one class.

    Beyond two classes the mean over the classes that occur in gold, each against the rest. Examples rank by the log-odds of the class,
    which order them as its probability does but do not saturate at 1. Mann and Whitney 1947; Hand and Till 2001 for the alternatives.
    """
    from scipy.stats import rankdata

    labels = np.unique(gold_N)
    if len(labels) < 2:
        return None
    if logits_NC.shape[1] == 2:
        labels = labels[1:]  # the other class gives the same number
    areas = []
    for label in labels:
        is_label_N = gold_N == label
        n, rest = is_label_N.sum(), (~is_label_N).sum()
        rank_sum = rankdata(log_odds(logits_NC, label))[is_label_N].sum()
        areas.append((rank_sum - n * (n + 1) / 2) / (n * rest))
    return float(np.mean(areas))


def loss(gold_N: np.ndarray, logits_NC: np.ndarray) -> float:
    """Mean negative log-likelihood of gold, in nats."""
    gold_logit_N = logits_NC[np.arange(len(gold_N)), gold_N]
    return float((log_sum_exp(logits_NC) - gold_logit_N).mean())


def log_odds(logits_NC: np.ndarray, label: int) -> np.ndarray:
    return logits_NC[:, label] - log_sum_exp(np.delete(logits_NC, label, axis=1))


def log_sum_exp(values_NC: np.ndarray) -> np.ndarray:
    highest_N1 = values_NC.max(axis=1, keepdims=True)
    return highest_N1[:, 0] + np.log(np.exp(values_NC - highest_N1).sum(axis=1))
