"""What runs will cost, said before they start."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RunEstimate:
    """One run. `flops` = `train_flops` + `eval_flops` + `retraining_flops`; the evaluations are those of early stopping, of capture and of
    the final scores, the re-training is SURT's, in the first of the runs that share it.

    `cost_ratio`: re-training, training, early stopping and capture, as a share of training the same model on everything for the whole
    budget.
    `upper_bound`: early stopping may end it sooner. `existing`: it is in the workspace already and will not be run again.
    `examples`: (what it trains on, the whole training set). `seconds` is None where no speed is known.
    """

    run: str
    flops: float
    train_flops: float
    eval_flops: float
    seconds: float | None
    cost_ratio: float
    upper_bound: bool
    steps: int
    examples: tuple[int, int]
    existing: bool = False
    retraining_flops: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """Of runs one after another, in the order of their specs. Sums over `runs`, except as said here.

    `seconds`: None where no speed is known. `disk_bytes`: what they leave behind. `peak_disk_bytes`: what they need while the last of them
    trains, its checkpoints included. `memory_bytes`: the highest of one run on `device`; None where it was not measured. `cost_ratio`: the
    mean of the runs'. `measured`: how the speed is known, in a few words. `tokens`: (mean length of a training text, the longest, the
    share that is cut at --max-length). `parameters`: of the model with its head.
    """

    runs: tuple[RunEstimate, ...]
    flops: float
    seconds: float | None
    disk_bytes: int
    peak_disk_bytes: int
    memory_bytes: int | None
    cost_ratio: float
    measured: str
    device: str
    tokens: tuple[float, int, float]
    parameters: int

    @property
    def upper_bound(self) -> bool:
        """May early stopping make it less?"""
        return any(run.upper_bound for run in self.runs)

    def to_json(self) -> dict[str, Any]:
        """As in `ftft estimate --json`: `runs` is their number, `per_run` what each of them costs."""
        mean, longest, cut = self.tokens
        return asdict(self) | {
            "runs": len(self.runs), "per_run": [asdict(run) for run in self.runs], "upper_bound": self.upper_bound,
            "tokens": {"mean": mean, "longest": longest, "cut_share": cut},
        }  # fmt: skip


@dataclass(frozen=True)
class Pending:
    """A process measures the model on these texts; ask again. `since`: when it began, ISO 8601 in UTC."""

    since: str
