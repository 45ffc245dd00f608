"""What is wrong with a workspace, and what a person can do about it. Looks and never writes, so that it may run at any time.

A check is a function from a workspace to what it finds, `(problem, remedy)` each, and one line in CHECKS. What cannot even be read is
found by the checks too: none of them fails.
"""

import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftft.errors import FtftError
from ftft.publish import read_json
from ftft.workspace.place import FORMAT
from ftft.workspace.root import Workspace

ROOM = 1 << 30  # bytes that should be free: a checkpoint of a base model, its optimiser included
OLD = 24 * 3600.0  # seconds: nobody writes one file for that long
NETWORK = ("nfs", "cifs", "smb", "lustre", "fuse.sshfs", "9p", "afs", "beegfs", "gpfs")

Found = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. Of one that is not `ok`, `problem` says what is wrong and `remedy` what to do."""

    name: str
    ok: bool
    problem: str | None = None
    remedy: str | None = None

    def to_json(self) -> dict[str, Any]:
        """`{name, ok, problem, remedy}`."""
        return {"name": self.name, "ok": self.ok, "problem": self.problem, "remedy": self.remedy}


def examine(path: Path) -> list[Check]:
    """All checks, in the order of CHECKS; one for each problem where there are several. The first alone where `path` is no workspace."""
    checks = [_check("format", lambda: _format(path))]
    if any(not check.ok for found in checks for check in found):
        return checks[0]
    ws = Workspace(path, runner=False)
    checks += [_check(name, lambda look=look: look(ws)) for name, look in CHECKS.items()]
    return [check for found in checks for check in found]


def _check(name: str, look: Callable[[], Found]) -> list[Check]:
    found = []
    try:
        for problem, remedy in look():
            found.append(Check(name, False, problem, remedy))
    except Exception as problem:  # the doctor does not fall ill with the patient
        found.append(Check(name, False, *_unexpected(problem)))
    return found or [Check(name, True)]


def _unexpected(problem: Exception) -> tuple[str, str]:
    if isinstance(problem, FtftError):
        return problem.message, problem.remedy
    words = " ".join(str(problem).split())
    return f"{type(problem).__name__}: {words}", "Copy the file that it names again from a backup, or remove it"


# ---- the folder


def _format(path: Path) -> Found:
    try:
        found = read_json(path / "workspace.json").get("format")
    except FileNotFoundError:
        yield f"{path} is not a workspace", "Name one with --workspace"
    except (ValueError, AttributeError):
        yield f"{path / 'workspace.json'} is damaged", f'Write {{"format": {FORMAT}}} into it'
    else:
        if found != FORMAT:
            yield f"{path} is a workspace of format {found}, this version reads {FORMAT}", "Use the ftft version that made it, or newer"


def _writable(ws: Workspace) -> Found:
    for folder in (ws.path, *(f for f in ws.path.iterdir() if f.is_dir())):
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield f"{folder} cannot be written", f"Make it yours: chown -R $USER {folder}; chmod -R u+rwX {folder}"


def _disk(ws: Workspace) -> Found:
    if (free := shutil.disk_usage(ws.path).free) < ROOM:
        yield f"only {free / 1e9:.2f} GB are free where {ws.path} lies", "Make room: a run stops when the disk is full"


def _leftovers(ws: Workspace) -> Found:
    """What writers left aside when they were killed. A young one may be in the making."""
    old = [f for f in ws.path.rglob(".*.tmp") if time.time() - f.lstat().st_mtime > OLD]
    if old:
        size = sum(f.lstat().st_size for f in old if f.is_file())
        what = f"{len(old)} unfinished files of killed writers, {size / 1e6:.1f} MB, such as {old[0]}"
        yield what, f"Remove them: find {ws.path} -name '.*.tmp' -mtime +0 -prune -exec rm -r {{}} +"


def _locks(ws: Workspace) -> Found:
    """Two open files of one process must not both get the lock: some network file systems grant it to everybody."""
    marker = ws.path / "workspace.json"
    with marker.open("rb") as first, marker.open("rb") as second:
        try:
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        except OSError as problem:
            yield f"{ws.path} has no file locks ({problem.strerror})", "Move the workspace to a disk of this machine"
        else:
            yield f"file locks have no effect in {ws.path}", "Move the workspace to a disk of this machine"
    kind = _file_system(ws.path)
    if kind.startswith(NETWORK):
        yield f"{ws.path} lies on a network file system ({kind})", "Move the workspace to a disk of this machine: locks are unsafe there"


def _file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The kind of file system that `path` lies on; empty where this machine does not say."""
    if not mounts.exists():
        return ""
    kinds = {Path(words[1]): words[2] for words in (line.split() for line in mounts.read_text().splitlines())}
    return next((kinds[folder] for folder in (path, *path.parents) if folder in kinds), "")


# ---- data and runs


def _datasets(ws: Workspace) -> Found:
    from ftft.dataset import fingerprint_of

    for name in ws.data.names():
        try:
            fits = fingerprint_of(ws.data.root, name) == ws.data.get(name).fingerprint
            problem = "its rows do not give its fingerprint"
        except Exception as cause:
            fits, problem = False, f"it cannot be read ({_unexpected(cause)[0]})"
        if not fits:
            yield f"dataset {name}: {problem}", f"Remove {ws.data.root / name} and add it again from the files that it came from"


def _runs(ws: Workspace) -> Found:
    """Every epoch is read whole, and judged as maps judge it."""
    from ftft.curves import read_curves
    from ftft.dynamics import ANOTHER_COPY

    for run in ws.runs.ids():
        folder = ws.runs.folder(run)
        for what in (folder.spec, folder.sound_verdict, lambda folder=folder: list(folder.progress())):
            try:
                what()
            except Exception as cause:
                problem = f"run {run} cannot be read: {_unexpected(cause)[0]}"
                yield problem, f"Copy {folder.path} again from where it was made, or remove it"
        for curve in read_curves(folder, cache=None).unfit:
            yield f"{curve.file} of run {run} is left out: {curve.problem}", ANOTHER_COPY


def _origins(ws: Workspace) -> Found:
    """Runs whose dataset or model is gone."""
    datasets = {name: ws.data.get(name).fingerprint for name in ws.data.names()}
    for run in ws.runs.ids():
        try:
            spec, verdict = ws.runs.folder(run).spec(), ws.runs.folder(run).verdict()
        except Exception:
            continue  # _runs says so
        if spec.dataset not in datasets:
            yield f"dataset {spec.dataset} of run {run} is gone", f"Add it again under its name, or remove {ws.runs.root / run}"
        elif datasets[spec.dataset] != spec.dataset_fingerprint:
            yield f"dataset {spec.dataset} is not the one that run {run} was made of", f"Add that one again, or remove {ws.runs.root / run}"
        done = verdict is not None and verdict["state"] == "succeeded"
        if not done and Path(spec.model).is_absolute() and not Path(spec.model).exists():
            yield f"model {spec.model} of run {run} is gone", "Put it back there, or train with the model's new path"


def _subsets(ws: Workspace) -> Found:
    """Their ids give their hash, and the dataset has them all."""
    known = {}
    for name in ws.subsets.names():
        try:
            subset = ws.subsets.get(name)
            if subset.dataset_name not in known:
                known[subset.dataset_name] = set(ws.data.ids(subset.dataset_name).tolist())
            if strange := set(subset.ids) - known[subset.dataset_name]:
                yield f"subset {name} has {len(strange)} ids that its dataset has not", "Save its selection again under another name"
        except Exception as cause:
            problem, remedy = _unexpected(cause)
            yield f"subset {name}: {problem}", remedy


# ---- what is derived


def _database(ws: Workspace) -> Found:
    """Says it what the files say? One that lags behind is no fault: the next command that needs it reads what is new."""
    import numpy as np

    from ftft.curves import read_curves
    from ftft.store import look_into

    if not (ws.path / "workspace.duckdb").exists():
        return
    store = look_into(ws.path)
    if store is None:
        return  # the app has it, and keeps it
    remedy = "Run ftft rebuild: it is made again from the files"
    with store:
        there = set(ws.runs.ids())
        for run in store.runs():
            if run not in there:
                yield f"the database knows run {run}, whose folder is gone", remedy
            elif store.epochs(run) and store.says(ws.runs.folder(run)):
                said = store.metrics(run, ("confidence", "variability"))
                found = read_curves(ws.runs.folder(run), cache=None).map(labels=())
                if said is None or any(not np.array_equal(said[name], found.values[name]) for name in said):
                    yield f"the database does not say what the files of run {run} say", remedy


def _queue(ws: Workspace) -> Found:
    file = ws.path / "queue.db"
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db:
            ((answer,), *_) = db.execute("PRAGMA integrity_check").fetchall()
            waiting = [run for (run,) in db.execute("SELECT run FROM queue").fetchall()]
    except sqlite3.Error as problem:
        answer, waiting = str(problem), []
    if answer != "ok":
        yield f"the queue is damaged: {answer}", f"Remove {file}, then queue again what was waiting: ftft runs resume RUN"
    for run in waiting:
        if not (ws.runs.root / run / "spec.json").exists():
            yield f"run {run} waits in the queue, but its folder is gone", f"sqlite3 {file} \"DELETE FROM queue WHERE run = '{run}'\""


# ---- the installation


def _versions(ws: Workspace) -> Found:
    from importlib import metadata

    from packaging.requirements import Requirement

    for line in metadata.requires("ftft") or ():
        needed = Requirement(line)
        if needed.marker and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            yield f"{needed.name} is not installed", f'Install it: pip install "{needed}"'
            continue
        if found not in needed.specifier:
            yield f"{needed.name} {found} is installed, {needed.specifier} is needed", f'Install it: pip install "{needed}"'


CHECKS: dict[str, Callable[[Workspace], Found]] = {
    "writable": _writable,
    "disk": _disk,
    "leftovers": _leftovers,
    "locks": _locks,
    "datasets": _datasets,
    "runs": _runs,
    "origins": _origins,
    "subsets": _subsets,
    "database": _database,
    "queue": _queue,
    "versions": _versions,
}
