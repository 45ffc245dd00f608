"""What is imported, held against a dataset: whose example is it, and which of their labels is which of ours?

Files name labels by numbers of their own. Examples that both sides know say which is which: the assignment of their numbers to the
dataset's labels under which most gold labels agree. A number must never sit on the wrong label, so what still disagrees is left out,
and too much of it is an error.

Shapes: N examples of the dataset, M of the import, K in both, C classes.
"""

from dataclasses import dataclass

import numpy as np

from ftft.domain import Finding
from ftft.errors import InputError
from ftft.imports.records import finding, some

DISAGREEING = 0.01  # share of the gold labels above which it is not the same dataset


@dataclass(frozen=True)
class Target:
    """The dataset that an import is held against. `gold_N`: places in `labels`."""

    name: str
    fingerprint: str
    labels: tuple[str, ...]
    ids_N: np.ndarray  # text
    gold_N: np.ndarray


@dataclass(frozen=True)
class Match:
    """`rows_K`: the import's rows that are kept; `gold_K`: their places in the dataset's labels. `columns_C[label]`: their column of it."""

    rows_K: np.ndarray
    gold_K: np.ndarray
    columns_C: np.ndarray
    found: tuple[Finding, ...]


def matched(target: Target, ids_M: np.ndarray, gold_M: np.ndarray | None, theirs: tuple[str, ...], columns: bool) -> Match:
    """`gold_M`: places in `theirs`, the names or numbers of their labels; None where unknown. `columns`: with logits, one for each.

    InputError: no id in common, other numbers of classes, gold labels that do not agree.
    """
    import pandas as pd

    if columns and len(theirs) != len(target.labels):
        what = f"the file has {len(theirs)} classes, dataset {target.name!r} has {len(target.labels)}: {', '.join(target.labels)}"
        raise InputError(what, "Name the dataset that the run was trained on")
    place_M = pd.Index(target.ids_N, dtype=object).get_indexer(pd.Index(ids_M, dtype=object))
    rows = np.flatnonzero(place_M >= 0)
    if not len(rows):
        what = (
            f"the file and dataset {target.name!r} have no id in common: {some(ids_M.tolist())} there, {some(target.ids_N.tolist())} here"
        )
        raise InputError(what, "Add the dataset with the ids of the file (--id COL), or import with --new-dataset NAME")
    _check_counted_alike(target, ids_M, place_M)
    found = _strangers(target, ids_M, place_M)
    ours_K = target.gold_N[place_M[rows]]
    if gold_M is None:
        message = "The file has no gold labels: it cannot be checked that an id means the same example there and here."
        found += [Finding("ids_unchecked", len(rows), (), message), *_taken_in_order(target, columns)]
        return Match(rows, ours_K, np.arange(len(theirs)), tuple(found))
    column_of, agree_K, said = _assigned(target, gold_M[rows], ours_K, theirs)
    found += said
    if not agree_K.all():
        found.append(_disagreement(target, ids_M[rows[~agree_K]].tolist(), len(rows)))
    return Match(rows[agree_K], ours_K[agree_K], column_of, tuple(found))


def _check_counted_alike(target: Target, ids_M: np.ndarray, place_M: np.ndarray) -> None:
    """Row numbers from 0 there and from 1 here would put every number on the neighbour's example."""
    strange = set(ids_M[place_M < 0].tolist())
    if strange == {"0"} and str(len(ids_M)) in set(target.ids_N.tolist()) and len(ids_M) == len(target.ids_N):
        what = f"the file counts its examples from 0, dataset {target.name!r} from 1: the same number is another example"
        raise InputError(what, "Add the dataset with the ids of the file (--id COL), or count alike in both")


def _strangers(target: Target, ids_M: np.ndarray, place_M: np.ndarray) -> list[Finding]:
    found = []
    strange = ids_M[place_M < 0].tolist()
    if strange:
        message = f"{len(strange):,} of {len(ids_M):,} examples of the file are not in dataset {target.name!r}. They are left out."
        found.append(finding("not_in_dataset", strange, message))
    seen_N = np.zeros(len(target.ids_N), bool)
    seen_N[place_M[place_M >= 0]] = True
    if not seen_N.all():
        missing = target.ids_N[~seen_N].tolist()
        message = (
            f"{len(missing):,} of {len(target.ids_N):,} examples of dataset {target.name!r} are not in the file: they have no point on its "
            "map."
        )
        found.append(finding("not_in_file", missing, message))
    return found


def _taken_in_order(target: Target, columns: bool) -> list[Finding]:
    if not columns:
        return []
    message = (
        f"The file has no gold labels: they are those of dataset {target.name!r}, and the columns of its logits are taken in the order of "
        f"its labels: {', '.join(target.labels)}. See that the run counted them so."
    )
    return [Finding("columns_in_order", len(target.labels), target.labels, message)]


def _assigned(
    target: Target, gold_K: np.ndarray, ours_K: np.ndarray, theirs: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, list[Finding]]:
    """(column of theirs for each of our labels, (K,) which gold labels agree, findings)."""
    from scipy.optimize import linear_sum_assignment

    size = max(len(theirs), len(target.labels))
    both = np.zeros((size, size), np.int64)
    np.add.at(both, (gold_K, ours_K), 1)
    # Labels that never meet could go anywhere: those of the same name, else of the same place, belong together.
    names = [(t, o) for t in range(len(theirs)) for o in range(len(target.labels)) if theirs[t] == target.labels[o]]
    worth = both * 2.0 * size + 0.25 * np.eye(size)
    for t, o in names:
        worth[t, o] += 1
    of_theirs, of_ours = linear_sum_assignment(-worth)
    agree_K = of_ours[gold_K] == ours_K
    if (share := (~agree_K).mean()) > DISAGREEING:
        what = f"{share:.0%} of the gold labels of the file are not those of dataset {target.name!r}, however its labels are counted"
        raise InputError(what, "Name the dataset that the run was trained on, with the ids and labels that it had then")
    met = [(theirs[t], target.labels[o]) for t, o in zip(of_theirs, of_ours, strict=True) if t < len(theirs) and o < len(target.labels)]
    mapping = ", ".join(f"{t} is {o!r}" for t, o in met)
    message = f"Labels of the file: {mapping}, by the gold labels of {len(gold_K):,} examples."
    if all(t == o for t, o in met):
        return np.argsort(of_ours)[: len(target.labels)], agree_K, []
    unseen = [o for t, o in met if not both[theirs.index(t), target.labels.index(o)]]
    if unseen:
        message += f" No example has the label {', '.join(unseen)}: which column is theirs is not known, and no metric depends on it."
    found = [Finding("label_mapping", len(met), tuple(f"{t}={o}" for t, o in met), message)]
    return np.argsort(of_ours)[: len(target.labels)], agree_K, found


def _disagreement(target: Target, ids: list[str], of: int) -> Finding:
    message = f"{len(ids):,} of {of:,} examples have another gold label in the file than in dataset {target.name!r}. They are left out."
    return finding("label_disagreement", ids, message)
