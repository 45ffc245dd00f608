"""Behind the table of an experiment: per label, per group, calibration, score against steps, cost against score, gains on the map.

Shapes: S seeds, N examples, B bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft.crossed import Difference, difference
from ftft.datamap import REGIONS, positions
from ftft.domain import Run, mean_id
from ftft.errors import InputError, unknown
from ftft.workspace.results import Results, pairs

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

BINS = 15  # of confidence, as in Guo et al. 2017
MOST_GROUPS = 60  # values of a column that are shown as groups
TRAIN = "train"


@dataclass(frozen=True)
class Part:
    """A method on a part of an evaluation set: mean accuracy over seeds, SD (None under two), and the difference to the baseline."""

    method: str
    part: str
    n: int
    mean: float
    sd: float | None
    difference: Difference | None


@dataclass(frozen=True)
class Calibration:
    """Of one method on one set: `ece` in [0, 1], mean over seeds. `bins`: {confidence, accuracy, n} of those that hold an example."""

    method: str
    ece: float
    sd: float | None
    bins: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Gains:
    """Training examples where method `a` is right and `b` wrong ("gained"), or the reverse ("lost"), over the paired seeds.

    `gain_N` in [-1, 1]: the share of seeds in which a is right, less that of b; rows as in the map of `reference`, NaN where nothing was
    predicted. `regions`: region -> {n, gained, lost, both, neither}, means over seeds of how many examples.
    """

    a: str
    b: str
    reference: str
    seeds: int
    ids_N: np.ndarray
    gain_N: np.ndarray
    regions: dict[str, dict[str, float]]


class Breakdowns:
    """Of one table; everything is worked out when it is asked for."""

    def __init__(self, workspace: "Workspace", results: Results) -> None:
        self.workspace, self.results = workspace, results

    # ---- parts of an evaluation set

    def group_columns(self, evaluation: str) -> list[str]:
        """Columns of an evaluation set with few values, beside text and label: hatecheck's functionality, dynahate's level."""
        rows = self.workspace.data.rows(self.results.about.name, evaluation)
        own = {"id", "label", *self.results.about.text_columns}
        values = {column: set(rows[column].astype(str)) for column in rows.columns if column not in own}
        return [column for column, found in values.items() if 1 < len(found) <= MOST_GROUPS]

    def per_label(self, evaluation: str) -> list[Part]:
        """Recall of each label of the set, method after method."""
        return self._parts(evaluation, "label")

    def per_group(self, evaluation: str, column: str) -> list[Part]:
        """Accuracy within each value of a column, method after method."""
        if column not in (known := self.group_columns(evaluation)):
            raise unknown(f"column of {evaluation} with groups:", column, known)
        return self._parts(evaluation, column)

    def _parts(self, evaluation: str, column: str) -> list[Part]:
        rows = self.workspace.data.rows(self._known(evaluation), evaluation)
        order = np.argsort(rows["id"].to_numpy(object), kind="stable")  # as predictions are read
        group_N = rows[column].astype(str).to_numpy(object)[order]
        return [
            self._part(row.method, evaluation, group, np.flatnonzero(group_N == group))
            for row in self.results.rows
            for group in sorted(set(group_N))
            if row.done
        ]

    def _part(self, method: str, evaluation: str, group: str, rows: np.ndarray) -> Part:
        own, base = self.results.row(method), self.results.row(self.results.baseline)
        assert own
        right = [self._right(run, evaluation)[rows] for run in own.done.values()]
        means = [float(right_n.mean()) for right_n in right]
        both = pairs(own.done, base.done) if base and method != self.results.baseline else []
        apart = [self._right(a, evaluation)[rows] - self._right(b, evaluation)[rows] for a, b in both]
        return Part(method, group, len(rows), fmean(means), _sd(means), difference([np.stack(apart)]) if apart else None)

    def _right(self, run: Run, evaluation: str) -> np.ndarray:
        right_N = self.results.scored.contributions(run, evaluation, "accuracy")
        if right_N is None:
            raise InputError(f"run {run.id} has no predictions of {evaluation}", "Train it again: ftft train … --again")
        return right_N

    # ---- calibration

    def calibration(self, evaluation: str) -> list[Calibration]:
        """Expected calibration error of the highest probability, in BINS bins of equal width. Guo et al. 2017."""
        self._known(evaluation)
        return [self._calibration(row.method, list(row.done.values()), evaluation) for row in self.results.rows if row.done]

    def _calibration(self, method: str, runs: Sequence[Run], evaluation: str) -> Calibration:
        errors, counts_B, sums_B, right_B = [], np.zeros(BINS), np.zeros(BINS), np.zeros(BINS)
        for run in runs:
            right_N = self._right(run, evaluation)
            logits_NC = self.workspace.runs.folder(run.id).read_predictions(evaluation)[2].astype(np.float64)
            p_NC = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
            highest_N = (p_NC / p_NC.sum(axis=1, keepdims=True)).max(axis=1)
            bin_N = np.minimum((highest_N * BINS).astype(int), BINS - 1)
            n_B, p_B, hit_B = (np.bincount(bin_N, weights, BINS) for weights in (None, highest_N, right_N))
            errors.append(float(np.abs(p_B - hit_B).sum() / len(right_N)))
            counts_B, sums_B, right_B = counts_B + n_B, sums_B + p_B, right_B + hit_B
        there = np.flatnonzero(counts_B)
        bins = tuple(
            {"confidence": float(sums_B[b] / counts_B[b]), "accuracy": float(right_B[b] / counts_B[b]), "n": float(counts_B[b])}
            for b in there
        )
        return Calibration(method, fmean(errors), _sd(errors), bins)

    # ---- on the way

    def curves(self) -> dict[str, dict[int, list[tuple[int, float]]]]:
        """Method -> seed -> (step, value) of the looks that might stop it: the mean of the dataset's metric over development sets."""
        return {
            row.method: {seed: self._looks(run) for seed, run in row.runs.items() if run and run.spec.stop}
            for row in self.results.rows
            if any(run and run.spec.stop for run in row.runs.values())
        }

    def _looks(self, run: Run) -> list[tuple[int, float]]:
        looks = {line["step"]: line["value"] for line in self.workspace.runs.progress(run.id) if "stop" in line and "value" in line}
        return sorted(looks.items())

    def front(self) -> list[dict[str, Any]]:
        """{method, cost, mean, sd, on_front} on the column that tells: on the front where no other is both cheaper and better."""
        column = self.results.telling
        points: list[dict[str, Any]] = []
        for row in self.results.rows if column else ():
            assert column
            score = row.scores[column.name]
            if score.mean is not None and row.price.ratio is not None:
                points.append({"method": row.method, "cost": row.price.ratio, "mean": score.mean, "sd": score.sd})
        sign = -1 if self.results.metric == "loss" else 1

        def beaten(one: dict[str, Any]) -> bool:
            return any(
                other["cost"] <= one["cost"] and sign * other["mean"] >= sign * one["mean"]
                and (other["cost"], other["mean"]) != (one["cost"], one["mean"])
                for other in points
            )  # fmt: skip

        return [point | {"on_front": not beaten(point)} for point in points]

    # ---- back on the map

    def gains(self, a: str, b: str) -> Gains:
        """Of method `a` over method `b`, on the map of a's references, or else of b's, or those of the experiment.

        InputError where no pair of runs has predicted the training set.
        """
        one, other = self._row(a), self._row(b)
        both = [(x, y) for x, y in pairs(one.done, other.done) if self._has_train(x) and self._has_train(y)]
        if not both:
            raise InputError(f"no seed has training predictions of both {a} and {b}", "Ask for the experiment with --train-predictions")
        reference = self._reference((one.references, other.references))
        found = self.workspace.map(reference)
        ids_N = self.workspace.runs.folder(both[0][0].id).read_predictions(TRAIN)[0]
        row_N = positions(ids_N, found.ids_N)
        right_SN = [[self._right(run, TRAIN)[row_N] for run in pair] for pair in both]
        a_SN, b_SN = (np.where(row_N >= 0, np.stack([pair[k] for pair in right_SN]), np.nan) for k in (0, 1))
        region_N = found.region_N()
        regions = {region: _counts(a_SN[:, region_N == region], b_SN[:, region_N == region]) for region in REGIONS}
        return Gains(a, b, reference, len(both), found.ids_N, (a_SN - b_SN).mean(axis=0), regions)

    def _reference(self, several: Sequence[dict[int, tuple[str, ...]]]) -> str:
        """The mean of the references that chose for a method; of the experiment's where neither has any."""
        used = [run for of_seeds in several for runs in of_seeds.values() for run in runs]
        there = set(self.workspace.runs.ids())
        runs = [run for run in dict.fromkeys(used or self.results.experiment.references) if run in there]
        first = [run for run in runs if self.workspace.runs.get(run).spec.model_name == self.workspace.runs.get(runs[0]).spec.model_name]
        if not first:
            raise InputError("the experiment has no reference with a map", "Ask for it again: what is missing is trained")
        return mean_id(first) if len(first) > 1 else first[0]

    def settling(self) -> list[dict[str, Any]]:
        """For each reference: {run, steps, budget, saved, overlap}: what the rule "selection" saves, and how much of the selection stays.

        Of a reference that ran in full: what it would have saved. `overlap` of the early selection with that of all epochs, None where
        nobody knows it: the reference was stopped, and no run of it in full exists.
        """
        q = self.results.experiment.design["top"]
        return [found for run in self.results.experiment.references if (found := self.workspace.early_reference(run, q))]

    def _row(self, method: str):
        row = self.results.row(method)
        if row is None:
            raise unknown("method of this experiment:", method, self.results.experiment.methods)
        return row

    def _has_train(self, run: Run) -> bool:
        return (run.folder / "predictions" / f"{TRAIN}.parquet").exists()

    def _known(self, evaluation: str) -> str:
        """The dataset's name, if it has such a set."""
        names = [split.name for split in self.results.about.evaluations]
        if evaluation not in names:
            raise unknown("evaluation set", evaluation, names)
        return self.results.about.name


def _counts(a_SN: np.ndarray, b_SN: np.ndarray) -> dict[str, float]:
    seeds = len(a_SN)
    found = {"gained": (a_SN > b_SN), "lost": (a_SN < b_SN), "both": (a_SN == 1) & (b_SN == 1), "neither": (a_SN == 0) & (b_SN == 0)}
    return {"n": float(a_SN.shape[1])} | {name: float(is_SN.sum() / seeds) for name, is_SN in found.items()}


def _sd(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None
