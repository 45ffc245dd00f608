"""What has become of a run."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ftft.domain.spec import RunSpec

STATES = ("queued", "running", "succeeded", "failed", "cancelled", "lost")
FINAL = ("succeeded", "failed", "cancelled", "lost")


@dataclass(frozen=True)
class Run:
    """A run as it stands now. `scores[EVAL][METRIC]`; `cost`, `environment` and `error` are empty until there is a verdict.

    `stop`, of a run with early stopping: {on, step, best_step, best, early}.
    `subset_hash`: of the subset it sees or saw; None for everything, and while a subset is still to be made.
    `after`: the runs that must succeed before it starts. `stopping`: it runs, and has been asked to stop.
    `distance`: how far its weights are from those of another run, or from the "start". `retrained`: what SURT did. `theory`: constants of
    `ftft.bounds` at its weights; all three are empty where nobody asked.
    `measures`: the metrics of a run that was imported without its dynamics, all that there is of it; None for every other run.
    """

    id: str
    spec: RunSpec
    state: str
    folder: Path
    created: str
    cause: str | None = None
    epochs_recorded: int = 0
    steps_done: int = 0
    steps_total: int | None = None
    position: int | None = None
    scores: dict[str, dict[str, float | None]] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    error: dict[str, str] = field(default_factory=dict)
    stop: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[dict[str, Any], ...] = ()
    existing: bool = False
    subset_hash: str | None = None
    after: tuple[str, ...] = ()
    stopping: bool = False
    priority: int = 0
    measures: tuple[str, ...] | None = None
    distance: dict[str, float] = field(default_factory=dict)
    retrained: dict[str, Any] = field(default_factory=dict)
    theory: dict[str, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.state in STATES, self.state

    @property
    def mapped(self) -> bool:
        """Is there a map to draw? Not before the first epoch, and not where the imported metrics are not those of the axes."""
        return self.epochs_recorded > 0 and (self.measures is None or {"confidence", "variability"} <= set(self.measures))

    @property
    def final(self) -> bool:
        """Nothing more will happen unless somebody asks for it."""
        return self.state in FINAL
