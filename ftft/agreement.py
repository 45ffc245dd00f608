"""Two maps of the same examples, compared: ranks, tops at every q, labels, regions, and where they differ most. Arrays in, numbers out.

Everything that belongs to one map is put in order once (`Ranked`, about 0.6 s and 28 MB for a million examples); each pair is then
counting (0.15 s). Shapes: N examples, L labels, Q shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ftft.stats import SAMPLE, Estimate, correlation, grouped, influence_M, interval, mean_ranks_within, places, top_interval

METRICS = ("confidence", "variability")


@dataclass(frozen=True, eq=False)
class Ranked:
    """One map, ready to be compared with others of the same examples in the same order.

    `values[metric]` are (N,); `order_N` has the most variable example first, ties as selections break them.
    """

    labels_N: np.ndarray
    values: dict[str, np.ndarray]
    order_N: np.ndarray

    @property
    def n(self) -> int:
        """N."""
        return len(self.order_N)

    @cached_property
    def n_L(self) -> np.ndarray:
        """How many examples each label has."""
        return np.bincount(self.labels_N)

    @cached_property
    def place_N(self) -> np.ndarray:
        """The place of each example by variability, the most variable 0."""
        return places(self.order_N)

    @cached_property
    def by_label_N(self) -> np.ndarray:
        """`order_N`, label by label."""
        return grouped(self.order_N, self.labels_N)

    @cached_property
    def place_within_N(self) -> np.ndarray:
        """The place of each example among those of its label, the most variable 0."""
        starts_L = self.n_L.cumsum() - self.n_L
        return (places(self.by_label_N) - starts_L[self.labels_N]).astype(np.int32)

    @property
    def rank(self) -> dict[str, np.ndarray]:
        """metric -> mean ranks, from 0; float32 holds halves up to four million."""
        return {m: overall for m, (overall, _) in self._ranks.items()}

    @property
    def rank_within(self) -> dict[str, np.ndarray]:
        """The same within each label, label by label: in the order of `rows_by_label`."""
        return {m: within for m, (_, within) in self._ranks.items()}

    @cached_property
    def _ranks(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        found = {m: mean_ranks_within(self.values[m], self.labels_N) for m in METRICS}
        return {m: (a.astype(np.float32), b[self.rows_by_label].astype(np.float32)) for m, (a, b) in found.items()}

    @cached_property
    def rows_by_label(self) -> np.ndarray:
        """All rows, label by label, else as they are: the same for all maps of these examples."""
        return grouped(np.arange(self.n, dtype=np.int32), self.labels_N)

    def label_counts(self, k: int) -> np.ndarray:
        """(L,) how many of the top k each label has."""
        if k not in self._counts:
            self._counts[k] = np.bincount(self.labels_N[self.order_N[:k]], minlength=len(self.n_L))
        return self._counts[k]

    @cached_property
    def _counts(self) -> dict[int, np.ndarray]:
        return {}

    @cached_property
    def hard_first_N(self) -> np.ndarray:
        """The examples, the least confident first."""
        return np.argsort(self.values["confidence"], kind="stable").astype(np.int32)

    @cached_property
    def sample(self) -> np.ndarray:
        """At most SAMPLE rows, the same for all maps of N examples."""
        return np.arange(self.n) if self.n <= SAMPLE else np.random.default_rng(0).choice(self.n, SAMPLE, replace=False)

    def tied(self, k: int) -> float:
        """The share of the top k that is there by how ties are broken: 0 without ties at the cut, 1 where all values are equal."""
        value_N = self.values["variability"]
        cut = value_N[self.order_N[k - 1]]
        at_cut = int((value_N == cut).sum())
        above = int((value_N > cut).sum())
        return 0.0 if above + at_cut == k else (k - above) / k

    def region_N(self, ambiguous: int, easy_confidence: float) -> np.ndarray:
        """(N,) 0 easy, 1 ambiguous, 2 hard: the most variable `ambiguous` examples, of the rest those with that confidence or more."""
        easy_N = self.values["confidence"] >= easy_confidence
        return np.where(self.place_N < ambiguous, 1, np.where(easy_N, 0, 2)).astype(np.int8)


# ---- ranks


def rank_agreement(a: Ranked, b: Ranked, metric: str) -> tuple[Estimate | None, Estimate | None]:
    """Spearman's correlation overall, and within labels: the mean over labels, each weighted with its number of examples."""
    rho = correlation(a.rank[metric], b.rank[metric])
    values = a.values[metric][a.sample], b.values[metric][a.sample]
    overall = None if rho is None else interval(rho, _deviation(*values), a.n)
    return overall, _within_labels(a, b, metric, values)


def _within_labels(a: Ranked, b: Ranked, metric: str, sampled: tuple[np.ndarray, np.ndarray]) -> Estimate | None:
    label_M = a.labels_N[a.sample]
    found: list[tuple[int, float, float | None]] = []
    for label in np.flatnonzero(a.n_L > 1).tolist():
        n, end, sample = int(a.n_L[label]), int(a.n_L[: label + 1].sum()), label_M == label
        rho = correlation(*(m.rank_within[metric][end - n : end] for m in (a, b)))
        if rho is not None:
            found.append((n, rho, _deviation(sampled[0][sample], sampled[1][sample])))
    if not found:
        return None
    whole = sum(n for n, _, _ in found)
    value = sum(n * rho for n, rho, _ in found) / whole
    spread = sum(n / whole * max(d or 0, np.sqrt(1 + rho**2 / 2) * (1 - rho**2)) ** 2 for n, rho, d in found)
    return interval(value, float(np.sqrt(spread)), whole)


def _deviation(a_M: np.ndarray, b_M: np.ndarray) -> float | None:
    influences_M = influence_M(a_M, b_M) if len(a_M) > 3 else None
    return None if influences_M is None else float(influences_M.std(ddof=1))


# ---- tops


@dataclass(frozen=True)
class Top:
    """The tops of two maps at one share q: see `stats.Overlap`. `balanced`: the overlap where each label gives its share of either top,
    so that labels explain nothing; its chance is `chance`. `tied`: the larger share of either top that ties alone decide.
    """

    q: float
    value: float
    low: float
    high: float
    chance: float
    chance_within_labels: float
    balanced: float
    tied: float


def tops(a: Ranked, b: Ranked, sizes_QL: dict[float, np.ndarray]) -> list[Top]:
    """The overlap of the most variable examples at each share q. `sizes_QL`: q -> how many each label gives to a balanced top."""
    farther_N = np.maximum(a.place_N, b.place_N)
    within_N = np.maximum(a.place_within_N, b.place_within_N)
    found = []
    for q, size_L in sizes_QL.items():
        k = round(q * a.n)
        top = top_interval((a.order_N, a.place_N), (b.order_N, b.place_N), k, int((farther_N < k).sum()))
        a_L, b_L = a.label_counts(k), b.label_counts(k)
        within = float((a_L * b_L / np.maximum(a.n_L, 1)).sum() / k)
        balanced = int((within_N < size_L[a.labels_N]).sum()) / k
        found.append(Top(q, top.value, top.low, top.high, k / a.n, within, balanced, max(a.tied(k), b.tied(k))))
    return found


@dataclass(frozen=True)
class LabelTop:
    """One label in the tops of two maps: `top_a`, `top_b` and `both` count its examples there, of `n`."""

    n: int
    top_a: int
    top_b: int
    both: int

    @property
    def overlap(self) -> float | None:
        """Of b's top of this label, the share that a's top holds too; None where b's has none."""
        return self.both / self.top_b if self.top_b else None

    @property
    def chance(self) -> float | None:
        """What a would hold of it if it drew as many of this label at random."""
        return self.top_a / self.n if self.top_b else None


def tops_of_labels(a: Ranked, b: Ranked, k: int) -> list[LabelTop]:
    """For each label how the tops of k examples agree."""
    both_N = np.maximum(a.place_N, b.place_N) < k
    both_L = np.bincount(a.labels_N[both_N], minlength=len(a.n_L))
    return [LabelTop(*map(int, row)) for row in zip(a.n_L, a.label_counts(k), b.label_counts(k), both_L, strict=True)]


def ambiguous_and_hard(a: Ranked, k: int) -> float:
    """The share of the k most variable examples that are also among the k least confident: ties go to the first rows."""
    return float((a.place_N[a.hard_first_N[:k]] < k).mean())


# ---- pictures of a pair


def movement(a: Ranked, b: Ranked, ambiguous: int, easy_confidence: float) -> np.ndarray:
    """(3, 3) counts: the region on a (row), the region on b (column), in the order easy, ambiguous, hard."""
    from_N, to_N = (m.region_N(ambiguous, easy_confidence) for m in (a, b))
    return np.bincount(from_N * 3 + to_N, minlength=9).reshape(3, 3)


def rank_counts(a: Ranked, b: Ranked, metric: str, cells: int) -> np.ndarray:
    """(cells, cells) how many examples have these ranks: the row is that on a, the column that on b, both from the lowest value."""
    row_N, column_N = ((m.rank[metric] * (cells / a.n)).astype(np.int32) for m in (a, b))
    return np.bincount(row_N * cells + column_N, minlength=cells**2).reshape(cells, cells)


def largest_gaps(a: Ranked, b: Ranked, metric: str, limit: int) -> np.ndarray:
    """Rows of the examples whose ranks differ most, the largest difference first; ties go to the first rows."""
    gap_N = np.abs(a.rank[metric] - b.rank[metric])
    limit = min(limit, a.n)
    cut = np.partition(gap_N, a.n - limit)[a.n - limit]
    rows = np.flatnonzero(gap_N >= cut)
    return rows[np.argsort(-gap_N[rows], kind="stable")][:limit]


# ---- what it comes to

MOST_TIED = 0.05  # of a top: beyond it, ties broken alike on both maps look like agreement


def verdict(top: Top, same_order: bool | None, ceilings: Sequence[float], itself: bool = False) -> str:
    """What the overlap at q comes to: no published threshold exists, so it is held against what is known to be nothing and everything.

    In this order: "undecided" (ties decide more than MOST_TIED of a top), "same_order" (both runs saw the examples in one order, which
    alone makes maps alike), "too_few_examples" (the interval holds both chance within labels and the ceiling), "no_better_than_labels" (it
    does not lie above chance within labels), "itself" (it does, and both
    are one model under two seeds, so that the overlap is a ceiling), "no_ceiling" (no second seed says what could be reached), "at_ceiling"
    (the interval reaches the mean of `ceilings`), "below_ceiling".
    """
    if top.tied > MOST_TIED:
        return "undecided"
    if same_order:
        return "same_order"
    reached = bool(ceilings) and top.high >= sum(ceilings) / len(ceilings)
    if top.low <= top.chance_within_labels:
        return "too_few_examples" if reached else "no_better_than_labels"
    if itself:
        return "itself"
    if not ceilings:
        return "no_ceiling"
    return "at_ceiling" if reached else "below_ceiling"
