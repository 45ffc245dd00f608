"""An FTFT experiment, from what is asked to the specs of its runs: for each seed a reference, the subset that it chooses, a main run.

All main runs share model, optimiser, schedule, budget of steps and stop rule; `erm` alone never stops. Nothing here writes anything.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ftft.domain import RunSpec, Selection, mean_id
from ftft.domain.experiment import Experiment, Member, experiment_id
from ftft.domain.identity import digest
from ftft.domain.spec import NOT_IDENTITY, SETTLED, TOP
from ftft.errors import InputError, shown, unknown
from ftft.pretrained import find
from ftft.workspace import methods as of_methods
from ftft.workspace.methods import BY_DEFAULT, FTFT, ON_ALL, SEED_STEP, Method, parse
from ftft.workspace.training import SETTINGS

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

KIND = "ftft"
SHARED_SEED = 1  # of a reference that serves all main seeds
MOST_SEEDS = 1000
LONGEST_SLUG = 40  # characters of a method in the name of a subset
NOT_ASKED = {
    "subset",
    "selection",
    "capture",
    "layers",
    "stop",
    "settle",
    "steps_of",
    "predict_train",
    "keep_model",
}  # the design says them


@dataclass(frozen=True)
class Asked:
    """What an FTFT experiment is asked for. `settings`: those of `train`, for references and main runs alike.

    `references`: models whose data maps choose; the first one is `ftft`'s, all of them are compared by `consensus` and `union`.
    `burn_in`: how many of a reference's first epochs are left out of its map. `reference_stop`: it ends once its selection has settled.
    """

    dataset: str
    main: str
    references: tuple[str, ...]
    layers: int | None = None
    reference_layers: int | None = None
    top: float = TOP
    burn_in: int = 0
    stop: str | None = "ood_dev"
    shared_reference: bool = False
    reference_stop: bool = False
    reference_lr: float | None = None
    reference_epochs: int | None = None
    keep_models: bool = False
    predict_train: bool = True
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.references:
            raise InputError("an FTFT experiment has no reference", "Name one: --reference M")
        of_methods.share("--top", self.top)
        if strange := set(self.settings) - (set(SETTINGS) - NOT_ASKED):
            raise unknown("setting", min(strange), set(SETTINGS) - NOT_ASKED)
        if not isinstance(self.burn_in, int) or self.burn_in < 0:
            raise InputError(f"--burn-in is {shown(self.burn_in)}", "Give a whole number of epochs, 0 or more")


@dataclass(frozen=True)
class Plan:
    """The experiment as it will be, and the specs of all its runs in the order of queueing: references before what they choose."""

    experiment: Experiment
    specs: tuple[RunSpec, ...]


class Planner:
    """Makes the specs of one experiment: `plan(methods, seeds)`."""

    def __init__(self, workspace: "Workspace", asked: Asked) -> None:
        self.workspace, self.asked = workspace, asked
        self.about = workspace.data.get(asked.dataset)
        if not self.about.evaluations:
            remedy = "Add the dataset again with --eval EVAL=FILE:id, or :ood"
            raise InputError(f"dataset {asked.dataset!r} has no evaluation set, so that no method could be scored", remedy)
        self.specs: dict[str, RunSpec] = {}

    @property
    def id(self) -> str:
        """Of the experiment."""
        return experiment_id(KIND, self.design)

    def plan(self, methods: Sequence[str], seeds: Sequence[int], before: Experiment | None = None) -> Plan:
        """What these methods and seeds, and those that the experiment has already, need. InputError before anything is trained."""
        chosen = self._methods([*(before.methods if before else ()), *methods])
        every = tuple(sorted({*(before.seeds if before else ()), *seeds}))
        members = [self._member(method, seed) for seed in every for method in chosen.values()]
        created = before.created if before else ""
        experiment = Experiment(KIND, self.about.name, self.design, tuple(chosen), every, tuple(members), created)
        return Plan(experiment, tuple(self.specs.values()))

    @cached_property
    def design(self) -> dict[str, Any]:
        """Everything that all runs share, and by which the experiment is known."""
        asked = self.asked
        (spec,) = self._main(1, {})
        settings = {k: v for k, v in asked.settings.items() if k not in NOT_IDENTITY and v is not None and v != SETTINGS[k]}
        return {
            "dataset_fingerprint": self.about.fingerprint, "main": [spec.model_fingerprint, asked.layers],
            "references": [[find(model).fingerprint, asked.reference_layers] for model in asked.references], "top": asked.top,
            "burn_in": asked.burn_in, "stop": asked.stop, "shared_reference": asked.shared_reference,
            "reference": {"stop": asked.reference_stop, "lr": asked.reference_lr, "epochs": asked.reference_epochs}, "settings": settings,
        }  # fmt: skip

    # ---- methods

    def _methods(self, names: Iterable[str]) -> dict[str, Method]:
        """By their canonical names, each once; with those whose steps another one makes."""
        asked = [self._as_asked(parse(name)) for name in names]
        followed = [self._as_asked(parse(method.like)) for method in asked if method.base == "erm_steps"]
        found = {method.name: method for method in (*asked, *followed)}
        for method in found.values():
            self._check(method)
        return found

    def _as_asked(self, method: Method) -> Method:
        """Without what it says that is so in all of the experiment; runs by their full ids."""
        asked = self.asked
        if method.like != FTFT:
            method = replace(method, like=self._as_asked(parse(method.like)).name)
        if threshold := method.options.get("threshold"):
            method = replace(method, options={**method.options, "threshold": self.workspace.runs.id(threshold)})
        return replace(
            method, q=None if method.q == asked.top else method.q, burn_in=None if method.burn_in == asked.burn_in else method.burn_in,
            reference=None if method.reference == asked.references[0] else method.reference,
        )  # fmt: skip

    def _check(self, method: Method) -> None:
        asked, rows = self.asked, self.about.train.rows
        if method.base in ("erm_early", "erm_steps") and asked.stop is None:
            what = f"without a stop rule {method.base} is the same as erm: every method makes all steps"
            raise InputError(what, f"Give --stop, or leave {method.base} out")
        if not 0 < (k := round((method.q or asked.top) * rows)) < rows:
            raise InputError(f"{method.name} would take {k} of {rows} examples", "Give another share")
        if method.several and len(self._models(method)) * method.average < 2:
            remedy = "Give --reference twice, or average=2 for two seeds of one"
            raise InputError(f"{method.base} compares references, and there is one", remedy)
        if method.burn_in is not None or asked.burn_in:
            self._check_burn_in(asked.burn_in if method.burn_in is None else method.burn_in)
        if threshold := method.options.get("threshold"):
            self.workspace.check_threshold(threshold)

    def _check_burn_in(self, burn_in: int) -> None:
        epochs = self.asked.reference_epochs or self.asked.settings.get("epochs", SETTINGS["epochs"])
        if self.asked.settings.get("steps") is None and burn_in > epochs - 2:
            raise InputError(f"burn-in {burn_in} of {epochs} epochs leaves fewer than two", "Nothing varies over one: give a smaller one")

    # ---- runs

    def _member(self, method: Method, seed: int) -> Member:
        def map_of(of: Method) -> str:
            if of.base == "datamap":
                return self._add(self._main(seed, {"capture": "online"})[0])
            runs = self._references(of, seed)
            return mean_id(runs) if len(runs) > 1 else runs[0]

        step = of_methods.step(method, map_of, seed, self.asked.top, self.asked.burn_in, self.about.train.rows)
        stop = {} if method.base in ("erm", "erm_steps") else {"stop": self.asked.stop}
        if method.base == "erm":
            own: dict[str, Any] = {"capture": "online"}
        elif method.base == "erm_early":
            own = {**stop}
        elif method.base == "erm_steps":
            like = parse(method.like)
            own = {"steps_of": self._member(self._as_asked(like), seed).run}
        elif method.base == "subset":
            own = {**stop, "subset": method.subset}
        else:
            assert step is not None
            own = {**stop, "subset": self._subset_name(method, seed), "selection": Selection(self.about.name, (step,))}
        (spec,) = self._main(seed, {"capture": "none"} | own)
        chosen_by = tuple(run for run in (step.runs if step else ()) if run in self.specs)
        return Member(method.name, seed, self._add(spec), chosen_by)

    def _add(self, spec: RunSpec) -> str:
        self.specs.setdefault(spec.run, spec)
        return spec.run

    def _main(self, seed: int, own: dict[str, Any]) -> list[RunSpec]:
        asked = self.asked
        kept = {"keep_model": asked.keep_models, "predict_train": asked.predict_train, "layers": asked.layers}
        if own.get("stop") is None:
            own = {**own, "patience": None, "evals": None}
        settings = {**asked.settings, **kept, **own}
        return self.workspace.plan_after(self.about.name, asked.main, (seed,), settings, self.specs)

    def _references(self, method: Method, seed: int) -> list[str]:
        asked = self.asked
        first = SHARED_SEED if asked.shared_reference else seed
        return [
            self._reference(model, first + SEED_STEP * k, method.reference_layers if model == method.reference else asked.reference_layers)
            for model in self._models(method)
            for k in range(method.average)
        ]

    def _models(self, method: Method) -> tuple[str, ...]:
        """A strategy that compares references takes all of them, every other one the first."""
        if method.reference:
            return (method.reference,)
        return self.asked.references if method.several else self.asked.references[:1]

    def _reference(self, model: str, seed: int, layers: int | None) -> str:
        asked = self.asked
        settings = {k: v for k, v in asked.settings.items() if k not in ("patience", "evals")} | {"layers": layers, "capture": "online"}
        settings |= {"keep_model": asked.keep_models}
        if asked.reference_lr is not None:
            settings["lr"] = asked.reference_lr
        if asked.reference_epochs is not None:
            settings |= {"epochs": asked.reference_epochs, "steps": None}
        if asked.reference_stop:
            settings |= {"stop": SETTLED, "settle": asked.top}
        return self._add(self.workspace.plan_after(self.about.name, model, (seed,), settings, self.specs)[0])

    def _subset_name(self, method: Method, seed: int) -> str:
        """Of this experiment, method and seed alone; short, whatever the method says."""
        slug = re.sub(r"[^\w.+-]+", "-", method.name)
        if len(slug) > LONGEST_SLUG:
            slug = f"{slug[:LONGEST_SLUG]}-{digest(method.name)[:6]}"
        return f"{self.id[:8]}.{slug}-{seed}"


def controls(asked: Asked, given: Sequence[str]) -> tuple[str, ...]:
    """The controls by default: without a stop rule, stopping early is none."""
    return tuple(given) or tuple(name for name in BY_DEFAULT if asked.stop or name not in ON_ALL[1:])


def seeds_of(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """1 to `seeds`, or the seeds themselves."""
    if isinstance(seeds, int):
        if not 1 <= seeds <= MOST_SEEDS:
            raise InputError(f"--seeds is {seeds}", f"Give how many seeds there are, from 1 to {MOST_SEEDS}")
        return tuple(range(1, seeds + 1))
    if not seeds:
        raise InputError("an experiment has no seeds", "Give a number of seeds, or a list of them")
    return tuple(seeds)
