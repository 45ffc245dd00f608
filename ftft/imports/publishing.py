"""An import as a run's folder, like any other: spec, dynamics or metrics, what else a run folder brought, and a verdict.

Shapes: E epochs, N examples, C classes.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ftft.domain import Finding, RunSpec, canonical
from ftft.dynamics import Epoch, Measures
from ftft.errors import InputError
from ftft.publish import publish_folder, read_json
from ftft.runfolder import RunFolder

BESIDE = ("metrics.jsonl", "log.txt", "model")  # of a run folder, copied as they are


@dataclass(frozen=True)
class Content:
    """What is published: epochs, or metrics where there are none. `folder`: the run folder that they come from, if it is one."""

    dataset: str
    dataset_fingerprint: str
    format: str
    epochs: Sequence[Epoch] = ()
    measures: Measures | None = None
    spec: RunSpec | None = None
    folder: Path | None = None
    with_predictions: bool = False

    @property
    def digest(self) -> str:
        """sha256 of all that the run's numbers come from: the same import again is the same run."""
        hashed = hashlib.sha256(canonical([self.dataset_fingerprint, self.format]).encode())
        for epoch in self.epochs:
            hashed.update(canonical([epoch.number, epoch.ids_N.tolist(), epoch.logits_NC.shape[1]]).encode())
            for array in (epoch.gold_N.astype("<i4"), epoch.logits_NC.astype("<f4"), epoch.step_N.astype("<i4")):
                hashed.update(array.tobytes())
        if self.measures is not None:
            m = self.measures
            hashed.update(canonical([m.ids_N.tolist(), list(m.values), m.epochs, m.exact]).encode())
            for array in (m.gold_N.astype("<i4"), *(values_N.astype("<f8") for values_N in m.values.values())):
                hashed.update(array.tobytes())
        return hashed.hexdigest()


def publish_run(folder: RunFolder, content: Content, found: Sequence[Finding], created: str) -> bool:
    """Whether the folder is new. The same content under the same name is the run that exists; InputError where another run has the name."""
    if folder.path.exists():
        check_same(folder, content)
        return False
    source = (RunFolder(content.folder).sound_verdict() or {}) if content.folder else {}
    found = list(found)
    if content.folder and source.get("state") != "succeeded":
        state = "had failed" if source else "had not ended"
        found.append(Finding("not_succeeded", 1, (), f"The run {state} when its folder was copied. Its map shows what was recorded."))

    def write(aside: Path) -> None:
        new = RunFolder(aside)
        if content.folder:
            _copy(content.folder, aside, content.with_predictions)
        for epoch in content.epochs:
            new.publish_epoch(epoch)
        if content.measures is not None:
            new.publish_measures(content.measures)
        new.create(_spec(folder.run, content), created, folder.run)
        new.publish_verdict(_verdict(content, source, found, created))

    publish_folder(folder.path, write)
    return True


def check_same(folder: RunFolder, content: Content) -> None:
    """InputError unless the run in `folder` was made of the same content."""
    there = read_json(folder.results_file) if folder.results_file.exists() else {}
    if there.get("content") != content.digest:
        kind = "an import of other content" if "content" in there else "a run of this workspace"
        raise InputError(f"{folder.run!r} is {kind}", "Choose another --name")


def _spec(name: str, content: Content) -> RunSpec:
    if content.spec is None or not content.spec.has_settings:
        format = content.format if content.spec is None else content.spec.imported or content.format
        return RunSpec.of_import(name, content.dataset, content.dataset_fingerprint, content.digest, format)
    return replace(content.spec, dataset=content.dataset, imported=content.spec.imported or content.format)


def _verdict(content: Content, source: dict[str, Any], found: Sequence[Finding], created: str) -> dict[str, Any]:
    count = content.measures.epochs if content.measures else len(content.epochs)
    own: dict[str, Any] = {
        "state": "succeeded", "cause": None, "error": {}, "scores": {}, "steps_done": None, "cost": {}, "environment": {},
        "finished": created,
    }  # fmt: skip
    warnings = [*source.get("warnings", ()), *(f.to_json() for f in found)]
    measures = {"measures": list(content.measures.values)} if content.measures else {}
    return {**own, **source, "epochs_recorded": count, "warnings": warnings, "content": content.digest, **measures}


def _copy(source: Path, aside: Path, with_predictions: bool) -> None:
    """Never moved, and no links followed out of the folder."""
    for name in (*BESIDE, *(("predictions",) if with_predictions else ())):
        file = source / name
        if file.is_symlink() or not file.exists():
            continue
        if file.is_dir():
            shutil.copytree(file, aside / name, ignore=lambda folder, names: [n for n in names if (Path(folder) / n).is_symlink()])
        else:
            shutil.copyfile(file, aside / name)


def epochs_of(
    ids_K: np.ndarray, gold_K: np.ndarray, logits_EKC: np.ndarray, step_EK: np.ndarray, capture: str, order_hashes: Sequence[str]
) -> list[Epoch]:
    """As `RunFolder.publish_epoch` takes them, numbered from 1."""
    return [
        Epoch(number, ids_K, gold_K, logits_EKC[number - 1], step_EK[number - 1], capture, order_hashes[number - 1])
        for number in range(1, len(logits_EKC) + 1)
    ]
