"""Random kills, cancels and resubmissions over a workspace with twenty runs, and what must be true afterwards.

Every process of a chaos carries its mark in the environment, whoever started it, so that what is left behind can be counted.
"""

import os
import random
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

import ftft
from ftft.errors import InputError
from ftft.jobs import Queue, RunnerOptions
from tests.synthetic import add_dataset

MARK = "FTFT_CHAOS"
RUNS, EPOCHS, ROWS = 20, 3, 40
CLIENT = """
import sys, ftft
from ftft.jobs import RunnerOptions
root, options, dataset, model, first, last = sys.argv[1:]
ws = ftft.Workspace(root, runner=RunnerOptions.from_json(options))
ws.train(dataset, model=model, seeds=range(int(first), int(last)), epochs=3, batch_size=16, max_length=16, detach=True)
"""


class Chaos:
    """Twenty runs on two slots, an app, and dice. `counts` says what was done to them."""

    def __init__(self, folder: Path, seed: int, options: RunnerOptions, app: Sequence[str]) -> None:
        self.mark, self.dice, self.counts = secrets.token_hex(8), random.Random(seed), Counter[str]()
        self.environment = os.environ | {MARK: self.mark, "OMP_NUM_THREADS": "1"}
        self.root, self.options = folder / "Läufe 数据", options
        self.app_command, self.app = app, None
        self.ws = ftft.Workspace(self.root, runner=False)
        self.dataset = add_dataset(self.ws, folder, rows=ROWS)
        self.ws.jobs.set_slots(2)
        self.log = (folder / "app.txt").open("w")

    def submit(self) -> None:
        """Twenty runs from three clients at once, two of which ask for some of the same."""
        model = next(m.path for m in self.ws.models() if m.name == "bert-2x64")
        words = [sys.executable, "-c", CLIENT, str(self.root), self.options.to_json(), self.dataset, model]
        clients = [
            subprocess.Popen([*words, first, last], env=self.environment) for first, last in (("0", "10"), ("5", "15"), ("15", "20"))
        ]
        assert [client.wait() for client in clients] == [0, 0, 0]
        assert len(self.ws.runs.ids()) == RUNS

    # ---- the disturbance

    def rage(self, seconds: float, most: int, pause: float) -> None:
        """Until the time is over, or each kind of disturbance has happened `most` times; up to `pause` seconds between two."""
        deadline = time.monotonic() + seconds
        kinds = {"runner killed": 3, "training killed": 4, "app killed": 1, "cancelled": 2, "resubmitted": 2}
        while time.monotonic() < deadline and min(self.counts[kind] for kind in kinds) < most:
            self.keep_app()
            time.sleep(self.dice.random() * pause)
            (kind,) = self.dice.choices(list(kinds), list(kinds.values()))
            self.counts[kind] += self._disturb(kind)
            assert len(self.runners()) <= 1, "two runners"

    def _disturb(self, kind: str) -> int:
        if kind == "cancelled":
            return self._of_state(("queued", "running"), self._client.runs.cancel)
        if kind == "resubmitted":
            return self._of_state(("cancelled", "failed", "lost"), self._client.runs.resume)
        victims = {"runner killed": self.runners, "training killed": self.trainings, "app killed": self.apps}[kind]()
        if not victims:
            return 0
        with suppress(psutil.NoSuchProcess):
            self.dice.choice(victims).kill()
        return 1

    def _of_state(self, states: tuple[str, ...], action) -> int:
        fitting = [run.id for run in self.ws.runs.list() if run.state in states]
        if not fitting:
            return 0
        with suppress(InputError):
            action(self.dice.choice(fitting))
        return 1

    @property
    def _client(self) -> ftft.Workspace:
        """A command's workspace: what it starts carries the mark."""
        os.environ[MARK] = self.mark
        return ftft.Workspace(self.root, runner=self.options)

    def keep_app(self) -> None:
        """Starts the app where it was killed."""
        if self.app is None or self.app.poll() is not None:
            self.counts["app started"] += 1
            self.app = subprocess.Popen(self.app_command, env=self.environment, stdout=self.log, stderr=self.log)

    # ---- the end

    def settle(self, patience: float) -> None:
        """Resubmits what was cancelled or killed too often, and waits until all have succeeded."""
        deadline, client = time.monotonic() + patience, self._client
        while unfinished := [run for run in self.ws.runs.list() if run.state != "succeeded"]:
            assert time.monotonic() < deadline, Counter(run.state for run in unfinished)
            self.keep_app()
            for run in unfinished:
                if run.state in ("cancelled", "failed", "lost"):
                    assert run.state == "cancelled" or run.cause == "killed", (run.state, run.error)
                    self.counts["killed too often"] += run.cause == "killed"
                    client.runs.resume(run.id)
            client.wake()
            time.sleep(0.2)

    def check(self, patience: float) -> None:
        """One verdict a run, each dynamic once, an empty queue, no process left."""
        violations = self.root / "violations.txt"
        assert not violations.exists(), violations.read_text()
        ids = sorted(self.ws.data.ids(self.dataset).tolist())
        for run in self.ws.runs.ids():
            folder = self.ws.runs.folder(run)
            verdict = folder.sound_verdict()
            assert verdict
            assert verdict["state"] == "succeeded"
            assert list(folder.epoch_files()) == list(range(1, EPOCHS + 1))
            assert not list((folder.path / "dynamics").glob("partial*"))
            for number in range(1, EPOCHS + 1):
                assert folder.sound_epoch(number).ids_N.tolist() == ids
        wait_until(lambda: not Queue(self.root).rows(), patience)
        assert self.app
        self.app.terminate()
        self.app.wait()
        wait_until(lambda: not self.processes(), patience)

    def close(self) -> None:
        """Ends what a failed test left."""
        self.log.close()
        for process in [*self.runners(), *self.processes()]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        os.environ.pop(MARK, None)

    # ---- who is there

    def processes(self) -> list[psutil.Process]:
        """Living processes with the mark, this one apart."""
        return [p for p in psutil.process_iter() if p.pid != os.getpid() and self._marked(p)]

    def runners(self) -> list[psutil.Process]:
        """One that is about to become a training process still has its parent's command."""
        found = [p for p in self.processes() if "ftft.jobs.runner" in _command(p)]
        ids = {p.pid for p in found}
        return [p for p in found if _parent(p) not in ids]

    def trainings(self) -> list[psutil.Process]:
        """Any process of any attempt."""
        return [p for p in self.processes() if any(word.startswith(str(self.root / "runs")) for word in _command(p))]

    def apps(self) -> list[psutil.Process]:
        """The app, while it lives."""
        return [psutil.Process(self.app.pid)] if self.app and self.app.poll() is None else []

    def _marked(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            return False


def wait_until(true, patience: float) -> None:
    """Waits for something to become true, or fails."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None
