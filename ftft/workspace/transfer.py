"""Do training dynamics transfer? Agreement of pairs of runs, beside what chance gives and what one model reaches with itself."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import selection as pick
from ftft import stats
from ftft.datamap import DataMap, positions
from ftft.domain import Run
from ftft.errors import InputError

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace


def pairs(workspace: "Workspace", runs: Sequence[str], top: float, epochs: Sequence[int] | None) -> list[dict[str, Any]]:
    """For each pair `{a, b, n, same_order, spearman{confidence, variability}, overlap{q, value, low, high, chance, …, ceiling}}`."""
    if len(set(runs)) < 2:
        raise InputError("transfer compares runs with each other", "Name at least two different runs")
    if not 0 < top < 1:
        raise InputError(f"top is {top}", "Give a share between 0 and 1, such as 0.33")
    about = {run: workspace.runs.get(run) for run in runs}
    sets = {r.spec.dataset for r in about.values()}
    if len(sets) > 1:
        raise InputError(f"the runs are of different datasets: {', '.join(sorted(sets))}", "Compare runs of one dataset")
    return [_pair(workspace, about[a], about[b], top, epochs) for a, b in combinations(dict.fromkeys(runs), 2)]


def _pair(workspace: "Workspace", a: Run, b: Run, top: float, epochs: Sequence[int] | None) -> dict[str, Any]:
    first, second, rows_a, rows_b = _aligned(workspace, a.id, b.id, epochs)
    rank = {m: stats.spearman(first.of_metric(m)[rows_a], second.of_metric(m)[rows_b]) for m in ("confidence", "variability")}
    if not round(top * len(rows_a)):
        raise InputError(f"the top {top:g} of {len(rows_a)} examples is nothing", "Give a larger --top")
    orders = [pick.ranking(m.ids_N[rows], m.values["variability"][rows]) for m, rows in ((first, rows_a), (second, rows_b))]
    overlap = stats.overlap(*orders, q=top, labels_N=first.gold_N[rows_a])
    return {
        "a": a.id,
        "b": b.id,
        "n": len(rows_a),
        "same_order": _same_order(workspace, a, b),
        "spearman": rank,
        "overlap": {k: v for k, v in asdict(overlap).items() if k != "k"} | {"ceiling": _ceiling(workspace, (a, b), top, epochs)},
    }


def _aligned(workspace: "Workspace", a: str, b: str, epochs: Sequence[int] | None) -> tuple[DataMap, DataMap, np.ndarray, np.ndarray]:
    """Both maps, and the rows of the examples that both runs saw."""
    first, second = workspace.map(a, epochs), workspace.map(b, epochs)
    rows_b = positions(second.ids_N, first.ids_N)
    shared = rows_b >= 0
    if shared.sum() < 3:
        raise InputError(f"runs {a} and {b} have {shared.sum()} examples in common", "Compare runs on the same training set")
    return first, second, np.flatnonzero(shared), rows_b[shared]


def _ceiling(workspace: "Workspace", runs: tuple[Run, Run], top: float, epochs: Sequence[int] | None) -> float | None:
    """Mean overlap of either model with itself under another seed; None where no such run exists."""
    found = []
    for run in runs:
        for other in workspace.runs.list(dataset=run.spec.dataset):
            if _same_but_seed(run, other):
                first, second, rows_a, rows_b = _aligned(workspace, run.id, other.id, epochs)
                tops = [
                    pick.top(first.ids_N[rows_a], m.values["variability"][rows], top) for m, rows in ((first, rows_a), (second, rows_b))
                ]
                found.append((tops[0] & tops[1]).sum() / tops[0].sum())
    return float(np.mean(found)) if found else None


def _same_but_seed(run: Run, other: Run) -> bool:
    def rest(r: Run) -> dict[str, Any]:
        return {k: v for k, v in r.spec.to_json().items() if k not in ("seed", "seeds", "again", "model", "imported")}

    return (
        other.id != run.id
        and other.epochs_recorded == run.epochs_recorded
        and rest(run) == rest(other)
        and run.spec.seeds != other.spec.seeds
    )


def _same_order(workspace: "Workspace", a: Run, b: Run) -> bool | None:
    """None where one of them was imported: nobody knows the order of its examples."""
    if a.spec.imported or b.spec.imported:
        return None
    first, second = (workspace.order_hashes(run.id) for run in (a, b))
    return first[1] == second[1]
