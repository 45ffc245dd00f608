"""A stability experiment, from what is asked to the specs of its runs: the same fine-tuning under many seeds, with and without stabilisers.

A method is a combination of stabilisers ("mmr+llrd"), or "standard". `mmr@init` is mmr with the seed of one source of chance varied and
the others held, so that one sees which of them matters. Runs of "standard" record their dynamics, so that there is a map to lay churn on;
the others need none. Nothing here writes anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft.domain import RunSpec, Seeds, stabilisers
from ftft.domain.experiment import Experiment, Member, Twin, experiment_id
from ftft.domain.spec import NOT_IDENTITY, START
from ftft.domain.stabilisers import FULL, STANDARD
from ftft.errors import InputError, shown, unknown
from ftft.workspace.ftft_design import Plan
from ftft.workspace.training import SETTINGS

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

KIND = "stability"
SOURCES = tuple(f.name for f in fields(Seeds))
ONE_BY_ONE = "@"  # between a method and the source of chance that alone varies
HELD = 1  # the seed of sources that are held
MOST_LEFT_OUT = 1000
NOT_ASKED = {
    "layers", "methods", "tune", "left_out", "distance_to", "predict_train", "keep_model", "capture", "steps_of", "selection", "settle",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """`vary`: the sources of chance that are also varied alone. `left_out`: how many training examples are left out, one at a time.

    `settings`: those of `train`, for all runs alike; a method may say epochs of its own ("long").
    """

    dataset: str
    model: str
    layers: int | None = None
    tune: str = FULL
    vary: tuple[str, ...] = ()
    left_out: int = 0
    keep_models: bool = False
    predict_train: bool = True
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if strange := set(self.settings) - (set(SETTINGS) - NOT_ASKED):
            raise unknown("setting", min(strange), set(SETTINGS) - NOT_ASKED)
        if strange := set(self.vary) - set(SOURCES):
            raise unknown("source of chance", min(strange), SOURCES)
        if not isinstance(self.left_out, int) or not 0 <= self.left_out <= MOST_LEFT_OUT:
            raise InputError(f"--leave-one-out is {shown(self.left_out)}", f"Give a whole number from 0 to {MOST_LEFT_OUT}")


class StabilityPlanner:
    """Makes the specs of one experiment: `plan(methods, seeds)`."""

    def __init__(self, workspace: "Workspace", asked: Asked) -> None:
        self.workspace, self.asked = workspace, asked
        self.about = workspace.data.get(asked.dataset)
        if not self.about.evaluations:
            remedy = "Add the dataset again with --eval EVAL=FILE:id"
            raise InputError(f"dataset {asked.dataset!r} has no evaluation set, so that no run could be scored", remedy)
        self.specs: dict[str, RunSpec] = {}

    @property
    def id(self) -> str:
        """Of the experiment."""
        return experiment_id(KIND, self.design)

    def plan(self, methods: Sequence[str], seeds: Sequence[int], before: Experiment | None = None) -> Plan:
        """What these methods and seeds, and those that the experiment has already, need. InputError before anything is trained."""
        named = list(dict.fromkeys([STANDARD, *(stabilisers.in_words(stabilisers.parts(method)) for method in methods)]))
        rows = [*(before.methods if before else ()), *named]
        rows = list(dict.fromkeys([*rows, *(f"{name}{ONE_BY_ONE}{source}" for name in named for source in self.asked.vary)]))
        every = tuple(sorted({*(before.seeds if before else ()), *seeds}))
        members = tuple(Member(row, seed, self._add(self._spec(row, seed))) for seed in every for row in rows)
        twins = tuple(dict.fromkeys([*(before.twins if before else ()), *self._twins(named, every)]))
        experiment = Experiment(KIND, self.about.name, self.design, tuple(rows), every, members, before.created if before else "", twins)
        return Plan(experiment, tuple(self.specs.values()))

    @cached_property
    def design(self) -> dict[str, Any]:
        """Everything that all runs share, and by which the experiment is known."""
        spec, asked = self._spec(STANDARD, HELD), self.asked
        settings = {k: v for k, v in asked.settings.items() if k not in NOT_IDENTITY and v is not None and v != SETTINGS[k]}
        return {
            "dataset_fingerprint": self.about.fingerprint, "model": [spec.model_fingerprint, asked.layers], "tune": asked.tune,
            "settings": settings,
        }  # fmt: skip

    # ---- runs

    def _spec(self, row: str, seed: int, **more: Any) -> RunSpec:
        method, _, source = row.partition(ONE_BY_ONE)
        asked, settings = self.asked, dict(self.asked.settings)
        parts = stabilisers.parts(method)
        if stabilisers.LONG in stabilisers.names(parts):
            settings |= {"epochs": None, "steps": None}
        settings = {k: v for k, v in settings.items() if v is not None}
        own = {"layers": asked.layers, "tune": asked.tune, "methods": parts, "keep_model": asked.keep_models}
        own |= {"predict_train": asked.predict_train and not source, "capture": "none" if parts or source else "online"}
        (spec,) = self.workspace.plan_after(self.about.name, asked.model, (HELD if source else seed,), settings | own, ())
        seeds = replace(spec.seeds, **{source: seed}) if source else spec.seeds
        return replace(spec, seeds=seeds, seed=seed, **more)

    def _add(self, spec: RunSpec) -> str:
        self.specs.setdefault(spec.run, spec)
        return spec.run

    # ---- leaving one out

    def _twins(self, methods: Iterable[str], seeds: Sequence[int]) -> list[Twin]:
        """The same run as the first seed's but for one example; and the second seed's, with nothing left out, for the noise floor."""
        if not self.asked.left_out:
            return []
        if len(seeds) < 2:
            raise InputError("leaving one out needs a second seed, for its noise floor", "Give --seeds 2 or more")
        ids = sorted(self.workspace.data.ids(self.about.name))
        chosen = sorted(np.random.default_rng(HELD).choice(len(ids), min(self.asked.left_out, len(ids)), replace=False))
        return [twin for method in methods for twin in self._twins_of(method, [ids[n] for n in chosen], *seeds[:2])]

    def _twins_of(self, method: str, ids: Sequence[str], seed: int, other: int) -> list[Twin]:
        """Distances are to a repetition of the first seed's run, which keeps its model: an earlier one may have kept none."""
        base = self._add(self._spec(method, seed, again=1, keep_model=True, distance_to=START))
        near = {"again": 1, "keep_model": False, "distance_to": base, "predict_train": None, "capture": "none"}
        floor = self._add(self._spec(method, other, **near))
        without = [Twin(method, "example", id, self._add(self._spec(method, seed, left_out=id, **near))) for id in ids]
        return [Twin(method, "base", None, base), Twin(method, "seed", None, floor), *without]
