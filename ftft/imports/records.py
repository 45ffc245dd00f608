"""What a reader brings from a file, in the file's own words: its ids, its numbers for the labels, its epochs.

Shapes: E epochs, N examples (rows of one epoch), C classes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ftft.domain import Finding, RunSpec
from ftft.errors import InputError
from ftft.metrics import METRICS

SHOWN = 5  # example ids a finding
COUNTS = ("correctness", "forgetting")


@dataclass(frozen=True)
class Rows:
    """One epoch of a file, in its order; ids may occur twice, logits may be NaN. `gold_N`: place among the columns of the logits."""

    ids_N: np.ndarray  # text
    logits_NC: np.ndarray  # float32
    gold_N: np.ndarray | None
    step_N: np.ndarray | None = None
    order_hash: str = ""


@dataclass(frozen=True)
class Recorded:
    """Logits of every epoch. `epochs`: the file's number -> its rows. `classes`: what the file calls the logits' columns, if it does.

    `texts`: other columns of texts, name -> id -> text. A run folder brings its `spec` and where it lies, too.
    """

    epochs: dict[int, Rows]
    found: tuple[Finding, ...] = ()
    classes: tuple[str, ...] | None = None
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    spec: RunSpec | None = None
    folder: Path | None = None
    capture: str = "unknown"


@dataclass(frozen=True)
class Measured:
    """Metrics alone. `gold_N`: the label as text where known. `epochs`: over how many they were taken, `exact` if not only at least."""

    ids_N: np.ndarray  # text
    gold_N: np.ndarray | None
    values: dict[str, np.ndarray]
    epochs: int
    exact: bool
    found: tuple[Finding, ...] = ()
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    spec: RunSpec | None = None
    folder: Path | None = None


def finding(kind: str, ids: Iterable[str], message: str, count: int | None = None) -> Finding:
    """About the examples `ids`, the first of which are named."""
    every = list(ids)
    return Finding(kind, len(every) if count is None else count, tuple(every[:SHOWN]), message)


def some(ids: Sequence[str], shown: int = 3) -> str:
    """The first ids, for a message."""
    return ", ".join(repr(i) for i in ids[:shown]) + (", …" if len(ids) > shown else "")


def log_probabilities(file: Path, epochs: dict[int, Rows], named: bool) -> tuple[dict[int, Rows], tuple[Finding, ...]]:
    """(epochs, findings), with logarithms in the place of probabilities.

    They are taken for probabilities where they are `named` so, or where every row of every epoch lies in [0, 1] and sums to 1.
    """
    alike = _sum_to_one([rows.logits_NC for rows in epochs.values()])
    if named and not alike:
        raise InputError(f"{file}: its probabilities do not sum to 1 in every row", "Give the probabilities of all classes, or logits")
    if not alike:
        return epochs, ()
    message = "The numbers are probabilities, not logits: their logarithms are taken. Margins (aum) are those of log-probabilities."
    found = Finding("probabilities", sum(len(rows.ids_N) for rows in epochs.values()), (), message)
    return {number: replace(rows, logits_NC=_log(rows.logits_NC)) for number, rows in epochs.items()}, (found,)


def _sum_to_one(every: Sequence[np.ndarray]) -> bool:
    finite = [p_NC[np.isfinite(p_NC).all(axis=1)] for p_NC in every]
    return any(len(p_NC) for p_NC in finite) and all(
        bool((p_NC >= 0).all() and np.allclose(p_NC.sum(axis=1, dtype=np.float64), 1, rtol=0, atol=1e-3)) for p_NC in finite
    )


def _log(p_NC: np.ndarray) -> np.ndarray:
    """That of 0 is the logarithm of the smallest normal number, about -87; NaN stays NaN."""
    return np.log(np.maximum(p_NC, np.finfo(np.float32).tiny)).astype(np.float32)


def measured(
    file: Path,
    ids_N: np.ndarray,
    gold_N: np.ndarray | None,
    values: dict[str, np.ndarray],
    epochs: int | None,
    found: Sequence[Finding] = (),
    texts: dict[str, dict[str, str]] | None = None,
) -> Measured:
    """Checks the metrics of a file and counts its epochs. `epochs`: over how many they were taken, None where nobody says it.

    Rows without a value, and ids that occur twice, are left out and reported. InputError: a value cannot be what its column says.
    """
    found = list(found)
    values, kept_N = _checked(file, ids_N, values, found)
    if not kept_N.any():
        raise InputError(f"{file}: no example has a value in every column of metrics", "Leave out a column that is empty")
    least = least_epochs({name: values_N[kept_N] for name, values_N in values.items()})
    if epochs is not None and epochs < least:
        raise InputError(f"--epochs is {epochs}, but {file} tells of at least {least} epochs", "Give the number that its run had")
    if epochs is None:
        message = (
            f"{file.name} does not say over how many epochs its metrics were taken. At least {least}, by their values; --epochs N says it."
        )
        found.append(Finding("epochs_unknown", least, (), message))
    kept = {name: values_N[kept_N] for name, values_N in values.items()}
    gold_K = None if gold_N is None else gold_N[kept_N]
    return Measured(ids_N[kept_N], gold_K, kept, epochs or least, epochs is not None, tuple(found), texts or {})


def least_epochs(values: dict[str, np.ndarray]) -> int:
    """At least so many epochs gave these metrics: as many as right answers; two for each time forgotten, and for any variability."""
    least = 1
    if "correctness" in values:
        least = max(least, int(np.max(values["correctness"], initial=0)))
    if "forgetting" in values:
        least = max(least, 2 * int(np.nanmax(np.append(values["forgetting"], 0))))
    if "variability" in values and (values["variability"] > 0).any():
        least = max(least, 2)
    return least


def _checked(
    file: Path, ids_N: np.ndarray, values: dict[str, np.ndarray], found: list[Finding]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(values, which rows to keep)."""
    import pandas as pd

    kept_N = np.ones(len(ids_N), bool)
    if "forgetting" in values:
        values = {**values, "forgetting": _forgetting(file, values["forgetting"], values.get("correctness"), found)}
    for name, values_N in values.items():
        low, high = METRICS[name].range
        known_N = np.isfinite(values_N)
        if name != "forgetting":
            kept_N &= known_N
        slack = 1e-6 * (high or 1)  # what a float32 of others may be beyond
        above_N = values_N > (np.inf if high is None else high + slack)
        wrong_N = known_N & (above_N | (values_N < (-np.inf if low is None else low - slack)))
        if name in COUNTS:
            wrong_N |= known_N & (values_N % 1 != 0)
        if wrong_N.any():
            row = int(np.argmax(wrong_N))
            limits = "a whole number from 0" if name in COUNTS else f"at least {low}" if high is None else f"in [{low}, {high:g}]"
            what = f"{file}: {name} of {ids_N[row]!r} is {values_N[row]:g}, but it is {limits}"
            raise InputError(what, "Mend the file, or rename a column that means something else")
    if not kept_N.all():
        missing = ids_N[~kept_N].tolist()
        found.append(finding("no_value", missing, f"{len(missing):,} examples have no value in some column. They are left out."))
    twice_N = kept_N & pd.Series(ids_N).where(kept_N).duplicated().to_numpy()
    if twice_N.any():
        again = ids_N[twice_N].tolist()
        found.append(finding("duplicate_rows", again, f"{len(again):,} rows have the id of an earlier row. The first one is kept."))
    return values, kept_N & ~twice_N


def _forgetting(file: Path, values_N: np.ndarray, correctness_N: np.ndarray | None, found: list[Finding]) -> np.ndarray:
    """cartography writes 1000 for an example that was never learnt; here that is no value."""
    never_N = (values_N == 1000) & (np.ones(len(values_N), bool) if correctness_N is None else correctness_N == 0)
    if never_N.any():
        message = (
            f"{file.name} gives {int(never_N.sum()):,} examples the forgetfulness 1000. Here an example that was never learnt has none."
        )
        found.append(Finding("never_learnt", int(never_N.sum()), (), message))
    return np.where(never_N, np.nan, values_N)
