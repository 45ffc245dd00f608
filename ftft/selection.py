"""Which examples belong to a step of a selection, and to all steps together: arrays in, masks out.

`top` takes exactly k examples, and ties are broken by the ids alone, so that neither the order of rows nor the machine changes a subset.
What a box or a lasso holds is decided in `outlines`.

Shapes: N examples.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from ftft.domain import Step
from ftft.errors import InputError, shown, unknown

# ---- ranking


def top(
    ids_N: np.ndarray,
    values_N: np.ndarray,
    q: float,
    end: str = "top",
    labels_N: np.ndarray | None = None,
    ties: Callable[[], np.ndarray] | None = None,
) -> np.ndarray:
    """Mask (N,) of exactly round(q * N) examples with the highest values (`end` "top") or the lowest ("bottom").

    Ties at the cut go to the ids with the smallest sha256. NaN ranks above every number: the only one is the forgetting of an example
    that was never learnt. With `labels_N` each label gives its share of the examples: q of its own, rounded by largest remainder.
    `ties` gives `tie_order(ids_N)`, where somebody keeps it: a metric that counts has ties by the hundred thousand.
    """
    if not 0 < q < 1:
        raise InputError(f"q is {q}", "Give a share between 0 and 1, such as 0.33")
    k = round(q * len(values_N))
    rank_N = _ascending(values_N, end)
    if labels_N is None:
        return _lowest(ids_N, rank_N, k, ties)
    mask_N = np.zeros(len(values_N), dtype=bool)
    labels, places_N = np.unique(labels_N, return_inverse=True)
    for label, share in enumerate(largest_remainder(q * np.bincount(places_N, minlength=len(labels)), k)):
        members = np.flatnonzero(places_N == label)
        mask_N[members] = _lowest(ids_N[members], rank_N[members], share, (lambda of=members: ties()[of]) if ties else None)
    return mask_N


def ranking(ids_N: np.ndarray, values_N: np.ndarray, end: str = "top") -> np.ndarray:
    """Places of all examples, the highest value first (or the lowest); the first k are what `top` takes. Ties and NaN as there."""
    rank_N = _ascending(values_N, end)
    order_N = np.argsort(rank_N, kind="stable")
    sorted_N = rank_N[order_N]
    edges = np.flatnonzero(np.concatenate(([True], sorted_N[1:] != sorted_N[:-1], [True])))
    for start in np.flatnonzero(np.diff(edges) > 1):
        tied = slice(edges[start], edges[start + 1])
        order_N[tied] = _by_digest(order_N[tied], ids_N)
    return order_N


def _ascending(values_N: np.ndarray, end: str) -> np.ndarray:
    """Values that are lowest where `values_N` is nearest to `end`."""
    assert end in ("top", "bottom")
    filled_N = np.where(np.isnan(values_N), np.inf, values_N)
    return -filled_N if end == "top" else filled_N


def _lowest(ids_N: np.ndarray, rank_N: np.ndarray, k: int, ties: Callable[[], np.ndarray] | None) -> np.ndarray:
    """Mask of the k lowest ranks; only the ids that tie at the cut are hashed, or none with `ties`."""
    if k == 0:
        return np.zeros(len(rank_N), dtype=bool)
    cut = np.partition(rank_N, k - 1)[k - 1]
    mask_N = rank_N < cut
    tied = np.flatnonzero(rank_N == cut)
    missing = k - int(mask_N.sum())
    if missing < len(tied):
        tied = tied[np.argpartition(ties()[tied], missing)[:missing]] if ties else _by_digest(tied, ids_N)[:missing]
    mask_N[tied] = True
    return mask_N


def _by_digest(places: np.ndarray, ids_N: np.ndarray) -> list[int]:
    """`places`, ordered by the sha256 of their ids."""
    return sorted(places.tolist(), key=lambda n: hashlib.sha256(ids_N[n].encode()).digest())


def tie_order(ids_N: np.ndarray) -> np.ndarray:
    """(N,) int32: the place of each id among all, ordered by their sha256."""
    return _places_by_digest(ids_N, "")


def _places_by_digest(ids_N: np.ndarray, before: str) -> np.ndarray:
    """(N,) int32: the place of each id among all, ordered by the sha256 of `before` and the id."""
    whole = b"".join(hashlib.sha256(f"{before}{i}".encode()).digest() for i in ids_N)
    digests = np.frombuffer(whole, dtype=">u8").reshape(-1, 4).T.astype(np.uint64)
    place_N = np.empty(len(ids_N), dtype=np.int32)
    place_N[np.lexsort(digests[::-1])] = np.arange(len(ids_N), dtype=np.int32)
    return place_N


def largest_remainder(shares: np.ndarray, total: int) -> list[int]:
    """Whole numbers near `shares` that sum to `total`: rounded down, what is missing goes to the largest remainders, ties to the first."""
    whole = np.floor(shares).astype(int)
    largest_first = np.argsort(whole - shares, kind="stable")
    whole[largest_first[: total - whole.sum()]] += 1
    return whole.tolist()


# ---- the other kinds of steps


def by_label(gold_N: np.ndarray, labels: Sequence[str], wanted: Iterable[str]) -> np.ndarray:
    """Mask of the examples whose gold label, a place in `labels`, is one of `wanted`."""
    places = {label: n for n, label in enumerate(labels)}
    for label in wanted:
        if label not in places:
            raise unknown("label", label, labels)
    return np.isin(gold_N, [places[label] for label in wanted])


def by_text(texts_N: Iterable[str], query: str, regex: bool = False) -> np.ndarray:
    """Mask of the texts that contain `query`, upper and lower case alike; or, with `regex`, in which RE2 finds it as written.

    RE2 takes time in proportion to the text, whatever the expression, where Python's `re` can take for ever: a page waits for the answer.
    The price is that it knows neither look-around nor references back, and that \\w, \\d and \\b know only ASCII.
    """
    if regex:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            return pc.match_substring_regex(pa.array(texts_N, pa.large_string()), query).to_numpy(zero_copy_only=False)
        except (pa.ArrowInvalid, UnicodeEncodeError) as problem:
            message = f"the regular expression {shown(query)} is wrong: {str(problem).removeprefix('Invalid regular expression: ')}"
            raise InputError(message, "Mend it (it is read by RE2, without look-around), or search for plain text") from problem
    lower = query.lower()
    return np.array([lower in text.lower() for text in texts_N], dtype=bool)


def by_column(values_N: np.ndarray, values: Collection | None = None, min: float | None = None, max: float | None = None) -> np.ndarray:
    """Mask of the examples whose value in a column is one of `values` (compared as text, numbers as numbers) and from `min` to `max`.

    A missing value is never in. InputError when a range is asked of a column without numbers, or nothing is asked at all.
    """
    if values is None and min is None and max is None:
        raise InputError("a step by column says neither values nor min nor max", "Give at least one of them")
    mask_N = np.ones(len(values_N), dtype=bool)
    if values is not None:
        import pandas as pd

        wanted = {_text(value) for value in values}
        mask_N &= np.array([_text(value) in wanted for value in values_N], dtype=bool) & ~pd.isna(values_N)
    if min is not None or max is not None:
        numbers_N = _numbers(values_N)
        mask_N &= ~np.isnan(numbers_N)
        mask_N &= True if min is None else numbers_N >= min
        mask_N &= True if max is None else numbers_N <= max
    return mask_N


def _numbers(values_N: np.ndarray) -> np.ndarray:
    """Whole numbers as they are, since not all have a float64 of their own; InputError for what is no number, such as a date."""
    if values_N.dtype.kind in "iu":
        return values_N
    try:
        if values_N.dtype.kind in "mM":
            raise TypeError(f"{values_N[0]}")
        return np.asarray(values_N, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise InputError(f"the column holds more than numbers: {problem}", "Choose by values instead of a range") from problem


def _text(value: object) -> str:
    """One text for values that a person takes for equal: 3 and 3.0."""
    return str(int(value)) if isinstance(value, (float, np.floating)) and value.is_integer() else str(value)


def by_ids(ids_N: np.ndarray, ids: Iterable[str]) -> np.ndarray:
    """Mask of the examples with one of `ids`; InputError when some do not exist."""
    wanted = set(ids)
    mask_N = np.array([i in wanted for i in ids_N], dtype=bool)
    if mask_N.sum() < len(wanted):
        strange = sorted(wanted - set(ids_N[mask_N]))
        named = ", ".join(map(repr, strange[:3])) + (" …" if len(strange) > 3 else "")
        raise InputError(f"{len(strange)} of {len(wanted)} ids are not in the dataset: {named}", "Use the ids of its training examples")
    return mask_N


def at_random(ids_N: np.ndarray, n: int, seed: int, labels_N: np.ndarray | None = None, counts: dict[str, int] | None = None) -> np.ndarray:
    """Mask of `n` examples drawn with `seed`: those with the smallest sha256 of "SEED/ID", whatever the order of rows and the machine.

    With `counts` as many of each label (`labels_N`: names). A larger n with the same seed holds a smaller one. InputError where there are
    not so many.
    """
    place_N = _places_by_digest(ids_N, f"{seed}/")
    mask_N = np.zeros(len(ids_N), dtype=bool)
    for label, wanted in ({"": n} if counts is None else counts).items():
        of_label = np.arange(len(ids_N)) if counts is None else np.flatnonzero(labels_N == label)
        if wanted > len(of_label):
            what = f"with label {label!r} " if counts is not None else ""
            raise InputError(f"{wanted} examples {what}are to be drawn, and there are {len(of_label)}", "Ask for fewer")
        mask_N[of_label[np.argsort(place_N[of_label])[:wanted]]] = True
    return mask_N


# ---- all steps together


_COMBINE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "new": lambda before, step: step,
    "add": np.logical_or,
    "subtract": lambda before, step: before & ~step,
    "intersect": np.logical_and,
}


def fold(steps: Iterable[Step], mask_of: Callable[[Step], np.ndarray], n: int) -> np.ndarray:
    """Mask (n,) after all steps, from the first to the last, starting with nothing selected.

    `mask_of` gives the examples that a step picks; "invert" picks what is not selected so far.
    """
    selected_N = np.zeros(n, dtype=bool)
    for step in steps:
        picked_N = ~selected_N if step.by == "invert" else mask_of(step)
        selected_N = _COMBINE[step.op](selected_N, picked_N)
    return selected_N
