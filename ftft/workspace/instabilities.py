"""How differently the runs of each method of a stability experiment end: spread, failures, disagreement, and what leaving one out changes.

All on the dataset's first development set, or, without one, on its first test set: test sets are for scores.

Shapes: R runs, N examples, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import instability
from ftft.crossed import ALPHA, holm, spread
from ftft.domain import Run
from ftft.publish import stamp
from ftft.scores import joined
from ftft.stats import Estimate
from ftft.workspace.kept import Kept

if TYPE_CHECKING:
    from ftft.workspace.results import Results, Row

CURVE = 60  # points of a learning curve
FEWEST = 10  # runs of each method, from which on the test of equal spread finds something (ftft/instability.py)


@dataclass(frozen=True)
class Instability:
    """Of one method. `spread`: sample SD of the score with its 95 % interval. `floor`: the score of always giving the commonest answer.

    `failed`: runs whose score is not above that, `failed_share` with its interval. `ratio`: of the SD to the baseline's, without those.
    `p`: of equal spread as the baseline, Brown and Forsythe, adjusted for all methods of the table (Holm); None under FEWEST runs.
    `seconds`: mean seconds as a share of the baseline's.
    What needs two runs is None under two.
    """

    method: str
    runs: int
    spread: tuple[float, float, float] | None
    lowest: float | None
    highest: float | None
    floor: float | None
    failed: tuple[str, ...]
    failed_share: Estimate | None
    disagreement: float | None
    jsd: float | None
    one_minus_fleiss_kappa: float | None
    ratio: Estimate | None
    p: float | None
    seconds: float | None

    @property
    def tested(self) -> bool:
        """Does the test of equal spread, which supposes no shape of the scores, not stand against what the ratio says?"""
        return self.p is None or self.p < ALPHA

    def to_json(self) -> dict[str, Any]:
        """What a stability experiment adds to a method in `ftft results --json`."""
        sd, low, high = self.spread or (None, None, None)
        share, ratio = self.failed_share, self.ratio
        return {
            "sd": sd, "sd_low": low, "sd_high": high, "min": self.lowest, "max": self.highest, "disagreement": self.disagreement,
            "jsd": self.jsd, "one_minus_fleiss_kappa": self.one_minus_fleiss_kappa, "failed_share": share and share.value,
            "failed_low": share and share.low, "failed_high": share and share.high, "majority": self.floor,
            "sd_ratio": ratio and ratio.value, "sd_ratio_low": ratio and ratio.low, "sd_ratio_high": ratio and ratio.high,
            "spread_p": self.p, "seconds_ratio": self.seconds,
        }  # fmt: skip


@dataclass(frozen=True)
class LeftOut:
    """Leave-one-out stability of a method: ||A(S without i) - A(S)|| for each left-out id i, and the same under another seed: the floor.

    `start`: how far training moved the weights. `theory`: what `ftft.bounds` estimates at the base run, and its two bounds.
    """

    method: str
    epsilon: dict[str, float]
    floor: float | None
    start: float | None
    theory: dict[str, float | None]

    def to_json(self) -> dict[str, Any]:
        """As in `ftft results --json`."""
        values = list(self.epsilon.values())
        return {
            "method": self.method, "n": len(values), "epsilon_mean": fmean(values) if values else None,
            "epsilon_max": max(values, default=None), "floor": self.floor, "start": self.start, "theory": self.theory,
        }  # fmt: skip


class Instabilities:
    """Of one table of results; everything is worked out when it is asked for, and kept while the runs are the same."""

    def __init__(self, results: "Results") -> None:
        self.results, self.workspace = results, results.scored.workspace

    @cached_property
    def evaluation(self) -> str:
        """The set that all of it is measured on."""
        evaluations = self.results.about.evaluations
        return next((split for split in evaluations if split.role == "dev"), evaluations[0]).name

    @cached_property
    def rows(self) -> dict[str, Instability]:
        """Method -> its instability."""
        found = [self._of(row) for row in self.results.rows]
        adjusted = holm([one.p for one in found])
        return {one.method: replace(one, p=p) for one, p in zip(found, adjusted, strict=True)}

    def scores(self, row: "Row") -> dict[int, float]:
        """Seed -> score on `evaluation`."""
        found = {seed: run.scores.get(self.evaluation, {}).get(self.results.metric) for seed, run in row.done.items()}
        return {seed: score for seed, score in found.items() if score is not None}

    def churn(self, method: str, split: str | None = None) -> tuple[np.ndarray, np.ndarray] | None:
        """(ids_N, churn_N): the share of pairs of a method's runs that answer an example differently. `split`: "train", or `evaluation`."""
        row = self.results.row(method)
        ids_N, logits_RNC = self._predicted(list(row.done.values()) if row else [], split or self.evaluation)
        found = instability.churn(logits_RNC.argmax(2)) if len(logits_RNC) > 1 else None
        return None if found is None else (ids_N, found)

    def against_map(self, method: str, run: str) -> dict[str, Any] | None:
        """Are the unstable training examples the ambiguous ones? Churn beside a run's map: ids_N, churn_N, x_N, y_N, correlation.

        None where too few runs predicted the training set, or the run has no map.
        """
        found = self.churn(method, "train")
        if found is None:
            return None
        frame = self.workspace.map(run).frame().set_index("id")
        there = np.isin(found[0].astype(str), frame.index.to_numpy(str))
        ids_N, churn_N = found[0][there], found[1][there]
        drawn = frame.loc[list(ids_N)]
        x_N, y_N = drawn["variability"].to_numpy(float), drawn["confidence"].to_numpy(float)
        return {
            "ids_N": ids_N, "churn_N": churn_N, "x_N": x_N, "y_N": y_N, "with_variability": instability.rank_correlation(churn_N, x_N),
            "with_confidence": instability.rank_correlation(churn_N, y_N),
        }  # fmt: skip

    def left_out(self) -> list[LeftOut]:
        """Of each method that has twins, as far as they have ended."""
        twins = self.results.experiment.twins
        runs = {run.id: run for run in self.workspace.runs.list(self.results.about.name)}
        return [self._left_out(method, [t for t in twins if t.method == method], runs) for method in dict.fromkeys(t.method for t in twins)]

    def learning_curves(self) -> list[tuple[bool, list[tuple[int, float]]]]:
        """For each finished run of any method: did it fail, and (step, training loss) as it was logged, thinned to CURVE points."""
        found = []
        for row in self.results.rows:
            failed = set(self.rows[row.method].failed)
            for run in row.done.values():
                lines = self.workspace.runs.progress(run.id)
                points = [(int(line["step"]), float(line["loss"])) for line in lines if line.get("loss") is not None and "lr" in line]
                found.append((run.id in failed, points[:: max(1, len(points) // CURVE)]))
        return [(failed, points) for failed, points in found if len(points) > 1]

    # ---- pieces

    def _of(self, row: "Row") -> Instability:
        scores, base = self.scores(row), self.results.row(self.results.baseline)
        values, floor = list(scores.values()), self._floor()
        failed_R = instability.failed(np.array(values), floor) if values and floor is not None else np.zeros(len(values), bool)
        failed = tuple(row.done[seed].id for seed, is_failed in zip(scores, failed_R, strict=True) if is_failed)
        _, logits_RNC = self._predicted(list(row.done.values()), self.evaluation)
        pred_RN = logits_RNC.argmax(2) if len(logits_RNC) else np.zeros((0, 1), int)
        several = len(pred_RN) > 1
        return Instability(
            row.method, len(values), spread(values), min(values, default=None), max(values, default=None), floor, failed,
            instability.share_interval(len(failed), len(values)) if values and floor is not None else None,
            instability.disagreement(pred_RN) if several else None, instability.jensen_shannon(logits_RNC) if several else None,
            instability.one_minus_fleiss_kappa(pred_RN, logits_RNC.shape[2]) if several else None,
            *self._beside(values, base, row), _seconds(row, base),
        )  # fmt: skip

    def _beside(self, values: list[float], base: "Row | None", row: "Row") -> tuple[Estimate | None, float | None]:
        """(ratio of SDs, p of equal spread) to the baseline's."""
        if base is None or row.method == base.method:
            return None, None
        others, floor = list(self.scores(base).values()), self._floor()
        healthy = [np.array([v for v in of if floor is None or v > floor]) for of in (values, others)]
        ratio = instability.spread_ratio(*healthy) if min(map(len, healthy)) > 1 else None
        if min(len(values), len(others)) < FEWEST:
            return ratio, None
        found = instability.brown_forsythe([np.array(values), np.array(others)])
        return ratio, found[1] if found else None

    def _floor(self) -> float | None:
        run = next((run for row in self.results.rows for run in row.done.values()), None)
        if run is None or not (run.folder / "predictions" / f"{self.evaluation}.parquet").exists():
            return None
        _, gold_N, _ = self.workspace.runs.folder(run.id).read_predictions(self.evaluation)
        return instability.majority_score(gold_N, self.results.metric)

    def _predicted(self, runs: Sequence[Run], split: str) -> tuple[np.ndarray, np.ndarray]:
        """(ids_N, logits_RNC) of the runs that predicted the split, in answers that the split knows."""
        there = [run for run in runs if (run.folder / "predictions" / f"{split}.parquet").exists()]
        found = [self._read(run, split) for run in there]
        if not found:
            return np.zeros(0, object), np.zeros((0, 1, 1))
        return found[0][0], np.stack([logits_NC for _, logits_NC in found])

    def _read(self, run: Run, split: str) -> tuple[np.ndarray, np.ndarray]:
        def work_out() -> tuple[np.ndarray, np.ndarray]:
            ids_N, _, logits_NC = self.workspace.runs.folder(run.id).read_predictions(split)
            counts_as = self.results.about.counts_as(split)
            if counts_as is None:
                return ids_N, logits_NC
            return ids_N, joined(logits_NC.astype(np.float64), np.unique(counts_as, return_inverse=True)[1])

        file = run.folder / "predictions" / f"{split}.parquet"
        return _KEPT.once((str(file), stamp(file)), work_out)

    def _left_out(self, method: str, twins: Sequence[Any], runs: dict[str, Run]) -> LeftOut:
        base = next(twin.run for twin in twins if twin.role == "base")
        far = {run: runs[run].distance.get(base) for run in {twin.run for twin in twins} & runs.keys()}
        epsilon = {t.left_out: value for t in twins if t.role == "example" and (value := far.get(t.run)) is not None}
        floor = next((far.get(t.run) for t in twins if t.role == "seed"), None)
        of_base = runs.get(base)
        return LeftOut(method, epsilon, floor, of_base and of_base.distance.get("start"), of_base.theory if of_base else {})


def _seconds(row: "Row", base: "Row | None") -> float | None:
    """Over the seeds that both have."""
    if base is None:
        return None
    both = [seed for seed in row.done if seed in base.done]
    own, theirs = (sum(of.done[seed].cost.get("seconds") or 0.0 for seed in both) for of in (row, base))
    return own / theirs if theirs else None


_KEPT = Kept()
