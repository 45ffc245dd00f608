"""Do training dynamics transfer? Agreement of maps, beside what chance gives and what one model reaches with itself.

`Epochs`: None for all that a run recorded, (first, last) for every run, or a dict that says it for each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations, count, product
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import agreement
from ftft.agreement import METRICS, Top
from ftft.datamap import AMBIGUOUS_SHARE, EASY_CONFIDENCE
from ftft.domain import Run, runs_in
from ftft.errors import InputError, unknown
from ftft.workspace.comparing import Comparing, Pair, ranks, tops_at
from ftft.workspace.training import SETTINGS

if TYPE_CHECKING:
    import pandas as pd

    from ftft.workspace.root import Workspace

Epochs = Sequence[int] | Mapping[str, Sequence[int]] | None
SHARES = (0.05, 0.1, 0.2, 0.33, 0.5, 0.7, 0.9)  # the q of a curve, besides the one asked for


class Transfer:
    """Agreement of pairs, ceilings, and the checks of a reference. Numbers are kept as long as the maps stay the same."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self.comparing = Comparing(workspace)

    def pairs(self, runs: Sequence[str], top: float, epochs: Epochs) -> list[dict[str, Any]]:
        """For each pair its numbers, as docs/interface.md has them."""
        if len(set(runs)) < 2:
            raise InputError("transfer compares runs with each other", "Name at least two different runs")
        self._one_dataset(runs)
        _check_share(top)
        return [self._pair(a, b, top, epochs) for a, b in combinations(dict.fromkeys(runs), 2)]

    def evidence(self, runs: Sequence[str], target: str | None, top: float, epochs: Epochs) -> list[dict[str, Any]]:
        """For each run the checks of a good reference: {run, score{evaluations, metric, value} | None, easy, ambiguous_hard, chance,
        reliability{pairs, overlap, beyond, confidence, variability}, target}: the pair's numbers with that run, None for itself.
        """
        self._one_dataset((*runs, *([target] if target else [])))
        _check_share(top)
        return [self._checks(run, target, top, epochs) for run in dict.fromkeys(runs)]

    def disagreements(self, a: str, b: str, metric: str, limit: int, epochs: Epochs) -> "pd.DataFrame":
        """Of the examples that both saw, those whose ranks differ most.

        Columns: id, row (place in the dataset), gold, a, b (values), rank_a, rank_b (in [0, 1]), gap, curve_a, curve_b: p(gold) in every
        epoch, None for imported metrics.
        """
        import pandas as pd

        pair = self._lined_up(a, b, metric, epochs)
        rows = pair.once(("gaps", metric, limit), lambda: agreement.largest_gaps(pair.a, pair.b, metric, limit))
        in_map, last = pair.rows_a[rows], max(pair.a.n - 1, 1)
        rank_a, rank_b = pair.a.rank[metric][rows] / last, pair.b.rank[metric][rows] / last
        labels, ids = np.array(pair.first.labels, dtype=object), pair.first.ids_N[in_map]
        return pd.DataFrame(
            {
                "id": ids, "row": self._in_dataset(a, in_map), "gold": labels[pair.first.gold_N[in_map]], "a": pair.a.values[metric][rows],
                "b": pair.b.values[metric][rows], "rank_a": rank_a, "rank_b": rank_b, "gap": rank_a - rank_b,
                "curve_a": self._curves(a, ids), "curve_b": self._curves(b, ids),
            }
        )  # fmt: skip

    def rank_counts(self, a: str, b: str, metric: str, cells: int, epochs: Epochs) -> np.ndarray:
        """(cells, cells) how many examples have these ranks on a (row) and on b (column), both from the lowest value."""
        pair = self._lined_up(a, b, metric, epochs)
        return pair.once(("cells", metric, cells), lambda: agreement.rank_counts(pair.a, pair.b, metric, cells))

    def siblings(self, run: str) -> list[Run]:
        """Runs, in whatever state, that differ from this one in seed and data order alone. Of a mean, or without known settings, none."""
        if len(runs_in(run)) > 1:
            return []
        own = self.workspace.runs.get(run)
        return [other for other in self.workspace.runs.list(dataset=own.spec.dataset) if _same_but_seed(own, other)]

    def another_seed(self, run: str) -> dict[str, Any]:
        """What `Workspace.train` takes to train this run's model once more, with the first seed that no run of it has had."""
        own = self.workspace.runs.get(run)
        if not own.spec.has_settings or own.spec.imported:
            raise InputError(f"run {run} was imported: it cannot be trained again", "Import a run of the same model with another seed")
        taken = {own.spec.seed, *(other.spec.seed for other in self.siblings(run))}
        seed = next(seed for seed in count(1) if seed not in taken)
        settings = {name: getattr(own.spec, name) for name in SETTINGS}
        return {"dataset": own.spec.dataset, "model": own.spec.model, "seeds": (seed,), **settings}

    # ---- one pair

    def _pair(self, a: str, b: str, top: float, epochs: Epochs) -> dict[str, Any]:
        pair = self.comparing.pair(a, b, _of(epochs, a), _of(epochs, b))
        if not round(top * pair.a.n):
            raise InputError(f"the top {top:g} of {pair.a.n} examples is nothing", "Give a larger --top")
        shares = sorted({*SHARES, top})
        own, ceilings = tops_at(pair, shares), self._ceilings((a, b), epochs)
        reached = [tops_at(ceiling, shares) for ceiling in ceilings]
        curve = [_with_ceiling(own[q], [tops[q].value for tops in reached if q in tops]) for q in own]
        same_order = self._same_order(a, b)
        k = round(top * pair.a.n)
        return {
            "a": a,
            "b": b,
            "n": pair.a.n,
            "same_order": same_order,
            "verdict": agreement.verdict(
                own[top], same_order, [tops[top].value for tops in reached if top in tops], itself=self._is_itself(a, b)
            ),
            **self._ranks(pair, ceilings),
            "overlap": next(point for point in curve if point["q"] == top),
            "curve": curve,
            "ceiling_pairs": len(ceilings),
            "labels": pair.once(("labels", k), lambda: _by_label(pair, k)),
            "regions": pair.once(("regions",), lambda: _movement(pair)),
        }

    def _ranks(self, pair: Pair, ceilings: Sequence[Pair]) -> dict[str, dict[str, float | None]]:
        found: dict[str, dict[str, float | None]] = {}
        for metric in METRICS:
            overall, within = ranks(pair, metric)
            for name, estimate in (("spearman", overall), ("spearman_within_labels", within)):
                for key, value in (("", "value"), ("_low", "low"), ("_high", "high")):
                    found.setdefault(name + key, {})[metric] = getattr(estimate, value) if estimate else None
            reached = [rho.value for ceiling in ceilings if (rho := ranks(ceiling, metric)[0])]
            found.setdefault("spearman_ceiling", {})[metric] = fmean(reached) if reached else None
        return found

    def _in_dataset(self, run: str, in_map: np.ndarray) -> np.ndarray:
        """The places in the dataset of these rows of a run's map; -1 where an example is no longer in it."""
        place_N = self.workspace.places(run)
        found = np.flatnonzero(np.isin(place_N, in_map))
        row_of = dict(zip(place_N[found].tolist(), found.tolist(), strict=True))
        return np.array([row_of.get(row, -1) for row in in_map.tolist()])

    def _curves(self, run: str, ids: np.ndarray) -> list[np.ndarray | None]:
        if any(self.workspace.runs.get(r).measures is not None for r in runs_in(run)):
            return [None] * len(ids)
        return list(self.workspace._examples.curves(run, ids.tolist()).T)

    def _lined_up(self, a: str, b: str, metric: str, epochs: Epochs) -> Pair:
        if metric not in METRICS:
            raise unknown("metric to compare by", metric, METRICS)
        self._one_dataset((a, b))
        return self.comparing.pair(a, b, _of(epochs, a), _of(epochs, b))

    def _one_dataset(self, runs: Sequence[str]) -> None:
        sets = {self.workspace.runs.get(run).spec.dataset for i in runs for run in runs_in(i)}
        if len(sets) > 1:
            raise InputError(f"the runs are of different datasets: {', '.join(sorted(sets))}", "Compare runs of one dataset")

    # ---- the same model with itself

    def _ceilings(self, ids: Sequence[str], epochs: Epochs) -> list[Pair]:
        """Either model with itself under another seed and order, each pair of runs once. None for a mean, which no seed repeats."""
        if any(len(runs_in(i)) > 1 for i in ids):
            return []
        found: dict[frozenset[str], Pair] = {}
        for id in ids:
            recorded = self.workspace.runs.get(id).epochs_recorded
            for other in self.siblings(id):
                both = frozenset((id, other.id))
                if both not in found and other.mapped and other.epochs_recorded == recorded:
                    one, two = sorted(both)  # whoever asks, it is one pair
                    found[both] = self.comparing.pair(one, two, _of(epochs, id), _of(epochs, id))
        return list(found.values())

    def _is_itself(self, a: str, b: str) -> bool:
        return any(other.id == b for other in self.siblings(a))

    def _same_order(self, a: str, b: str) -> bool | None:
        """Does any run of one share its data order with any run of the other? None where one was imported: nobody knows it."""
        if shared := set(runs_in(a)) & set(runs_in(b)):
            return bool(shared)
        known = [self._orders(one, other) for one, other in product(runs_in(a), runs_in(b))]
        return True if True in known else None if None in known else False

    def _orders(self, a: str, b: str) -> bool | None:
        if any(self.workspace.runs.get(run).spec.imported for run in (a, b)):
            return None
        first, second = (self.workspace.order_hashes(run) for run in (a, b))
        return any(first[epoch] == second[epoch] for epoch in first.keys() & second.keys())

    # ---- the checks of one reference

    def _checks(self, run: str, target: str | None, top: float, epochs: Epochs) -> dict[str, Any]:
        data_map = self.workspace.map(run, _of(epochs, run))
        own = self.comparing.ranked(data_map)
        k = max(round(top * own.n), 1)
        with_itself = self._ceilings((run,), epochs)
        tops = [found[top] for pair in with_itself if top in (found := tops_at(pair, (top,)))]
        overlaps = {"overlap": [t.value for t in tops], "beyond": [t.value - t.chance_within_labels for t in tops]}
        rho = {m: [r.value for pair in with_itself if (r := ranks(pair, m)[0])] for m in METRICS}
        return {
            "run": run,
            "score": self._score(run),
            "easy": float((own.region_N(round(AMBIGUOUS_SHARE * own.n), EASY_CONFIDENCE) == 0).mean()),
            "ambiguous_hard": None if own.tied(k) > agreement.MOST_TIED else agreement.ambiguous_and_hard(own, k),
            "chance": k / own.n,
            "reliability": {
                "pairs": len(with_itself),
                **{name: fmean(values) if values else None for name, values in (overlaps | rho).items()},
            },
            "target": None if target is None or target == run else self._pair(run, target, top, epochs),
        }

    def _score(self, run: str) -> dict[str, Any] | None:
        """The mean over the dataset's sets in distribution, by its metric, and over the runs of a mean; None where one lacks it."""
        runs = [self.workspace.runs.get(r) for r in runs_in(run)]
        dataset = self.workspace.data.get(runs[0].spec.dataset)
        inside = [s.name for s in dataset.evaluations if s.distribution == "id"]
        values = [r.scores.get(name, {}).get(dataset.metric) for r in runs for name in inside]
        there = [value for value in values if value is not None]
        if not there or len(there) < len(values):
            return None
        return {"evaluations": inside, "metric": dataset.metric, "value": fmean(there)}


def _check_share(top: float) -> None:
    if not 0 < top < 1:
        raise InputError(f"top is {top}", "Give a share between 0 and 1, such as 0.33")


def _of(epochs: Epochs, run: str) -> Sequence[int] | None:
    return epochs.get(run) if isinstance(epochs, Mapping) else epochs


def _with_ceiling(top: Top, reached: Sequence[float]) -> dict[str, Any]:
    return asdict(top) | {"ceiling": fmean(reached) if reached else None}


def _by_label(pair: Pair, k: int) -> list[dict[str, Any]]:
    found = agreement.tops_of_labels(pair.a, pair.b, k)
    return [
        {"label": name, **asdict(label), "overlap": label.overlap, "chance": label.chance}
        for name, label in zip(pair.first.labels, found, strict=False)
    ]


def _movement(pair: Pair) -> list[list[int]]:
    return agreement.movement(pair.a, pair.b, round(AMBIGUOUS_SHARE * pair.a.n), EASY_CONFIDENCE).tolist()


def _same_but_seed(run: Run, other: Run) -> bool:
    """The same in everything but seed and data order: two runs in one order agree by it alone, and are no ceiling."""

    def rest(r: Run) -> dict[str, Any]:
        return {k: v for k, v in r.spec.to_json().items() if k not in ("seed", "seeds", "again", "model", "imported")}

    return (
        other.id != run.id
        and run.spec.has_settings
        and other.spec.has_settings
        and rest(run) == rest(other)
        and run.spec.seeds.order != other.spec.seeds.order
    )
