"""From words to specs to queued runs. Nothing here trains: that is another process."""

import shlex
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftft import jobs
from ftft.domain import Run, RunSpec, Seeds
from ftft.errors import InputError, unknown
from ftft.pretrained import Pretrained, find
from ftft.workspace.data import now

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

BUNDLED = (Path(__file__).parents[1] / "_bundle" / "data" / "models", Path(__file__).parents[2] / "data" / "models")
_COMPUTED = {"dataset", "dataset_fingerprint", "model", "model_fingerprint", "seed", "seeds", "subset_hash", "again", "imported"}
_ADD = "Add its texts and labels with `ftft data add`, and import the dynamics again with --dataset"
SETTINGS = {f.name: f.default for f in fields(RunSpec) if f.name not in _COMPUTED}


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

    def plan(self, dataset: str, model: str, seeds: tuple[int, ...], again: bool, settings: dict[str, Any]) -> list[RunSpec]:
        """One spec a seed. InputError for anything that would fail later and can be known now."""
        if strange := set(settings) - set(SETTINGS):
            raise unknown("setting", min(strange), SETTINGS)
        if not seeds:
            raise InputError("no seed was given", "Give at least one, such as --seed 1")
        about, source = self.workspace.data.get(dataset), find(model)
        if lack := next((w for w in about.warnings if w.kind in ("no_texts", "no_labels")), None):
            why = lack.message.partition(". ")[0]
            raise InputError(f"nothing can be trained on dataset {about.name!r}: {why[0].lower()}{why[1:]}", _ADD)
        layers = settings.get("layers")
        if layers is not None and source.layers is not None and layers > source.layers:
            raise InputError(f"--layers is {layers}, but {source.name} has {source.layers} layers", f"Give at most {source.layers}")
        if settings.get("steps") is not None:
            settings = {**settings, "epochs": None}
        specs = [
            RunSpec(
                dataset=about.name,
                dataset_fingerprint=about.fingerprint,
                model=source.path,
                model_fingerprint=source.fingerprint,
                seeds=Seeds.of(seed, source.fingerprint, layers),
                seed=seed,
                **{**settings, **self._subset(about.name, settings.get("subset"))},
            )
            for seed in dict.fromkeys(seeds)
        ]
        if specs[0].stop:
            about.dev_sets(specs[0].stop)
        return [self._next_repetition(s) for s in specs] if again else specs

    def submit(self, specs: list[RunSpec]) -> list[Run]:
        """Queues what does not exist yet and wakes the runner; what exists is returned with `existing` set."""
        queue, existing = jobs.Queue(self.workspace.path), set(self.workspace.runs.ids())
        for spec in specs:
            if spec.run not in existing:
                self.workspace.runs.folder(spec.run).create(spec, now())
                queue.submit(spec.run)
        self.workspace.wake()
        return [replace(self.workspace.runs.get(s.run), existing=s.run in existing) for s in specs]

    def command(self, dataset: str, model: str, seeds: tuple[int, ...], settings: dict[str, Any]) -> str:
        """`ftft train …` with every setting that is not the default."""
        words = ["ftft", "train", dataset, "--model", model]
        for name, value in settings.items():
            if value is True:
                words.append(f"--{name.replace('_', '-')}")
            elif value is not None and value is not False and value != SETTINGS[name]:
                words += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
        for seed in seeds:
            words += ["--seed", str(seed)]
        return shlex.join(words)

    def _subset(self, dataset: str, name: str | None) -> dict[str, str]:
        if name is None:
            return {}
        subset = self.workspace.subsets.get(name)
        if subset.dataset_name != dataset:
            raise InputError(
                f"subset {subset.name!r} is of dataset {subset.dataset_name!r}, not {dataset!r}", "Use a subset of the same dataset"
            )
        return {"subset": subset.name, "subset_hash": subset.hash}

    def _next_repetition(self, spec: RunSpec) -> RunSpec:
        existing = set(self.workspace.runs.ids())
        while spec.run in existing:
            spec = replace(spec, again=spec.again + 1)
        return spec
