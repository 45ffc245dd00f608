"""What finished runs predicted, as the statistics need it: contributions to a score, example by example, kept while the files are the same.

Shapes: S seeds, N examples of an evaluation set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ftft.contributions import contributions
from ftft.crossed import Difference, difference
from ftft.domain import Dataset, Run
from ftft.publish import stamp
from ftft.workspace.kept import Kept

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace


@dataclass(frozen=True)
class Column:
    """What scores are shown for: one evaluation set, or the mean over all test sets of a distribution ("id" or "ood")."""

    name: str
    evaluations: tuple[str, ...]
    distribution: str
    role: str

    @property
    def is_mean(self) -> bool:
        return len(self.evaluations) > 1


def columns(about: Dataset) -> tuple[Column, ...]:
    """In distribution, then out of it: a mean where there are several test sets, then each set; development sets last."""
    found: list[Column] = []
    for distribution in ("id", "ood"):
        of = [split for split in about.evaluations if split.distribution == distribution]
        tests = [split.name for split in of if split.role == "test"]
        if len(tests) > 1:
            found.append(Column(f"mean {distribution}", tuple(tests), distribution, "test"))
        of.sort(key=lambda split: split.role == "dev")
        found += [Column(split.name, (split.name,), distribution, split.role) for split in of]
    return tuple(found)


class Scored:
    """Reads predictions of a dataset's runs."""

    def __init__(self, workspace: "Workspace", about: Dataset) -> None:
        self.workspace, self.about = workspace, about
        self._kept = _KEPT

    def contributions(self, run: Run, evaluation: str, metric: str) -> np.ndarray | None:
        """(N,) in the order of ids; None where the run has no predictions of that set, or the metric says nothing about it."""
        file = run.folder / "predictions" / f"{evaluation}.parquet"
        if not file.exists():
            return None

        def work_out() -> np.ndarray | None:
            _, gold_N, logits_NC = self.workspace.runs.folder(run.id).read_predictions(evaluation)
            return contributions(metric, gold_N, logits_NC, self.about.counts_as(evaluation))

        return self._kept.once((str(file), stamp(file), metric), work_out)

    def difference(self, pairs: Sequence[tuple[Run, Run]], column: Column, metric: str) -> Difference | None:
        """Of the first run of each pair to the second, over pairs and examples of a column's sets. None where something is missing."""
        parts = []
        for evaluation in column.evaluations:
            rows = [(self.contributions(a, evaluation, metric), self.contributions(b, evaluation, metric)) for a, b in pairs]
            if not rows or any(a is None or b is None or len(a) != len(b) for a, b in rows):
                return None
            parts.append(np.stack([a - b for a, b in rows if a is not None and b is not None]))
        return difference(parts)


_KEPT = Kept()
