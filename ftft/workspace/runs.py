"""Runs of a workspace: what became of each, and how to stop it or go on."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftft import jobs
from ftft.domain import Run
from ftft.errors import InputError, unknown
from ftft.runfolder import RunFolder
from ftft.workspace.following import Followed

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

LINE_BYTES = 1000  # of a log's line, at most, where its last lines are wanted


class Runs:
    """`ws.runs`."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self.root = workspace.path / "runs"
        self._meter = jobs.UsageMeter()
        self._followed = Followed()
        self._steps: dict[str, tuple[tuple[int, int], int]] = {}  # run: (stamp of its progress, the last step in it)
        self._finished: dict[str, tuple[int, Run]] = {}  # a verdict does not change, so it is read once

    def ids(self) -> list[str]:
        """Ids of all runs whose folder is there."""
        if not self.root.is_dir():
            return []
        with os.scandir(self.root) as found:
            return [entry.name for entry in found if _is_name(entry.name) and os.path.exists(os.path.join(entry.path, "spec.json"))]

    def id(self, prefix: str) -> str:
        """The one run whose id starts with `prefix`. InputError where there is none, or more than one."""
        if _is_name(prefix) and os.path.exists(os.path.join(self.root, prefix, "spec.json")):  # no error for what can be no path
            return prefix
        fitting = [run for run in self.ids() if run.startswith(prefix)] if prefix else []
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            raise unknown("run", prefix, self.ids())
        raise InputError(f"run {prefix!r} is ambiguous", f"It could be {', '.join(sorted(fitting)[:5])}")

    def folder(self, run: str) -> RunFolder:
        """The folder of a run, given its full id."""
        return _folder(self.root, run)

    def get(self, run: str) -> Run:
        """A run as it stands now."""
        return self._get(run, jobs.Queue(self.workspace.path).look())

    def _get(self, run: str, look: jobs.Look) -> Run:
        return self._read(self.folder(self.id(run)), look)

    def progress(self, run: str) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`, oldest first."""
        return self._followed.lines(self.folder(self.id(run)))

    def log(self, run: str, lines: int = 200) -> str:
        """The last lines of the log; empty before the run has started."""
        file = self.folder(self.id(run)).log_file
        if not file.exists():
            return ""
        with file.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - lines * LINE_BYTES))
            return "".join(deque(log.read().decode(errors="replace").splitlines(keepends=True), lines))

    def whole_log(self, run: str) -> bytes:
        """All of the log, as it is."""
        file = self.folder(self.id(run)).log_file
        return file.read_bytes() if file.exists() else b""

    def follow(self, run: str, poll: float = 0.3) -> Iterator[bytes]:
        """The log from its beginning, and what is added to it until the run has ended."""
        run = self.id(run)
        folder, place = self.folder(run), 0
        while True:
            ended = self.get(run).final  # before the last look, or its last words would be missed
            if folder.log_file.exists():
                with folder.log_file.open("rb") as log:
                    log.seek(place)
                    while piece := log.read(1 << 16):
                        place += len(piece)
                        yield piece
            if ended:
                return
            self.workspace.wake()
            time.sleep(poll)

    def usage(self, run: str) -> jobs.Usage | None:
        """What a run that is being trained takes of the machine right now; None of others."""
        return self._meter.look(self.folder(self.id(run)))

    def size(self, run: str) -> int:
        """Bytes that removing a run frees."""
        return sum(file.lstat().st_blocks * 512 for file in self.folder(self.id(run)).path.rglob("*") if not file.is_dir())

    def cancel(self, run: str) -> Run:
        """Asks a queued or running run to stop; its last checkpoint is kept. Returns at once."""
        run = self._trained(run, "cancelled")
        jobs.cancel(self.workspace.path, self.folder(run), self.workspace.runner_options)
        return self.get(run)

    def resume(self, run: str) -> Run:
        """Queues a cancelled, failed or lost run again, also one that is just being cancelled: it goes on from its last checkpoint.

        Returns at once. No change to a run that has succeeded, runs or waits.
        """
        run = self._trained(run, "resumed")
        self._finished.pop(run, None)
        jobs.resume(self.workspace.path, self.folder(run))
        self.workspace.wake()
        return self.get(run)

    def remove(self, run: str) -> None:
        """Deletes a run that has ended, with all it holds. Subsets chosen by it stay. InputError while it waits or runs."""
        run = self.id(run)
        jobs.remove(self.workspace.path, self.folder(run))
        self._finished.pop(run, None)

    def export(self, run: str, out: str | Path) -> Path:
        """Writes a run's dynamics as OUT/training_dynamics/dynamics_epoch_N.jsonl, as the cartography code does; gives that folder."""
        from ftft import cartography

        run = self.id(run)
        if (measures := self.get(run).measures) is not None:
            what = f"run {run} was imported with its metrics alone: it has no logits to export"
            raise InputError(what, f"`ftft map {run} --out FILE.jsonl` writes what it has: {', '.join(measures)}")
        self.workspace.map(run)  # or says why there is nothing to write
        folder, numbers = self.folder(run), self.workspace.order_hashes(run)
        return cartography.write((folder.read_epoch(number) for number in numbers), Path(out).expanduser())

    def wait(self, runs: Iterable[str], on_progress: Callable[[Run], None] = lambda run: None, poll: float = 0.3) -> list[Run]:
        """Blocks until all have ended; `on_progress` is called with each, several times a second, or as often as a tenth of a core can."""
        waiting = [self.id(r) for r in runs]
        while True:
            began, look = time.monotonic(), jobs.Queue(self.workspace.path).look()
            now = [self._get(r, look) for r in waiting]
            for run in now:
                on_progress(run)
            if all(r.final for r in now):
                return now
            self.workspace.wake()
            time.sleep(max(poll, 9 * (time.monotonic() - began)))

    def list(self, dataset: str | None = None, state: str | None = None) -> list[Run]:
        """Runs, newest first; of one dataset or in one state where given. One whose spec is broken is left out, with a warning."""
        look = jobs.Queue(self.workspace.path).look()
        found = []
        for run in self.ids():
            try:
                found.append(self._read(self.folder(run), look))
            except FileNotFoundError:  # its folder was removed between the listing and the reading
                self._finished.pop(run, None)
            except InputError as problem:
                self.workspace.left_out(f"run {run}", problem)
        kept = [r for r in found if (dataset is None or r.spec.dataset == dataset) and (state is None or r.state == state)]
        return sorted(kept, key=lambda r: (r.created, r.position or 0, r.id), reverse=True)

    def _read(self, folder: RunFolder, look: jobs.Look) -> Run:
        stamp = folder.results_file.stat().st_mtime_ns if folder.results_file.exists() else 0
        known = self._finished.get(folder.run)
        if known and known[0] == stamp and stamp:
            return known[1]
        spec, verdict = folder.spec(), folder.verdict() or {}
        row, state = look.rows.get(folder.run), jobs.state(folder, look)
        measures = verdict.get("measures")
        run = Run(
            id=folder.run,
            spec=spec,
            state=state,
            folder=folder.path,
            created=folder.created(),
            cause=verdict.get("cause"),
            epochs_recorded=verdict["epochs_recorded"] if measures else len(folder.epoch_files()),
            steps_done=verdict["steps_done"] if verdict.get("steps_done") is not None else self._last_step(folder),
            steps_total=self._steps_total(folder),
            position=look.position(folder.run),
            scores=verdict.get("scores", {}),
            cost=verdict.get("cost", {}),
            environment=verdict.get("environment", {}),
            error=verdict.get("error", {}),
            stop=verdict.get("stop") or {},
            distance=verdict.get("distance") or {},
            retrained=verdict.get("retrained") or {},
            theory=verdict.get("theory") or {},
            warnings=tuple(verdict.get("warnings", ())),
            measures=tuple(measures) if measures else None,
            subset_hash=folder.subset_hash(),
            after=folder.after(),
            stopping=state == "running" and folder.cancel_file.exists(),
            priority=row.priority if row else 0,
        )
        if verdict:
            self._finished[folder.run] = (stamp, run)
        return run

    def _trained(self, run: str, verb: str) -> str:
        """The full id of a run that can be stopped or gone on with: an imported one has nothing to train."""
        run = self.id(run)
        if self.folder(run).spec().imported:
            raise InputError(f"run {run} was imported: it cannot be {verb}", "Train a run of your own with `ftft train`")
        return run

    def _last_step(self, folder: RunFolder) -> int:
        """Most runs that have no verdict have come to rest: nothing of theirs is read twice."""
        stamp = _stamp(folder.metrics_file)
        if stamp is None:
            return 0
        if self._steps.get(folder.run, (None, 0))[0] != stamp:
            lines = self._followed.lines(folder)
            self._steps[folder.run] = (stamp, max((line["step"] for line in lines if "step" in line), default=0))
        return self._steps[folder.run][1]

    def _steps_total(self, folder: RunFolder) -> int | None:
        try:
            spec = folder.spec_to_train()
        except FileNotFoundError:  # it waits for the run that decides
            return None
        if not spec.has_settings:
            return None
        try:
            return spec.total_steps(self.workspace.data.get(spec.dataset).train.rows)
        except InputError:  # its dataset is gone or broken, which is for other verbs to say
            return spec.steps


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _is_name(run: str) -> bool:
    """Can it be a folder in runs/, and nothing outside?"""
    return not run.startswith(".") and os.path.basename(run) == run != ""


@lru_cache(4096)
def _folder(root: Path, run: str) -> RunFolder:
    """Asked for fifty times by a page: paths are slow to put together."""
    return RunFolder(root / run)
