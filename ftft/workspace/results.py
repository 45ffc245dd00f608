"""The results of an experiment: methods by evaluation sets, differences with what they are worth, steps and cost. Numbers alone.

Shapes: S seeds.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from ftft.crossed import FEW, Difference, holm
from ftft.domain import Dataset, Experiment, Run
from ftft.domain.stabilisers import in_words, parts
from ftft.errors import InputError, unknown
from ftft.scores import SCORES
from ftft.workspace.methods import parse
from ftft.workspace.pricing import Price, price
from ftft.workspace.scored import Column, Scored, columns

if TYPE_CHECKING:
    from ftft.workspace.breakdowns import Breakdowns
    from ftft.workspace.claims import Claim
    from ftft.workspace.instabilities import Instabilities
    from ftft.workspace.root import Workspace

BASELINES = {"ftft": "erm", "stability": "standard"}
MISSING = "missing"  # the state of a run whose folder is gone


@dataclass(frozen=True)
class Score:
    """A method on a column. `values`: seed -> score of its run. `difference` to the baseline is paired by seed, None without a pair.

    `p` is adjusted for all comparisons of the table (Holm); None under FEW seeds, for the baseline, and on development sets, which
    had a part in the training.
    """

    values: dict[int, float]
    difference: Difference | None = None
    p: float | None = None

    @property
    def mean(self) -> float | None:
        return fmean(self.values.values()) if self.values else None

    @property
    def sd(self) -> float | None:
        """Sample SD over seeds; None under two."""
        return stdev(self.values.values()) if len(self.values) > 1 else None


@dataclass(frozen=True)
class Row:
    """A method. `runs`: seed -> its main run, None where its folder is gone. `scores`: column -> Score."""

    method: str
    runs: dict[int, Run | None]
    references: dict[int, tuple[str, ...]]
    scores: dict[str, Score]
    price: Price

    @property
    def states(self) -> dict[str, int]:
        """How many runs are in which state."""
        return dict(Counter(run.state if run else MISSING for run in self.runs.values()))

    @property
    def done(self) -> dict[int, Run]:
        """The runs that succeeded."""
        return {seed: run for seed, run in self.runs.items() if run and run.state == "succeeded"}

    @property
    def steps(self) -> float | None:
        """Mean updates of the runs that succeeded, up to where they were stopped."""
        return fmean(run.stop.get("step", run.steps_done) for run in self.done.values()) if self.done else None

    @property
    def best_steps(self) -> float | None:
        """Mean update whose weights are the result."""
        return fmean(run.stop.get("best_step", run.steps_done) for run in self.done.values()) if self.done else None


@dataclass(frozen=True)
class Results:
    """All of a table. `comparisons`: how many differences were tested together; 0 where there are too few seeds."""

    experiment: Experiment
    about: Dataset
    metric: str
    baseline: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    comparisons: int
    scored: Scored

    @cached_property
    def claims(self) -> list["Claim"]:
        """What may be said of each method, and what else may explain it."""
        from ftft.workspace.claims import claims

        return claims(self)

    @cached_property
    def breakdowns(self) -> "Breakdowns":
        """Per label and group, calibration, score against steps, cost against score, gains on the map."""
        from ftft.workspace.breakdowns import Breakdowns

        return Breakdowns(self.scored.workspace, self)

    @cached_property
    def instabilities(self) -> "Instabilities":
        """Of a stability experiment: spread, failures, disagreement, what leaving one out changes."""
        from ftft.workspace.instabilities import Instabilities

        return Instabilities(self)

    def save_figure(self, name: str, file: Path) -> None:
        """Writes a figure as .png, .svg or .pdf at paper size. `name`: one of `ftft.workspace.report.FIGURES`, or STABILITY_FIGURES."""
        from ftft.figures import save
        from ftft.workspace.report import report_of

        save(report_of(self).drawn(name), file)

    def row(self, method: str) -> Row | None:
        """The row of a method, if there is one."""
        return next((row for row in self.rows if row.method == method), None)

    @cached_property
    def telling(self) -> Column | None:
        """The column that claims are made on: out of distribution where there is a test set, else in it; the mean of several."""
        tests = [column for column in self.columns if column.role == "test"]
        return next((c for c in tests if c.distribution == "ood"), tests[0] if tests else None)

    @property
    def shared_reference(self) -> bool:
        """Do all seeds use the same reference run, so that the luck of its choice is not in any SD?"""
        return bool(self.experiment.design.get("shared_reference"))

    def between(self, method: str, other: str, column: Column, metric: str | None = None) -> Difference | None:
        """The paired difference of any two methods; None where one has no run, or no seed is common."""
        a, b = self.row(method), self.row(other)
        if not a or not b:
            return None
        return self.scored.difference(pairs(a.done, b.done), column, metric or self.metric)

    def to_json(self) -> dict[str, Any]:
        """As in `ftft results --json`."""
        return {
            "experiment": self.experiment.id, "kind": self.experiment.kind, "dataset": self.about.name, "metric": self.metric,
            "baseline": self.baseline, "comparisons": self.comparisons, "shared_reference": self.shared_reference,
            "evaluations": [
                {"name": c.name, "sets": list(c.evaluations), "distribution": c.distribution, "role": c.role} for c in self.columns
            ],
            "methods": [self._method(row) for row in self.rows], "claims": [claim.to_json() for claim in self.claims],
            **(self._stability() if self.experiment.kind == "stability" else {}),
        }  # fmt: skip

    def _method(self, row: Row) -> dict[str, Any]:
        return {
            "method": row.method, "n_seeds": len(row.done), "seeds": sorted(row.done), "steps": row.steps, "best_steps": row.best_steps,
            "failed_runs": row.states.get("failed", 0), "states": row.states, **row.price.to_json(),
            "scores": {column.name: self._score(row.scores[column.name]) for column in self.columns},
            **(self.instabilities.rows[row.method].to_json() if self.experiment.kind == "stability" else {}),
        }  # fmt: skip

    def _stability(self) -> dict[str, Any]:
        return {
            "stability_on": self.instabilities.evaluation,
            "leave_one_out": [found.to_json() for found in self.instabilities.left_out()],
        }  # fmt: skip

    def _score(self, score: Score) -> dict[str, Any]:
        found = score.difference
        low, high = within(found, self.metric) if found else (None, None)
        return {
            "mean": score.mean, "sd": score.sd, "diff": found.value if found else None, "low": low, "high": high, "p": score.p,
            "p_unadjusted": found.p if found else None, "pairs": found.n_seeds if found else 0,
        }  # fmt: skip


def results(workspace: "Workspace", experiment: Experiment, metric: str | None = None, baseline: str | None = None) -> Results:
    """The table of an experiment as its runs are now. InputError for a metric or a baseline that there is not."""
    about = workspace.data.get(experiment.dataset)
    if about.fingerprint != experiment.design["dataset_fingerprint"]:
        raise InputError(f"dataset {about.name!r} has changed since this experiment", "Add it again as it was, or run the experiment anew")
    metric = metric or about.metric
    if metric not in SCORES:
        raise unknown("metric of scores", metric, SCORES)
    first = baseline or BASELINES[experiment.kind]
    if baseline and baseline not in experiment.methods:
        first = parse(baseline).name if experiment.kind == "ftft" else in_words(parts(baseline))
    if first not in experiment.methods:
        if baseline:
            raise unknown("method of this experiment:", baseline, experiment.methods)
        first = experiment.methods[0]
    return _table(workspace, experiment, about, metric, first)


def _table(workspace: "Workspace", experiment: Experiment, about: Dataset, metric: str, baseline: str) -> Results:
    states = {run.id: run for run in workspace.runs.list(about.name)}
    scored, shown = Scored(workspace, about), columns(about)
    runs = {method: {m.seed: states.get(m.run) for m in experiment.of(method)} for method in experiment.methods}
    done = {method: {s: r for s, r in by_seed.items() if r and r.state == "succeeded"} for method, by_seed in runs.items()}
    found: dict[tuple[str, str], Difference | None] = {
        (method, column.name): scored.difference(pairs(done[method], done[baseline]), column, metric)
        for method in experiment.methods
        for column in shown
        if method != baseline
    }
    tested = [(method, c.name) for method in experiment.methods if method != baseline for c in shown if c.role == "test"]
    raw = [d.p if (d := found[key]) else None for key in tested]
    p = dict(zip(tested, holm(raw), strict=True))
    rows = []
    for method in experiment.methods:
        scores = {}
        for column in shown:
            values = _values(done[method], column, metric)
            own = (
                Difference(0.0, 0.0, 0.0, 0.0, None, None, len(values))
                if method == baseline and values
                else found.get((method, column.name))
            )
            scores[column.name] = Score(values, own, p.get((method, column.name)))
        references = {m.seed: m.references for m in experiment.of(method)}
        paid = {} if _is_matched(experiment, method) else references
        rows.append(
            Row(method, runs[method], references, scores, price(done[method], paid, done.get(BASELINES[experiment.kind], {}), states))
        )
    return Results(experiment, about, metric, baseline, shown, tuple(rows), sum(value is not None for value in raw), scored)


def _is_matched(experiment: Experiment, method: str) -> bool:
    """Is it a control that takes no more from a reference than label shares? Those anybody could have chosen without it."""
    return experiment.kind == "ftft" and parse(method).base == "random_matched"


def _values(done: dict[int, Run], column: Column, metric: str) -> dict[int, float]:
    found = {}
    for seed, run in done.items():
        scores = [run.scores.get(evaluation, {}).get(metric) for evaluation in column.evaluations]
        if all(score is not None for score in scores):
            found[seed] = fmean(score for score in scores if score is not None)
    return found


def pairs(a: dict[int, Run], b: dict[int, Run]) -> list[tuple[Run, Run]]:
    """Runs of the same seed."""
    return [(a[seed], b[seed]) for seed in sorted(a.keys() & b.keys())]


def within(found: Difference, metric: str) -> tuple[float, float]:
    """An interval as numbers that JSON has: where examples say nothing, as wide as the metric can be."""
    most = 1.0 if metric != "loss" else float("1e308")
    return max(found.low, -most), min(found.high, most)


def few(seeds: int) -> str | None:
    """What stands with a difference that cannot be tested."""
    return None if seeds >= FEW else "one seed is no evidence" if seeds == 1 else f"{seeds} seeds: too few seeds to test"
