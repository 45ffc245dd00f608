"""The table of results: what main models scored on a subset, beside the same model on everything and on random subsets.

Values in, rows out; which runs make a row is said in `blocks`.
A difference is paired: a seed on the subset minus the same seed of the baseline, never a mean minus another mean.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from app.blocks import NEVER, STOPPING, Block, Line, blocks, settings_of
from ftft.domain import Dataset, Run, RunSpec, Seeds, Subset, runs_in
from ftft.workspace.pricing import spent


@dataclass(frozen=True)
class Column:
    """A column of scores: one evaluation set, or the mean over several. `distribution`: "id" or "ood"; `role`: "dev" or "test"."""

    name: str
    distribution: str
    role: str
    evaluations: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """Scores in [0, 1] of one row in one column, one for each seed, and what each seed of `pairs` gained over that seed's baseline."""

    values: tuple[float, ...] = ()
    differences: tuple[float, ...] = ()
    pairs: tuple[Seeds, ...] = ()

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
    """Runs that differ only in their seed. `kind`: one of KINDS; `title` says what they saw; `block`: which rows compare with each other.

    `subset` is the subset's name where there is one of it: None for everything and for random controls. `examples` is None when the
    subset is no longer in the workspace. `baseline`: what the differences are to: "self" where this is it, "same rule", "never stopped",
    or "" where there is none.
    `cost` is the main runs' FLOPs (see `spent`) over those of the same seeds of the baseline; `reference_cost` what the runs that chose
    the subset add to one main run, in the same unit: 0 when no run chose it, None when it is not known.
    """

    model: str
    kind: str
    title: str
    subset: str | None
    examples: int | None
    steps: int
    settings: dict[str, Any]
    states: dict[str, int]
    seeds: tuple[int | str, ...]
    cells: tuple[Cell, ...]
    baseline: str
    block: int
    cost: float | None
    reference_cost: float | None
    value: Subset | None

    @property
    def whole_cost(self) -> float | None:
        """Main run and reference together, relative to the baseline."""
        return None if self.cost is None or self.reference_cost is None else self.cost + self.reference_cost


@dataclass(frozen=True)
class Table:
    """Rows in blocks: runs on everything first, then the subsets, then random ones; blocks with a difference come first.

    `outdated` counts the runs that are left out because they saw an earlier version of the dataset.
    """

    metric: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    outdated: int

    @property
    def main(self) -> tuple[Row, ...]:
        """The rows that the page can speak about: subsets that somebody chose, or random ones where there is no other."""
        chosen = tuple(row for row in self.rows if row.kind == "subset")
        return chosen or tuple(row for row in self.rows if row.kind.startswith("random"))


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
    of_name = [run for run in runs if run.spec.dataset == dataset.name and run.spec.has_settings and run.spec.left_out is None]
    runs = [run for run in of_name if run.spec.dataset_fingerprint == dataset.fingerprint]
    costs, heads = {run.id: spent(run) for run in runs}, columns(dataset)
    drawn = [
        [_row(dataset, line, block, n, heads, metric, costs) for line in block.lines]
        for n, block in enumerate(blocks(runs, subsets, dataset.train.rows))
    ]
    drawn.sort(key=lambda rows: not any(cell.differences for row in rows for cell in row.cells))
    return Table(metric, heads, tuple(row for rows in drawn for row in rows), len(of_name) - len(runs))


def telling_settings(table: Table) -> list[dict[str, Any]]:
    """For each row the settings in which rows of the same model differ: without them, two rows could not be told apart.

    The titles of runs on everything say whether they were stopped: how, matters where rows on subsets differ in it.
    """
    described = [row.settings | {"steps": row.steps} for row in table.rows]
    varied: dict[str, set[str]] = {}
    for row, settings in zip(table.rows, described, strict=True):
        of_model = [(r.kind, d) for r, d in zip(table.rows, described, strict=True) if r.model == row.model]
        differs = {name for name in settings if len({repr(d.get(name)) for _, d in of_model}) > 1}
        on_subsets = [d for kind, d in of_model if kind not in ("everything", "erm_steps")]
        varied[row.model] = {n for n in differs if n not in STOPPING or len({repr(d.get(n)) for d in on_subsets}) > 1}
    return [{k: v for k, v in d.items() if k in varied[row.model]} for row, d in zip(table.rows, described, strict=True)]


def records(table: Table, dataset: Dataset) -> list[dict[str, Any]]:
    """The table in long form for a file: one record for each row and evaluation set, numbers as they are (scores in [0, 1])."""
    return [
        {
            "dataset": dataset.name, "model": row.model, "row": row.title, "subset": row.subset or "",
            "examples": row.examples, "of": dataset.train.rows,
            "steps": row.steps, "evaluation": column.name, "distribution": column.distribution, "role": column.role, "metric": table.metric,
            "mean": cell.mean, "sd": cell.sd, "n_seeds": len(cell.values), "difference": cell.difference, "n_pairs": len(cell.differences),
            "baseline": row.baseline, "train_flops_of_baseline": row.cost, "with_reference": row.whole_cost,
            "failed_runs": row.states.get("failed", 0),
        }
        for row in table.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
    ]  # fmt: skip


def _row(
    dataset: Dataset, line: Line, block: Block, n: int, heads: tuple[Column, ...], metric: str, costs: dict[str, float | None]
) -> Row:  # fmt: skip
    runs, spec = line.runs, line.runs[0].spec
    baseline = block.baseline(line)
    control = baseline.runs if baseline else []
    return Row(
        model=spec.model_name,
        kind=line.kind,
        title=_title(line, block),
        subset=spec.subset if line.kind == "subset" else None,
        examples=dataset.train.rows if spec.on_everything else len(line.subset.ids) if line.subset else None,
        steps=_steps(runs, spec.total_steps(dataset.train.rows)),
        settings={k: v for k, v in settings_of(spec).items() if k not in ("model_fingerprint", "layers")},
        states=dict(Counter(run.state for run in runs)),
        seeds=tuple(sorted({_seed_name(run.spec) for run in runs if run.state == "succeeded"}, key=str)),
        cells=tuple(_cell(runs, [] if baseline is line else control, column, metric) for column in heads),
        baseline=_relation(line, baseline),
        block=n,
        cost=_paired_cost(runs, control),
        reference_cost=0.0 if spec.on_everything else _reference_cost(line.subset, control, costs),
        value=line.subset,
    )


def _title(line: Line, block: Block) -> str:
    """What the runs of a line saw, so that no two lines of a block are called the same."""
    match line.kind:
        case "subset":
            return line.runs[0].spec.subset or ""
        case "everything":
            rules = {other.rule for other in block.lines}
            return "everything" if rules == {NEVER} else "everything, never stopped" if line.rule == NEVER else "everything, stopped early"
        case "erm_steps":
            return "everything, the subset's steps"
    size = len(line.subset.ids) if line.subset else 0
    like = [main for main in block.main if main.subset and len(main.subset.ids) == size]
    if line.kind == "random":
        return "random, same size" if like else "random"
    same = [main for main in like if main.subset and _nonzero(main.subset.labels) == _nonzero(line.counts or {})]
    if not same:
        return "random, given label shares"
    several = sum(other.kind == line.kind for other in block.lines) > 1
    return "random, same size and label shares" + (f" as {same[0].runs[0].spec.subset}" if several else "")


def _nonzero(counts: dict[str, int]) -> dict[str, int]:
    return {label: n for label, n in counts.items() if n}


def _relation(line: Line, baseline: Line | None) -> str:
    if baseline is None:
        return ""
    if baseline is line:
        return "self"
    return "never stopped" if baseline.rule == NEVER and line.rule != NEVER else "same rule"


def _seed_name(spec: RunSpec) -> int | str:
    return spec.seed if spec.seed is not None else f"{spec.seeds.init}/{spec.seeds.order}/{spec.seeds.dropout}"


def _cell(runs: list[Run], control: list[Run], column: Column, metric: str) -> Cell:
    scores, base = _by_seed(runs, column, metric), _by_seed(control, column, metric)
    pairs = tuple(seed for seed in scores if seed in base)
    return Cell(tuple(scores.values()), tuple(scores[seed] - base[seed] for seed in pairs), pairs)


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


def _flops(runs: list[Run]) -> dict[Seeds, float]:
    return {run.spec.seeds: flops for run in runs if run.state == "succeeded" and (flops := spent(run))}


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
    """The runs whose dynamics chose a subset, those behind a mean too, each once, in the order in which the selection names them."""
    named = [step["run"] for step in selection.get("steps", ()) if step.get("run")]
    return tuple(dict.fromkeys(run for name in named for run in runs_in(name)))
