"""Run folders from elsewhere, a cluster say: complete in themselves, they say how they were trained and bring their scores."""

import json
from pathlib import Path

import pyarrow as pa

from ftft.domain import Finding, RunSpec
from ftft.errors import InputError
from ftft.imports.records import Measured, Recorded, Rows
from ftft.runfolder import RunFolder

UNREADABLE = (pa.ArrowException, OSError, KeyError, TypeError, ValueError, AttributeError)


def sniff(path: Path) -> bool:
    """A folder with a spec."""
    return (path / "spec.json").is_file()


def read(path: Path, epochs: int | None = None) -> Recorded | Measured:
    """Its spec and its complete epochs; a file of these that is torn is left out and reported."""
    folder = RunFolder(path.resolve())
    spec = _spec(folder)
    folder.sound_verdict()  # what is wrong with it must be known before anything is published
    if folder.measures_file.exists():
        return _measured(folder, spec)
    found: list[Finding] = []
    read_so_far = {number: rows for number, file in _files(folder).items() if (rows := _rows(folder, number, file, found)) is not None}
    if not read_so_far:
        raise InputError(f"{path} holds no complete epoch that can be read", "Copy the folder again, after its first epoch has ended")
    return Recorded(
        {number: rows for number, (rows, _) in read_so_far.items()}, tuple(found), spec=spec, folder=folder.path,
        capture=next(iter(read_so_far.values()))[1],
    )  # fmt: skip


def _files(folder: RunFolder) -> dict[int, Path]:
    try:
        return folder.epoch_files()
    except ValueError as problem:
        raise InputError(
            f"{folder.path} has a file that is no epoch: {problem}", "Epochs are called epoch=001.parquet and so on"
        ) from problem


def _spec(folder: RunFolder) -> RunSpec:
    file = folder.path / "spec.json"
    try:
        spec = folder.spec()
        if not all(isinstance(text, str) for text in (spec.model, spec.model_fingerprint, spec.dataset_fingerprint, spec.subset or "")):
            raise TypeError("a name is not a text")
        return spec
    except InputError:
        raise
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError, AssertionError) as problem:
        remedy = "Name the folder of a run, with spec.json and dynamics/, and copy it again if it is torn"
        raise InputError(f"{file} is not the spec of a run: {type(problem).__name__}: {problem}", remedy) from problem


def _rows(folder: RunFolder, number: int, file: Path, found: list[Finding]) -> tuple[Rows, str] | None:
    try:
        e = folder.read_epoch(number)
        if len(e.ids_N) == 0 or e.logits_NC.shape[1] < 2 or e.gold_N.min() < 0 or e.gold_N.max() >= e.logits_NC.shape[1]:
            raise ValueError("its gold labels are not among its classes")
    except UNREADABLE as problem:
        why = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        message = f"{file.name} cannot be read ({why}). It is left out; copy it again, and import the folder under another name."
        found.append(Finding("torn_epoch", 1, (file.name,), message))
        return None
    return Rows(e.ids_N, e.logits_NC, e.gold_N, e.step_N, e.order_hash), e.capture


def _measured(folder: RunFolder, spec: RunSpec) -> Measured:
    try:
        m = folder.read_measures()
    except UNREADABLE as problem:
        raise InputError(f"{folder.measures_file} cannot be read: {json.dumps(str(problem))[:160]}", "Copy the folder again") from problem
    return Measured(m.ids_N, m.gold_N.astype(str).astype(object), m.values, m.epochs, m.exact, spec=spec, folder=folder.path)
