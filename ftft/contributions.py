"""What each example contributes to a score: numbers whose mean is the score, and whose spread says how far other examples would move it.

Accuracy and loss are means already. Macro-F1 and AUROC have the jackknife's pseudo-values (Tukey 1958), from the score without each
example in turn: macro-F1's from the confusion matrix, once a cell; AUROC's from placements (DeLong et al. 1988), in O(N log N).

An example that is the only one of its class takes the class along: without it, the score is the mean over the other classes, or, where one
class remains and AUROC does not exist, .5, what chance gives. A class of one example decides its whole term, and its pseudo-value
says so: it may be as large as N, and a difference of two methods that rests on it alone has a standard error as large as itself.

Shapes: N examples, C classes.
"""

from collections.abc import Sequence

import numpy as np

from ftft.scores import SCORES, auroc, joined, log_odds, log_sum_exp, macro_f1


def contributions(metric: str, gold_N: np.ndarray, logits_NC: np.ndarray, counts_as_C: Sequence[int] | None = None) -> np.ndarray | None:
    """(N,) float64 with the mean `ftft.scores.scores(…)[metric]`; None where that is None. Arguments as there."""
    assert metric in SCORES
    assert len(gold_N) == len(logits_NC) > 0
    logits_NC, gold_N = logits_NC.astype(np.float64), gold_N.astype(np.int64)
    pred_N = logits_NC.argmax(axis=1)
    if counts_as_C is not None:
        answers, answer_C = np.unique(counts_as_C, return_inverse=True)
        assert np.isin(gold_N, answers).all()
        gold_N, pred_N, logits_NC = np.searchsorted(answers, gold_N), answer_C[pred_N], joined(logits_NC, answer_C)
    if metric == "accuracy":
        return (pred_N == gold_N).astype(np.float64)
    if metric == "loss":
        return log_sum_exp(logits_NC) - logits_NC[np.arange(len(gold_N)), gold_N]
    if metric == "macro_f1":
        return _pseudo_values(macro_f1(gold_N, pred_N), macro_f1_without_N(gold_N, pred_N))
    score = auroc(gold_N, logits_NC)
    return None if score is None else _pseudo_values(score, auroc_without_N(gold_N, logits_NC))


def _pseudo_values(score: float, without_N: np.ndarray) -> np.ndarray:
    moves_N = (len(without_N) - 1) * (without_N.mean() - without_N)
    return score + (moves_N - moves_N.mean())  # centred twice: rounding grows with N


def macro_f1_without_N(gold_N: np.ndarray, pred_N: np.ndarray) -> np.ndarray:
    """Macro-F1 of the others, for each example; of a single example, its own."""
    if len(gold_N) == 1:
        return np.array([macro_f1(gold_N, pred_N)])
    classes = max(gold_N.max(), pred_N.max()) + 1
    gold_C, pred_C, hits_C = (np.bincount(v, minlength=classes) for v in (gold_N, pred_N, gold_N[gold_N == pred_N]))
    cells, cell_N = np.unique(gold_N * classes + pred_N, return_inverse=True)
    without = []
    for gold, pred in zip(*divmod(cells, classes), strict=True):
        gold_C[gold] -= 1
        pred_C[pred] -= 1
        hits_C[gold] -= gold == pred
        there_C = gold_C > 0
        without.append((2 * hits_C[there_C] / (gold_C + pred_C)[there_C]).mean())
        gold_C[gold] += 1
        pred_C[pred] += 1
        hits_C[gold] += gold == pred
    return np.array(without)[cell_N]


def auroc_without_N(gold_N: np.ndarray, logits_NC: np.ndarray) -> np.ndarray:
    """AUROC of the others, for each example, .5 where they are of one class; gold has two classes at least."""
    labels = np.unique(gold_N)
    if logits_NC.shape[1] == 2:
        labels = labels[1:]
    sum_N, terms_N = np.zeros(len(gold_N)), np.zeros(len(gold_N))
    for label in labels:
        area_N = _area_without_N(gold_N == label, log_odds(logits_NC, label))
        there_N = ~np.isnan(area_N)
        sum_N[there_N] += area_N[there_N]
        terms_N += there_N
    return np.where(terms_N > 0, sum_N / np.maximum(terms_N, 1), 0.5)


def _area_without_N(is_label_N: np.ndarray, value_N: np.ndarray) -> np.ndarray:
    """The area under one class's curve without each example: NaN for the only one of the class, or of the rest."""
    from scipy.stats import rankdata

    rank_N, without_N = rankdata(value_N), np.full(len(value_N), np.nan)
    n, rest = is_label_N.sum(), (~is_label_N).sum()
    below_n = rank_N[is_label_N] - rankdata(value_N[is_label_N])  # of the rest, ties half
    above_rest = n - (rank_N[~is_label_N] - rankdata(value_N[~is_label_N]))  # of the class
    if n > 1:
        without_N[is_label_N] = (below_n.sum() - below_n) / ((n - 1) * rest)
    if rest > 1:
        without_N[~is_label_N] = (above_rest.sum() - above_rest) / (n * (rest - 1))
    return without_N
