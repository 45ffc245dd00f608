"""Experiments of a workspace: `experiments/ID/experiment.json` says which runs belong together; the runs are runs like any other."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from ftft.domain import Estimate, Pending, Run
from ftft.domain.experiment import Experiment
from ftft.errors import InputError, unknown
from ftft.publish import publish_json, read_json
from ftft.workspace import stability_design
from ftft.workspace.data import now
from ftft.workspace.ftft_design import Asked, Plan, Planner, controls, seeds_of
from ftft.workspace.methods import FTFT

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

GO_ON = ("cancelled", "lost")  # runs of these states go on when an experiment is asked for again


class Experiments:
    """`ws.experiment`."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self.root = workspace.path / "experiments"

    def ftft(
        self, dataset: str, *, main: str, reference: str | Sequence[str], seeds: int | Sequence[int] = 5, control: Sequence[str] = (),
        strategy: Sequence[str] = (), wait: bool = False, **how: Any,
    ) -> Experiment:  # fmt: skip
        """Queues what is missing of an FTFT experiment and returns it, once all runs have ended with `wait`.

        `control` replaces the default ones (erm, erm_early, random, random_matched), `strategy` adds methods to them and to ftft.
        `how`: main_layers, reference_layers, top, burn_in, stop, shared_reference, reference_stop, reference_lr, reference_epochs,
        keep_models, predict_train, and the settings of `train`. The same again repeats nothing; other seeds and methods are added.
        """
        plan = self.plan_ftft(dataset, main=main, reference=reference, seeds=seeds, control=control, strategy=strategy, **how)
        self.queue(plan)
        if wait:
            self.workspace.runs.wait(plan.experiment.runs)
        return plan.experiment

    def plan_ftft(
        self, dataset: str, *, main: str, reference: str | Sequence[str], seeds: int | Sequence[int] = 5, control: Sequence[str] = (),
        strategy: Sequence[str] = (), main_layers: int | None = None, **how: Any,
    ) -> Plan:  # fmt: skip
        """What `ftft` would queue: checks all input, writes nothing and starts nothing."""
        ours = {name: how.pop(name) for name in list(how) if name in _ASKED}
        references = (reference,) if isinstance(reference, str) else tuple(reference)
        asked = Asked(self.workspace.data.get(dataset).name, main, references, main_layers, settings=how, **ours)
        planner = Planner(self.workspace, asked)
        return planner.plan((*controls(asked, control), FTFT, *strategy), seeds_of(seeds), self._known(planner.id))

    def stability(
        self, dataset: str, *, model: str, methods: Sequence[str] = (), seeds: int | Sequence[int] = 20, wait: bool = False, **how: Any
    ) -> Experiment:
        """Queues what is missing of a stability experiment and returns it, once all runs have ended with `wait`.

        `methods`: stabilisers, or combinations such as "mmr+llrd"; "standard" is always there. `how`: layers, tune, vary, left_out,
        keep_models, predict_train, and the settings of `train`. The same again repeats nothing; other seeds and methods are added.
        """
        plan = self.plan_stability(dataset, model=model, methods=methods, seeds=seeds, **how)
        self.queue(plan)
        if wait:
            self.workspace.runs.wait(plan.experiment.runs)
        return plan.experiment

    def plan_stability(self, dataset: str, *, model: str, methods: Sequence[str] = (), seeds: int | Sequence[int] = 20, **how: Any) -> Plan:
        """What `stability` would queue: checks all input, writes nothing and starts nothing."""
        ours = {name: how.pop(name) for name in list(how) if name in _OF_STABILITY}
        asked = stability_design.Asked(self.workspace.data.get(dataset).name, model, settings=how, **ours)
        planner = stability_design.StabilityPlanner(self.workspace, asked)
        return planner.plan(methods, seeds_of(seeds), self._known(planner.id))

    def queue(self, plan: Plan) -> list[Run]:
        """Writes the experiment down and queues its runs that do not exist; those that were cancelled go on."""
        self.root.mkdir(exist_ok=True)
        with FileLock(self.root / "lock"):
            before = self._known(plan.experiment.id)
            whole = _joined(plan.experiment, before)
            if whole != before:
                publish_json(self.root / whole.id / "experiment.json", whole.to_json())
        runs = self.workspace._training.submit(list(plan.specs))
        for run in runs:
            if run.state in GO_ON:
                self.workspace.runs.resume(run.id)
        return runs

    def estimate(self, plan: Plan, wait: bool = False) -> Estimate | Pending | None:
        """What the runs cost that do not exist yet, as `Workspace.estimate`; None where all of them do."""
        existing = set(self.workspace.runs.ids())
        new = [spec for spec in plan.specs if spec.run not in existing]
        return self.workspace.estimate(new, wait=wait) if new else None

    def list(self, dataset: str | None = None) -> list[Experiment]:
        """Experiments, newest first; of one dataset where given. One whose file is broken is left out, with a warning."""
        found = []
        for file in self.root.glob("[!.]*/experiment.json"):
            try:
                found.append(self._read(file.parent.name))
            except InputError as problem:
                self.workspace.left_out(f"experiment {file.parent.name}", problem)
        return sorted((e for e in found if dataset in (None, e.dataset)), key=lambda e: (e.created, e.id), reverse=True)

    def get(self, prefix: str) -> Experiment:
        """The one experiment whose id starts with `prefix`. InputError where there is none, or more than one."""
        names = sorted(file.parent.name for file in self.root.glob("[!.]*/experiment.json"))
        fitting = [name for name in names if prefix and name.startswith(prefix)]
        if not fitting:
            raise unknown("experiment", prefix, names)
        if len(fitting) > 1:
            raise InputError(f"experiment {prefix!r} is ambiguous", f"It could be {', '.join(fitting[:5])}")
        return self._read(fitting[0])

    def of_runs(self) -> dict[str, str]:
        """Run -> the experiment that it belongs to, the newest of several."""
        return {run: found.id for found in reversed(self.list()) for run in found.runs}

    def _known(self, id: str) -> Experiment | None:
        return self._read(id) if (self.root / id / "experiment.json").exists() else None

    def _read(self, id: str) -> Experiment:
        file = self.root / id / "experiment.json"
        try:
            found = Experiment.from_json(read_json(file))
        except InputError as problem:
            raise InputError(f"{file} is broken: {problem.message}", f"{problem.remedy}, and ask for the experiment again") from problem
        if found.id != id:
            raise InputError(f"{file} is of another experiment, {found.id}", "Copy it again from where it was made")
        return found


_OF_STABILITY = {"layers", "tune", "vary", "left_out", "keep_models", "predict_train"}
_ASKED = {
    "reference_layers", "top", "burn_in", "stop", "shared_reference", "reference_stop", "reference_lr", "reference_epochs", "keep_models",
    "predict_train",
}  # fmt: skip


def _joined(planned: Experiment, before: Experiment | None) -> Experiment:
    """What is planned; somebody else may have added to it since the plan was made."""
    if before is None:
        return replace(planned, created=now())
    if set(before.methods) <= set(planned.methods) and set(before.seeds) <= set(planned.seeds):
        return replace(planned, created=before.created)
    raise InputError("the experiment has grown meanwhile", "Ask for it again")
