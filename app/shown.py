"""What one map shows: a run, or the mean of several runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from ftft.domain import Run, mean_id, runs_in


@dataclass(frozen=True)
class Shown:
    """`runs`: one, or those that the map is the mean of. `label`: what the reader calls it, one of a kind on the page."""

    runs: tuple[Run, ...]
    label: str

    @property
    def id(self) -> str:
        """A run's id, or a mean map's: whatever `ws.map` takes."""
        return self.runs[0].id if not self.is_mean else mean_id([run.id for run in self.runs])

    @property
    def is_mean(self) -> bool:
        """Is it the mean of several runs?"""
        return len(self.runs) > 1

    @property
    def name(self) -> str:
        """Above the map: the model's name, or of how many runs it is the mean."""
        return f"mean of {len(self.runs)} runs" if self.is_mean else self.runs[0].spec.model_name

    @property
    def dataset(self) -> str:
        """The dataset that all of them were trained on."""
        return self.runs[0].spec.dataset

    @property
    def epochs_recorded(self) -> int:
        """Epochs that all of them have recorded."""
        return min(run.epochs_recorded for run in self.runs)

    def epochs_within(self, wanted: tuple[int, int] | None) -> tuple[int, int]:
        """The wanted epochs (None: all), as far as they are recorded; imported metrics cannot be taken apart."""
        if self.measures is not None or wanted is None:
            return 1, self.epochs_recorded
        return min(wanted[0], self.epochs_recorded), min(wanted[1], self.epochs_recorded)

    @property
    def measures(self) -> tuple[str, ...] | None:
        """The metrics of a run that came without its dynamics; None for every other."""
        return self.runs[0].measures


def shown(ids: Sequence[str], runs: Sequence[Run]) -> tuple[Shown, ...]:
    """One for each of `ids` that can be shown with `runs`; of the others nothing."""
    known = {run.id: run for run in runs if run.mapped}
    found = [tuple(known[run] for run in runs_in(i)) for i in ids if all(run in known for run in runs_in(i))]
    names = run_labels([run for group in found for run in group])
    means = [group for group in found if len(group) > 1]
    return tuple(Shown(group, names[group[0].id] if len(group) == 1 else _mean_label(group, names, means)) for group in found)


def run_labels(runs: Sequence[Run]) -> dict[str, str]:
    """What a reader calls each run: model, seed, subset; the start of its id where that is not enough."""
    names = {run.id: run_label(run) for run in runs}
    twice = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {run: f"{name} · {run[:4]}" if name in twice else name for run, name in names.items()}


def run_label(run: Run) -> str:
    """Model, seed and, where there is one, the subset."""
    seed = f" · seed {run.spec.seed}" if run.spec.seed is not None else ""
    return f"{run.spec.model_name}{seed}{f' · {run.spec.subset}' if run.spec.subset else ''}"


def _mean_label(group: tuple[Run, ...], names: dict[str, str], means: Sequence[tuple[Run, ...]]) -> str:
    """ "mean of 3 runs"; with their names where another mean is of as many."""
    as_many = [other for other in means if len(other) == len(group)]
    return f"mean of {len(group)} runs" if len(as_many) == 1 else f"mean of {', '.join(names[run.id] for run in group)}"
