"""What the Launch page is about to queue: the runs on the subset and, beside them, the controls that they are compared with.

Planning writes nothing: a random control's subset is made when its run starts, from a selection that is part of the run's id.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app import forms
from app.blocks import STOPPING
from app.controls import CONTROLS, MAIN
from app.shell import command
from ftft import Workspace
from ftft.domain import Run, RunSpec, Selection, Step, digest_of_ids
from ftft.domain.stabilisers import LONG, names, parts
from ftft.errors import InputError

# Settings that a main run takes over from the run that chose its subset. A budget comes as epochs or as steps, never both.
INHERITED = ("epochs", "steps", "lr", "batch_size", "max_length")
LONGEST_STEM = 60  # characters of a subset's name in those of its controls, which end with a seed


@dataclass(frozen=True)
class Order:
    """A filled-in form. `settings` are RunSpec's fields; `subset` is None for everything.

    `selection` makes the subset when the runs start, once the runs that it names have succeeded; None for a subset that is there.
    """

    dataset: str
    model: str
    subset: str | None
    seeds: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    controls: tuple[str, ...] = ()
    selection: Selection | None = None
    after: tuple[str, ...] = ()
    priority: int = 0


@dataclass(frozen=True)
class Part:
    """Runs of an order that differ only in their seed. `name`: MAIN, or that of a control; `own`: seed -> what is not the same for all."""

    name: str
    title: str
    examples: int
    settings: dict[str, Any]
    own: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """A part as it will run. `state`: run id -> state, of those that exist already; `command` does the same in a shell."""

    name: str
    title: str
    examples: int
    specs: tuple[RunSpec, ...]
    state: dict[str, str]
    steps: tuple[int, ...]
    command: str

    @property
    def fresh(self) -> tuple[RunSpec, ...]:
        """Those that the button adds to the queue."""
        return tuple(spec for spec in self.specs if spec.run not in self.state)

    @property
    def passes(self) -> float:
        """How often a run sees each example on average, if nothing stops it."""
        spec = self.specs[0]
        return max(self.steps) * spec.batch_size * spec.grad_accum / self.examples


@dataclass(frozen=True)
class Plan:
    """`later`: what was asked for and cannot be planned yet, in words."""

    groups: tuple[Group, ...]
    later: str = ""

    @property
    def specs(self) -> list[RunSpec]:
        """Of all runs."""
        return [spec for group in self.groups for spec in group.specs]

    @property
    def fresh(self) -> list[RunSpec]:
        """Of the runs that the button adds to the queue, each once."""
        return list({spec.run: spec for group in self.groups for spec in group.fresh}.values())


def read(form: dict[str, Any]) -> Order:
    """The order that a form's raw values make; InputError names what cannot be read."""
    if not form["model"]:
        raise InputError("no main model is chosen", "Choose one, or type the path of a folder or a hub id")
    settings = dict(form["settings"])
    for name, words in (("lr", "learning rate"), ("warmup", "warm-up"), ("weight_decay", "weight decay")):
        settings[name] = forms.number(words, settings[name])
    if LONG in names(parts(settings.get("methods") or ())):  # which says the epochs itself
        settings |= {"epochs": None, "steps": None}
    settings = {name: value for name, value in settings.items() if value is not None}
    return Order(
        form["dataset"], form["model"], form["subset"], forms.seeds(form["seeds"]), settings, tuple(form["controls"]), form["selection"],
        tuple(form["after"]), form["priority"],
    )  # fmt: skip


def plan(ws: Workspace, order: Order) -> Plan:
    """What the order would queue and what of it exists; checks all input, writes nothing and starts nothing."""
    rows, existing = ws.data.get(order.dataset).train.rows, {run.id: run.state for run in ws.runs.list(dataset=order.dataset)}
    if order.selection and order.subset in ws.subsets.names():
        raise InputError(f"there is a subset {order.subset!r} already", "Choose another name for the one that is to be made")
    groups = []
    for part in _parts(ws, order):
        specs = tuple(spec for seeds, settings in _calls(order, part) for spec in _planned(ws, order, seeds, settings))
        groups.append(
            Group(
                part.name, part.title, part.examples, specs, {spec.run: existing[spec.run] for spec in specs if spec.run in existing},
                tuple(spec.total_steps(rows) for spec in specs), command(ws, order, part),
            )
        )  # fmt: skip
    return Plan(tuple(groups), _later(order, groups))


def start(ws: Workspace, order: Order) -> list[Run]:
    """Queues the runs of the order that do not exist yet and returns all of them; training happens in other processes.

    They are queued seed by seed, so that what one seed says is complete as early as can be.
    """
    parts = list(_parts(ws, order))
    _check_names(ws, parts)
    return [
        run
        for seed in order.seeds
        for part in parts
        for seeds, settings in _calls(order, part)
        if seed in seeds
        for run in ws.train(
            order.dataset, model=order.model, seeds=(seed,), detach=True, after=order.after, priority=order.priority, **settings
        )
    ]


def inherited(ws: Workspace, run: str | None) -> RunSpec | None:
    """The spec of the run that chose a subset; None where no run chose it, its folder is gone, or nobody knows how it was trained."""
    found = forms.attempt(ws.runs.get, run) if run else forms.Outcome()
    return found.value.spec if isinstance(found.value, Run) and found.value.spec.has_settings else None


def _planned(ws: Workspace, order: Order, seeds: tuple[int, ...], settings: dict[str, Any]) -> list[RunSpec]:
    return ws.plan(order.dataset, model=order.model, seeds=seeds, **settings)


def _calls(order: Order, part: Part) -> list[tuple[tuple[int, ...], dict[str, Any]]]:
    """(seeds, settings) as `Workspace.plan` takes them."""
    if not part.own:
        return [(order.seeds, part.settings)]
    return [((seed,), part.settings | own) for seed, own in part.own.items()]


def _parts(ws: Workspace, order: Order) -> Iterator[Part]:
    """The main runs first, then the controls that were asked for, in the order of CONTROLS. Some of `erm_steps` may not be known yet."""
    rows, settings = ws.data.get(order.dataset).train.rows, order.settings
    if order.subset is None:
        yield Part(MAIN, "everything", rows, settings)
        return
    made_of = {"subset": order.subset} | ({"selection": order.selection} if order.selection else {})
    saved = None if order.selection else ws.subsets.get(order.subset)
    n = len(saved.ids) if saved else _expected(order.selection, rows)
    main = Part(MAIN, order.subset, n, settings | made_of)
    yield main
    never = {name: value for name, value in settings.items() if name not in STOPPING}
    for name in (name for name in CONTROLS if name in order.controls):
        title = CONTROLS[name].title
        if name == "erm_early":
            yield Part(name, title, rows, settings)
        elif name == "erm":
            yield Part(name, title if order.settings.get("stop") else "everything", rows, never)
        elif name == "erm_steps":
            if own := _steps_taken(ws, order, main):
                yield Part(name, title, rows, never, own)
        elif name == "random":
            yield Part(name, title, n, settings, {seed: _random(order, "random", n, seed) for seed in order.seeds})
        elif saved:
            counts = {label: count for label, count in saved.labels.items() if count}
            yield Part(name, title, n, settings, {seed: _random(order, "matched", n, seed, counts) for seed in order.seeds})


def _expected(selection: Selection | None, rows: int) -> int:
    """How many examples the top of a whole map will hold."""
    assert selection is not None
    return max(1, round(selection.steps[-1]["q"] * rows))


def _random(order: Order, kind: str, n: int, seed: int, counts: dict[str, int] | None = None) -> dict[str, Any]:
    """A subset drawn with `seed`, to be made when its run starts, under a name that says what it is."""
    step = Step("new", "random", {"n": n, "seed": seed, "counts": counts})
    return {"subset": f"{stem(order.subset or '', kind)}{seed}", "selection": Selection(order.dataset, (step,))}


def stem(subset: str, kind: str) -> str:
    """The name of a random control's subsets, up to the seed: "third" -> "third.random-". Long names are cut to a hash."""
    short = len(subset) <= LONGEST_STEM and len(subset.encode()) <= 3 * LONGEST_STEM
    return f"{subset if short else f'{subset[:30]}-{digest_of_ids([subset])[:8]}'}.{kind}-"


def _steps_taken(ws: Workspace, order: Order, main: Part) -> dict[int, dict[str, Any]]:
    """Seed -> the steps after which the run on the subset was stopped; without seeds whose run is not there yet, or used its budget."""
    found = {}
    for spec in _planned(ws, order, order.seeds, main.settings):
        run = forms.attempt(ws.runs.get, spec.run).value
        if run and run.state == "succeeded" and run.stop.get("early"):
            found[spec.seed] = {"epochs": None, "steps": run.stop["step"]}
    return found


def _later(order: Order, groups: list[Group]) -> str:
    if "erm_steps" not in order.controls or order.subset is None:
        return ""
    known = sum(len(group.specs) for group in groups if group.name == "erm_steps")
    if known == len(order.seeds):
        return ""
    how_many = f"of {known} of {len(order.seeds)} seeds" if known else "of no seed"
    return f"“{CONTROLS['erm_steps'].title}” is known {how_many} yet: come back when the runs on the subset have been stopped early"


def _check_names(ws: Workspace, parts: list[Part]) -> None:
    """A control's subset may be there from an earlier order, with the same content; InputError where it has another."""
    names = set(ws.subsets.names())
    for own in (own for part in parts for own in part.own.values() if own.get("subset") in names):
        if ws.subsets.get(own["subset"]).selection != own["selection"].to_json():
            remedy = "Save the subset under another name, from which its controls take theirs"
            raise InputError(f"there is another subset called {own['subset']!r}", remedy)
