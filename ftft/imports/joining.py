"""Epochs that tell of the same examples, each once, in one order: what a map can be made of. All that is left out is reported.

Shapes: E epochs, N examples (rows of one epoch), M examples that are in every epoch, C classes.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ftft.domain import Finding
from ftft.errors import InputError
from ftft.imports.records import Recorded, Rows, finding, some


@dataclass(frozen=True)
class Joined:
    """Row m of every array is the same example, ordered by id as text; epochs count from 1 without gaps. `gold_M`: place of a column."""

    ids_M: np.ndarray  # text
    gold_M: np.ndarray | None
    logits_EMC: np.ndarray  # float32
    step_EM: np.ndarray
    order_hashes: tuple[str, ...]
    source: Recorded
    found: tuple[Finding, ...]


def joined(path: Path, source: Recorded) -> Joined:
    """InputError where no example is in every epoch, or epochs have different classes."""
    found = list(source.found)
    _check_classes(path, source)
    epochs = {number: _each_once(number, rows, found) for number, rows in source.epochs.items()}
    ids_M = _common(path, {number: rows.ids_N for number, rows in epochs.items()}, found)
    places = {number: _places(rows.ids_N, ids_M) for number, rows in epochs.items()}
    logits_EMC = np.stack([rows.logits_NC[places[number]] for number, rows in epochs.items()])
    step_EM = np.stack(
        [np.zeros(len(ids_M), np.int32) if r.step_N is None else r.step_N[places[n]].astype(np.int32) for n, r in epochs.items()]
    )
    golds = [rows.gold_N[places[number]] for number, rows in epochs.items() if rows.gold_N is not None]
    fit_M = np.asarray(np.isfinite(logits_EMC).all(axis=(0, 2)))
    _left_out(found, "not_finite", ids_M, ~fit_M, "have logits that are not finite numbers")
    if golds:
        same_M = (np.stack(golds) == golds[0]).all(axis=0)
        _left_out(found, "conflicting_gold", ids_M, fit_M & ~same_M, "have another gold label in another epoch")
        fit_M &= same_M
    if not fit_M.any():
        raise InputError(f"{path}: no example has finite logits in every epoch", "See whether training diverged; import its first epochs")
    _renumbered(tuple(source.epochs), source.folder is not None, found)
    return Joined(
        ids_M[fit_M], golds[0][fit_M] if golds else None, logits_EMC[:, fit_M], step_EM[:, fit_M],
        tuple(rows.order_hash for rows in epochs.values()), source, tuple(found),
    )  # fmt: skip


def _check_classes(path: Path, source: Recorded) -> None:
    classes = {number: rows.logits_NC.shape[1] for number, rows in source.epochs.items()}
    if len(set(classes.values())) > 1:
        counts = ", ".join(f"epoch {number}: {count}" for number, count in classes.items())
        raise InputError(f"{path}: its epochs have different numbers of classes ({counts})", "Give the epochs of one run")


def _each_once(number: int, rows: Rows, found: list[Finding]) -> Rows:
    """The first row of every id."""
    import pandas as pd

    code_N, _ = pd.factorize(rows.ids_N)
    first_of = np.unique(code_N, return_index=True)[1]
    if len(first_of) == len(code_N):
        return rows
    again = np.setdiff1d(np.arange(len(code_N)), first_of)
    firsts = first_of[code_N[again]]
    equal = np.array_equal(rows.logits_NC[again], rows.logits_NC[firsts], equal_nan=True)
    same_K = (np.nan_to_num(rows.logits_NC[again]) == np.nan_to_num(rows.logits_NC[firsts])).all(axis=1)
    if rows.gold_N is not None:
        same_K &= rows.gold_N[again] == rows.gold_N[firsts]
    if same_K.any() or equal:
        which = rows.ids_N[again[same_K]].tolist()
        found.append(finding("duplicate_rows", which, f"Epoch {number} has {len(which):,} rows twice. One of them is kept."))
    if not same_K.all():
        which = rows.ids_N[again[~same_K]].tolist()
        message = f"Epoch {number} has {len(which):,} rows with the id of an earlier row and other numbers. The first one is kept."
        found.append(finding("conflicting_rows", which, message))
    kept = np.sort(first_of)
    return replace(
        rows, ids_N=rows.ids_N[kept], logits_NC=rows.logits_NC[kept], gold_N=None if rows.gold_N is None else rows.gold_N[kept],
        step_N=None if rows.step_N is None else rows.step_N[kept],
    )  # fmt: skip


def _common(path: Path, ids: dict[int, np.ndarray], found: list[Finding]) -> np.ndarray:
    """The ids that are in every epoch, sorted."""
    every = [set(ids_N.tolist()) for ids_N in ids.values()]
    common, seen = set.intersection(*every), set.union(*every)
    if not common:
        counts = ", ".join(f"epoch {number}: {len(ids_N):,}" for number, ids_N in ids.items())
        what = f"{path}: no example is in every epoch ({counts} examples, {len(seen):,} different ones in all)"
        raise InputError(what, "Give the whole files of one run: a map needs each example in each epoch")
    if len(common) < len(seen):
        missing = sorted(seen - common)
        worst = min(ids, key=lambda number: len(ids[number]))
        message = (
            f"{len(missing):,} of {len(seen):,} examples are not in every epoch, such as {some(missing)}. They are left out; "
            f"epoch {worst} has the fewest, {len(ids[worst]):,}."
        )
        found.append(finding("not_in_every_epoch", missing, message))
    return np.array(sorted(common), object)


def _places(ids_N: np.ndarray, wanted_M: np.ndarray) -> np.ndarray:
    import pandas as pd

    return pd.Index(ids_N, dtype=object).get_indexer(pd.Index(wanted_M, dtype=object))


def _left_out(found: list[Finding], kind: str, ids_M: np.ndarray, which_M: np.ndarray, why: str) -> None:
    if which_M.any():
        ids = ids_M[which_M].tolist()
        found.append(finding(kind, ids, f"{len(ids):,} examples {why}. They are left out."))


def _renumbered(numbers: tuple[int, ...], is_run: bool, found: list[Finding]) -> None:
    """Here epochs count from 1 without gaps. Theirs from 0 without gaps are the rule, and need no word."""
    first, last = numbers[0], numbers[-1]
    if len(numbers) == last - first + 1 and (first == 1 or (first == 0 and not is_run)):
        return
    theirs = ", ".join(map(str, numbers))
    message = f"The file's epochs are numbered {theirs}. Here they are 1 to {len(numbers)}: maps take epochs without gaps."
    found.append(Finding("epochs_renumbered", len(numbers), (), message))
