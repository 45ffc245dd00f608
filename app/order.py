"""What the Launch page is about to queue: the main runs and, beside them, the runs on everything that they are compared with."""

from dataclasses import dataclass, field
from typing import Any

from app import forms
from ftft import Workspace
from ftft.domain import Run, RunSpec
from ftft.errors import InputError

# Settings that a main run takes over from the run that chose its subset. A budget comes as epochs or as steps, never both.
INHERITED = ("epochs", "steps", "lr", "batch_size", "max_length")


@dataclass(frozen=True)
class Order:
    """A filled-in form. `settings` are RunSpec's fields; `subset` is None for everything."""

    dataset: str
    model: str
    subset: str | None
    seeds: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    with_everything: bool = True

    @property
    def parts(self) -> list[tuple[str | None, dict[str, Any]]]:
        """(subset, settings) of each group of runs: the main runs first, then the same budget on everything if that was asked for."""
        main = [(self.subset, self.settings | ({"subset": self.subset} if self.subset else {}))]
        return [*main, (None, self.settings)] if self.subset and self.with_everything else main


@dataclass(frozen=True)
class Group:
    """Runs of an order that differ only in their seed. `state`: run id -> state, of those that exist already."""

    subset: str | None
    examples: int
    steps: int
    specs: tuple[RunSpec, ...]
    state: dict[str, str]
    command: str

    @property
    def new(self) -> int:
        """How many runs the button adds to the queue."""
        return sum(spec.run not in self.state for spec in self.specs)

    @property
    def passes(self) -> float:
        """How often a run sees each example on average."""
        return self.steps * self.specs[0].batch_size * self.specs[0].grad_accum / self.examples


def read(form: dict[str, Any]) -> Order:
    """The order that a form's raw values make; InputError names what cannot be read."""
    if not form["model"]:
        raise InputError("no main model is chosen", "Choose one, or type the path of a folder or a hub id")
    settings = dict(form["settings"])
    for name, words in (("lr", "learning rate"), ("warmup", "warm-up"), ("weight_decay", "weight decay")):
        settings[name] = forms.number(words, settings[name])
    return Order(form["dataset"], form["model"], form["subset"], forms.seeds(form["seeds"]), settings, form["with_everything"])


def plan(ws: Workspace, order: Order) -> list[Group]:
    """What the order would queue and what of it exists; checks all input and starts nothing."""
    dataset, existing = ws.data.get(order.dataset), {run.id: run.state for run in ws.runs.list(dataset=order.dataset)}
    groups = []
    for subset, settings in order.parts:
        specs = tuple(ws.plan(order.dataset, model=order.model, seeds=order.seeds, **settings))
        groups.append(
            Group(
                subset=subset,
                examples=len(ws.subsets.get(subset).ids) if subset else dataset.train.rows,
                steps=specs[0].total_steps(dataset.train.rows),
                specs=specs,
                state={spec.run: existing[spec.run] for spec in specs if spec.run in existing},
                command=ws.train_command(order.dataset, model=order.model, seeds=order.seeds, **settings),
            )
        )
    return groups


def start(ws: Workspace, order: Order) -> list[Run]:
    """Queues the runs of the order that do not exist yet and returns all of them; training happens in other processes."""
    return [
        run for _, settings in order.parts for run in ws.train(order.dataset, model=order.model, seeds=order.seeds, detach=True, **settings)
    ]


def inherited(ws: Workspace, run: str | None) -> RunSpec | None:
    """The spec of the run that chose a subset; None where no run chose it, its folder is gone, or nobody knows how it was trained."""
    found = forms.attempt(ws.runs.get, run) if run else forms.Outcome()
    return found.value.spec if isinstance(found.value, Run) and found.value.spec.has_settings else None
