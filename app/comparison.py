"""The table of results: what main models scored on a subset, beside the same model on everything with the same budget of steps.

Values in, rows out. Runs belong to one row when they differ in nothing but their seed: same model, layers, settings, steps and subset.
A difference is paired: a seed on the subset minus the same seed on everything, never a mean minus another mean.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from ftft.domain import Dataset, Run, RunSpec, Seeds, Subset

# What a spec holds besides settings: what the row is about, which seed it is, and what does not change the numbers.
_NOT_SETTINGS = {
    "dataset", "dataset_fingerprint", "model", "subset", "subset_hash", "seed", "seeds", "epochs", "steps", "capture", "again",
    "eval_batch_size", "imported", "devices", "selection", "report_to",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of scores: one evaluation set, or the mean over several. `distribution`: "id" or "ood"; `role`: "dev" or "test"."""

    name: str
    distribution: str
    role: str
    evaluations: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """Scores in [0, 1] of one row in one column, one for each seed, and what each seed gained over the same seed on everything."""

    values: tuple[float, ...] = ()
    differences: tuple[float, ...] = ()

    @property
    def mean(self) -> float | None:
        """Mean over seeds; None without a score."""
        return fmean(self.values) if self.values else None

    @property
    def sd(self) -> float | None:
        """Sample SD over seeds; None under two seeds, where there is none."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def difference(self) -> float | None:
        """Mean of the paired differences; None without a pair."""
        return fmean(self.differences) if self.differences else None


@dataclass(frozen=True)
class Row:
    """Runs that differ only in their seed. `subset` is None for everything, `examples` when the subset is no longer in the workspace.

    `cost` is the main runs' FLOPs (see `_spent`) over those of the same seeds on everything; `reference_cost` what the runs that chose the
    subset add to one main run, in the same unit: 0 when no run chose it, None when it is not known.
    """

    model: str
    subset: str | None
    examples: int | None
    steps: int
    settings: dict[str, Any]
    states: dict[str, int]
    seeds: tuple[int | str, ...]
    cells: tuple[Cell, ...]
    cost: float | None
    reference_cost: float | None
    value: Subset | None

    @property
    def whole_cost(self) -> float | None:
        """Main run and reference together, relative to the run on everything."""
        return None if self.cost is None or self.reference_cost is None else self.cost + self.reference_cost


@dataclass(frozen=True)
class Table:
    """Rows in groups: the run on everything first, then the subsets; groups with a difference come first.

    `outdated` counts the runs that are left out because they saw an earlier version of the dataset.
    """

    metric: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    outdated: int


def columns(dataset: Dataset) -> tuple[Column, ...]:
    """In distribution first, test before dev; where several test sets are out of distribution, their mean comes last."""
    sets = [Column(s.name, s.distribution, s.role, (s.name,)) for s in dataset.evaluations]
    inside = sorted((c for c in sets if c.distribution == "id"), key=lambda c: c.role != "test")
    outside = sorted((c for c in sets if c.distribution == "ood"), key=lambda c: c.role != "test")
    tests = tuple(c.name for c in outside if c.role == "test")
    mean = [Column(f"mean of {len(tests)} tests", "ood", "test", tests)] if len(tests) > 1 else []
    return (*inside, *outside, *mean)


def compare(dataset: Dataset, runs: Iterable[Run], subsets: Iterable[Subset], metric: str) -> Table:
    """The table over all `runs` of a dataset; references included, for what choosing cost. `metric`: accuracy, macro_f1 or auroc."""
    of_name = [run for run in runs if run.spec.dataset == dataset.name and run.spec.has_settings]
    runs = [run for run in of_name if run.spec.dataset_fingerprint == dataset.fingerprint]
    made = [run for run in runs if run.spec.on_everything or run.subset_hash]  # others wait for what will choose their examples
    groups: dict[tuple, dict[str | None, list[Run]]] = {}
    for run in made:
        groups.setdefault(_settings_key(run.spec, dataset.train.rows), {}).setdefault(run.subset_hash, []).append(run)
    by_hash = {subset.hash: subset for subset in subsets}
    costs = {run.id: _spent(run) for run in runs}
    heads = columns(dataset)
    drawn: list[list[Row]] = []
    for group in groups.values():
        if set(group) == {None}:
            continue  # nothing on a subset: a reference, not a main model
        control, everything_first = group.get(None, []), sorted(group, key=lambda subset_hash: subset_hash is not None)
        drawn.append([_row(dataset, group[h], control, by_hash.get(h or ""), heads, metric, costs) for h in everything_first])
    drawn.sort(key=lambda rows: not any(cell.differences for row in rows for cell in row.cells))
    return Table(metric, heads, tuple(row for rows in drawn for row in rows), len(of_name) - len(runs))


def telling_settings(table: Table) -> list[dict[str, Any]]:
    """For each row the settings in which rows of the same model differ: without them, two rows could not be told apart."""
    described = [row.settings | {"steps": row.steps} for row in table.rows]
    varied: dict[str, set[str]] = {}
    for row, settings in zip(table.rows, described, strict=True):
        others = [d for r, d in zip(table.rows, described, strict=True) if r.model == row.model]
        varied[row.model] = {name for name in settings if len({repr(d.get(name)) for d in others}) > 1}
    return [{k: v for k, v in d.items() if k in varied[row.model]} for row, d in zip(table.rows, described, strict=True)]


def records(table: Table, dataset: Dataset) -> list[dict[str, Any]]:
    """The table in long form for a file: one record for each row and evaluation set, numbers as they are (scores in [0, 1])."""
    return [
        {
            "dataset": dataset.name, "model": row.model, "subset": row.subset or "", "examples": row.examples, "of": dataset.train.rows,
            "steps": row.steps, "evaluation": column.name, "distribution": column.distribution, "role": column.role, "metric": table.metric,
            "mean": cell.mean, "sd": cell.sd, "n_seeds": len(cell.values), "difference": cell.difference, "n_pairs": len(cell.differences),
            "train_flops_of_everything": row.cost, "with_reference": row.whole_cost, "failed_runs": row.states.get("failed", 0),
        }
        for row in table.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
    ]  # fmt: skip


def _settings_key(spec: RunSpec, rows: int) -> tuple:
    return (spec.total_steps(rows), *sorted((k, repr(v)) for k, v in _settings(spec).items()))


def _settings(spec: RunSpec) -> dict[str, Any]:
    return {k: v for k, v in spec.to_json().items() if k not in _NOT_SETTINGS}


def _row(
    dataset: Dataset, runs: list[Run], control: list[Run], subset: Subset | None, heads: tuple[Column, ...], metric: str,
    costs: dict[str, float | None],
) -> Row:  # fmt: skip
    spec = runs[0].spec
    everything = spec.on_everything
    cost = _paired_cost(runs, control)
    return Row(
        model=spec.model_name,
        subset=spec.subset,
        examples=dataset.train.rows if everything else len(subset.ids) if subset else None,
        steps=_steps(runs, spec.total_steps(dataset.train.rows)),
        settings={k: v for k, v in _settings(spec).items() if k not in ("model_fingerprint", "layers")},
        states=dict(Counter(run.state for run in runs)),
        seeds=tuple(sorted({_seed_name(run.spec) for run in runs if run.state == "succeeded"}, key=str)),
        cells=tuple(_cell(runs, [] if everything else control, column, metric) for column in heads),
        cost=cost,
        reference_cost=0.0 if everything else _reference_cost(subset, control, costs),
        value=subset,
    )


def _seed_name(spec: RunSpec) -> int | str:
    return spec.seed if spec.seed is not None else f"{spec.seeds.init}/{spec.seeds.order}/{spec.seeds.dropout}"


def _cell(runs: list[Run], control: list[Run], column: Column, metric: str) -> Cell:
    scores, base = _by_seed(runs, column, metric), _by_seed(control, column, metric)
    return Cell(tuple(scores.values()), tuple(scores[seed] - base[seed] for seed in scores if seed in base))


def _by_seed(runs: list[Run], column: Column, metric: str) -> dict[Seeds, float]:
    """One score a seed. Wilful repetitions of a seed are averaged: they are no new seeds."""
    found: dict[Seeds, list[float]] = {}
    for run in runs:
        scores = [run.scores.get(evaluation, {}).get(metric) for evaluation in column.evaluations]
        if run.state == "succeeded" and all(score is not None for score in scores):
            found.setdefault(run.spec.seeds, []).append(fmean(score for score in scores if score is not None))
    return {seeds: fmean(found[seeds]) for seeds in sorted(found, key=lambda s: (s.init, s.order, s.dropout))}


def _steps(runs: list[Run], budget: int) -> int:
    """Those of the budget; where a rule may stop the runs, their mean."""
    stopped = [run.stop["step"] for run in runs if run.stop]
    return round(fmean(stopped)) if stopped else budget


def _spent(run: Run) -> float | None:
    """FLOPs of training, and of the evaluations that stopping and capture need. What a kill threw away says nothing about a method."""
    cost = run.cost
    if not cost.get("train_flops"):
        return None
    return cost["train_flops"] - cost.get("repeated_flops", 0) + cost.get("stop_flops", 0) + cost.get("capture_flops", 0)


def _flops(runs: list[Run]) -> dict[Seeds, float]:
    return {run.spec.seeds: spent for run in runs if run.state == "succeeded" and (spent := _spent(run))}


def _paired_cost(runs: list[Run], control: list[Run]) -> float | None:
    own, base = _flops(runs), _flops(control)
    both = own.keys() & base.keys()
    return sum(own[s] for s in both) / sum(base[s] for s in both) if both else None


def _reference_cost(subset: Subset | None, control: list[Run], costs: dict[str, float | None]) -> float | None:
    base = _flops(control)
    if subset is None or not base:
        return None
    chosen_by = reference_runs(subset.selection)
    known = [cost for run in chosen_by if (cost := costs.get(run))]
    return sum(known) / fmean(base.values()) if len(known) == len(chosen_by) else None


def reference_runs(selection: dict[str, Any]) -> tuple[str, ...]:
    """The runs whose dynamics chose a subset, each once, in the order in which the selection names them."""
    return tuple(dict.fromkeys(step["run"] for step in selection.get("steps", ()) if step.get("run")))
