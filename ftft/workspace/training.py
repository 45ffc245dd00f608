"""From words to specs to queued runs. Nothing here trains: that is another process."""

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftft import jobs
from ftft.domain import Run, RunSpec, Seeds, Selection, Subset
from ftft.domain.spec import HEAD_LR, SETTLED, START
from ftft.domain.stabilisers import FULL, HEAD, LONG, check, names, parts
from ftft.errors import InputError, unknown
from ftft.pretrained import Pretrained, find
from ftft.publish import publish_json
from ftft.workspace.data import now

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

BUNDLED = (Path(__file__).parents[1] / "_bundle" / "data" / "models", Path(__file__).parents[2] / "data" / "models")
_COMPUTED = {"dataset", "dataset_fingerprint", "model", "model_fingerprint", "seed", "seeds", "subset_hash", "again", "imported"}
_ADD = "Add its texts and labels with `ftft data add`, and import the dynamics again with --dataset"
_OPTIONS = {"remote_code": "allow_remote_code"}  # settings whose option has another name
SETTINGS = {f.name: f.default for f in fields(RunSpec) if f.name not in _COMPUTED}


def _option(setting: str) -> str:
    return f"--{_OPTIONS.get(setting, setting).replace('_', '-')}"


def bundled_models() -> list[Path]:
    """Folders of the encoders that come with the package."""
    root = next((folder for folder in BUNDLED if folder.is_dir()), None)
    return sorted(f.parent for f in root.glob("*/config.json")) if root else []


class Training:
    """Plans, queues and names runs."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace

    def models(self) -> list[Pretrained]:
        """Bundled models and those that runs of this workspace used, as far as they are still there."""
        used = {run.spec.model: run.spec.model_fingerprint for run in self.workspace.runs.list() if not run.spec.imported}
        folders = [m for m in dict.fromkeys([*map(str, bundled_models()), *sorted(used)]) if Path(m).is_dir()]
        from_hub = [Pretrained(model, print_) for model, print_ in used.items() if not Path(model).is_absolute()]
        return [*self._whole(folders), *from_hub]

    def _whole(self, folders: list[str]) -> Iterator[Pretrained]:
        for folder in folders:
            try:
                yield find(folder)
            except InputError as problem:  # half of it was deleted, say
                self.workspace.left_out(f"model {folder}", problem)

    def plan(
        self, dataset: str, model: str, seeds: tuple[int, ...], again: bool, settings: dict[str, Any], planned: Collection[str] = ()
    ) -> list[RunSpec]:
        """One spec a seed. InputError for anything that would fail later and can be known now.

        `planned`: runs of this dataset that are to be queued before these, so that a selection may name them.
        """
        settings = dict(settings)
        apart = seeds_apart(settings.pop("seeds_of", None) or {})
        if strange := set(settings) - set(SETTINGS):
            raise unknown("setting", min(strange), SETTINGS)
        if not seeds:
            raise InputError("no seed was given", "Give at least one, such as --seed 1")
        about, source = self.workspace.data.get(dataset), find(model)
        if source.needs_code and not settings.get("remote_code"):
            raise InputError(f"model {source.name} brings Python code of its own", "Read it, and give --allow-remote-code if you trust it")
        if lack := next((w for w in about.warnings if w.kind in ("no_texts", "no_labels")), None):
            why = lack.message.partition(". ")[0]
            raise InputError(f"nothing can be trained on dataset {about.name!r}: {why[0].lower()}{why[1:]}", _ADD)
        layers = settings.get("layers")
        if layers is not None and source.layers is not None and layers > source.layers:
            raise InputError(f"--layers is {layers}, but {source.name} has {source.layers} layers", f"Give at most {source.layers}")
        tune, methods = settings.get("tune") or FULL, settings.get("methods")
        if tune == HEAD and settings.get("lr") is None:
            settings["lr"] = HEAD_LR
        if methods and settings.get("epochs") is not None and LONG in names(parts(methods)):
            raise InputError("method long says the epochs itself, and --epochs is given", "Leave --epochs out, or write long:epochs=N")
        check(parts(methods or ()), tune, layers or source.layers)
        settings = {name: value for name, value in settings.items() if (name, value) != ("lr", None)}
        if any(settings.get(name) is not None for name in ("steps", "steps_of")):
            settings = {**settings, "epochs": None}
        settings = {**settings, **self._subset(about.name, settings.get("subset"), settings.get("selection"), planned)}
        specs = [
            RunSpec(
                dataset=about.name,
                dataset_fingerprint=about.fingerprint,
                model=source.path,
                model_fingerprint=source.fingerprint,
                seeds=replace(Seeds.of(seed, source.fingerprint, layers), **apart),
                seed=seed,
                **settings,
            )
            for seed in dict.fromkeys(seeds)
        ]
        if specs[0].stop not in (None, SETTLED):
            about.dev_sets(specs[0].stop)
        for tracker in (specs[0].report_to or "").split(","):
            if tracker and find_spec(tracker) is None:  # looked for, not imported
                raise InputError(f"--report-to {tracker} needs a package that is not installed", f"Install it: pip install {tracker}")
        return [self._next_repetition(s) for s in specs] if again else specs

    def submit(self, specs: list[RunSpec], after: Iterable[str] = (), priority: int = 0) -> list[Run]:
        """Queues what does not exist yet and wakes the runner; what exists is returned with `existing` set.

        A run starts when those of `after`, and those whose dynamics its selection needs, have succeeded.
        """
        queue, existing = jobs.Queue(self.workspace.path), set(self.workspace.runs.ids())
        given = [self.workspace.runs.id(run) for run in after]
        for spec in specs:
            if spec.run not in existing:
                followed = tuple(run for run in (spec.steps_of, spec.distance_to) if run and run != START)
                first = tuple(dict.fromkeys((*given, *self._chosen_by(spec), *followed)))
                self.workspace.runs.folder(spec.run).create(spec, now(), after=first)
                queue.submit(spec.run, priority=priority, dependencies=first)
        self.workspace.wake()
        return [replace(self.workspace.runs.get(s.run), existing=s.run in existing) for s in specs]

    def command(self, dataset: str, model: str, seeds: tuple[int, ...], settings: dict[str, Any]) -> str:
        """`ftft train …` with every setting that is not the default."""
        words = ["ftft", "train", dataset, "--model", model]
        for name, value in settings.items():
            if name == "methods":
                words += [word for part in parts(value or ()) for word in ("--method", part)]
            elif value is True:
                words.append(_option(name))
            elif value is not None and value is not False and value != SETTINGS[name]:
                words += [_option(name), repr(value) if isinstance(value, float) else str(value)]
        for seed in seeds:
            words += ["--seed", str(seed)]
        return shlex.join(words)

    def _subset(self, dataset: str, name: str | None, selection: Any, planned: Collection[str]) -> dict[str, str]:
        if selection is not None:
            return self._to_be_made(dataset, name, selection, planned)
        if name is None:
            return {}
        subset = self.workspace.subsets.get(name)
        if subset.dataset_name != dataset:
            raise InputError(
                f"subset {subset.name!r} is of dataset {subset.dataset_name!r}, not {dataset!r}", "Use a subset of the same dataset"
            )
        _several_labels(subset)
        return {"subset": subset.name, "subset_hash": subset.hash}

    def _to_be_made(self, dataset: str, name: str | None, selection: Any, planned: Collection[str]) -> dict[str, str]:
        """For a subset that a selection makes when the run starts: what it names must be there by then, and the name must be free."""
        if name is None:
            raise InputError("a selection makes a subset, and needs a name for it", "Give --subset a new name beside --selection")
        asked = selection if isinstance(selection, Selection) else Selection.from_json(selection)
        if asked.dataset != dataset:
            raise InputError(f"the selection is of dataset {asked.dataset!r}, not {dataset!r}", "Use a selection of the same dataset")
        for run in asked.runs:
            if run not in planned and dataset not in self._datasets(self.workspace.runs.get(run).spec.dataset):
                raise InputError(f"run {run} is not of dataset {dataset!r}", "Select on a map of the same dataset")
        return {"subset": name, "selection": self.workspace.selections.keep(asked, write=False)}

    def _datasets(self, name: str) -> tuple[str, ...]:
        """What a run on `name` may help to choose from: the same, or what threshold samples were drawn from."""
        parent = self.workspace.data.get(name).parent
        return (name, parent.dataset) if parent and parent.kind == "threshold" else (name,)

    def _chosen_by(self, spec: RunSpec) -> tuple[str, ...]:
        """The runs whose dynamics choose the spec's subset once it starts; their selection is stored for that."""
        if spec.selection is None:
            return ()
        asked = self.workspace.selections.get(spec.selection)
        self.workspace.selections.keep(asked)
        return asked.runs

    def prepare(self, run: str) -> None:
        """Writes down, once, what a run waited for: the subset that its selection makes, the steps of the run that it follows."""
        folder = self.workspace.runs.folder(run)
        spec = folder.spec()
        if spec.steps_of is not None and not folder.steps_file.exists():
            other = self.workspace.runs.get(spec.steps_of)
            if other.state != "succeeded":
                raise InputError(f"run {other.id}, whose steps are to be made, is {other.state}", f"Finish it: ftft runs resume {other.id}")
            publish_json(folder.steps_file, {"steps": other.stop.get("step") or other.steps_done})
        if spec.selection is not None and spec.subset and not folder.subset_file.exists():
            made = self.workspace.subsets.save(spec.subset, self.workspace.selections.get(spec.selection))
            _several_labels(made)
            publish_json(folder.subset_file, {"subset": made.name, "hash": made.hash})

    def _next_repetition(self, spec: RunSpec) -> RunSpec:
        existing = set(self.workspace.runs.ids())
        while spec.run in existing:
            spec = replace(spec, again=spec.again + 1)
        return spec


def seeds_apart(given: Mapping[str, Any]) -> dict[str, int]:
    """Seeds of single sources, by their names; InputError for others."""
    sources = [f.name for f in fields(Seeds)]
    if strange := set(given) - set(sources):
        raise unknown("source of chance", min(strange), sources)
    return dict(given)


def _several_labels(subset: Subset) -> None:
    """InputError for a subset of one label: a model learns nothing from it but to say that."""
    there = [label for label, n in subset.labels.items() if n]
    if len(there) == 1:
        what = f"all {len(subset.ids)} examples of subset {subset.name!r} have the label {there[0]!r}"
        raise InputError(what, "Select examples of several labels, such as within each label (per_label)")
