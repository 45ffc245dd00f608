"""A workspace whose training is a few lines of Python: quick, obedient or stubborn, as the test needs it."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from ftft import jobs
from ftft.domain.run import FINAL
from ftft.jobs import tree
from ftft.runpaths import RunPaths

# What every fake training can use: its folder, a note of what happened when, and a verdict as the real one leaves it.
PRELUDE = """
import json, os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
def note(what):
    with (folder.parent.parent / "notes.txt").open("a") as notes:
        notes.write(f"{what} {folder.name} {os.getpid()}\\n")
def verdict(state="succeeded"):
    (folder / "aside").write_text(json.dumps({"state": state, "cause": None, "error": {}}))
    os.replace(folder / "aside", folder / "results.json")
note("start")
"""


class Bench:
    """A workspace, and what tests do to it."""

    def __init__(self, root: Path) -> None:
        self.root, self.queue = root, jobs.Queue(root)

    def options(self, training: str, **others: float) -> jobs.RunnerOptions:
        """Options of a runner whose attempts run `training`."""
        script = self.root / "training.py"
        script.write_text(PRELUDE + training)
        return jobs.RunnerOptions(command=(sys.executable, "-S", str(script)), **{"idle": 1.0, "grace": 0.5, "poll": 0.03, **others})

    def add(self, *runs: str) -> list[RunPaths]:
        """Runs with a folder and a row."""
        folders = [self.queue.folder(run) for run in runs]
        for folder in folders:
            folder.path.mkdir(parents=True, exist_ok=True)
            self.queue.submit(folder.run)
        return folders

    def wait(self, folders: list[RunPaths], options: jobs.RunnerOptions) -> dict[str, str]:
        """The states of all, once they have ended; a runner that dies meanwhile is replaced."""
        while True:
            states = {folder.run: jobs.state(folder, self.queue) for folder in folders}
            if set(states.values()) <= set(FINAL):
                return states
            jobs.ensure_runner(self.root, options)
            time.sleep(0.03)

    def notes(self) -> list[tuple[str, str, int]]:
        """What the fake trainings noted: (what, run, process id)."""
        file = self.root / "notes.txt"
        lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        return [(what, run, int(process)) for what, run, process in lines]

    def started(self, count: int = 1) -> list[int]:
        """Process ids of the trainings, once so many have been started."""
        until(lambda: sum(what == "start" for what, _, _ in self.notes()) >= count)
        return [process for what, _, process in self.notes() if what == "start"]

    def processes(self) -> list[psutil.Process]:
        """Living processes with a path of this workspace in their command."""
        return [p for p in psutil.process_iter() if any(word.startswith(str(self.root)) for word in _command(p))]

    def runners(self) -> list[psutil.Process]:
        """The living runners of this workspace. A child of one that is about to become a training process still has its command."""
        return tree.heads([p for p in self.processes() if "ftft.jobs.runner" in _command(p)])

    @contextmanager
    def cleared(self) -> Iterator[None]:
        """Ends in the end what was started here: runners first, or they would start what is killed again."""
        try:
            yield
        finally:
            for process in [*self.runners(), *self.processes()]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def trainings(self) -> list[psutil.Process]:
        """The living attempts of this workspace."""
        return [p for p in self.processes() if str(self.root / "training.py") in _command(p)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # gone, or a zombie
        return []


def until(true: Callable[[], object], patience: float = 15.0) -> None:
    """Waits for something to become true, or fails."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def lives(process: int) -> bool:
    """Is there such a process, other than as a zombie?"""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def write_verdict(folder: RunPaths, state: str) -> None:
    """A verdict, as training would have left it."""
    folder.results_file.write_text(json.dumps({"state": state, "cause": None, "error": {}}))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A workspace whose path has a blank and letters beyond ASCII. Nothing that a test started outlives it."""
    root = (tmp_path / "Läufe 数据").resolve()
    root.mkdir()
    bench = Bench(root)
    with bench.cleared():
        yield bench
