"""The runner: `python -m ftft.jobs.runner WORKSPACE`. One a workspace; starts what is queued, looks after what runs, goes when idle.

It knows nothing that is not on the disk, but for the exit status of its own children: killed at any point, the next one goes on. Of an
attempt that an earlier runner left it learns the end by the lock, like that of its own.
"""

import argparse
import fcntl
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from ftft.errors import InputError
from ftft.jobs import slots, tree
from ftft.jobs.environment import for_attempt
from ftft.jobs.launch import RunnerOptions
from ftft.jobs.lifecycle import state
from ftft.jobs.lock import TOKEN, Attempt, RunLock, attempt_of, is_held, take
from ftft.jobs.verdicts import dependency_failed, failed_to_start, killed_too_often, progress, stopped
from ftft.jobs.waiting import Queue, Row
from ftft.runpaths import RunPaths

_REST_S = 5.0
_QUIET_S = 10.0  # without a change, until it looks less often
_SELDOM_S = 1.0
TRIES = 10  # starts without progress, before a run that is killed again and again counts as failed


class Runner:
    """Owns the workspace's runner lock while it lives."""

    def __init__(self, root: Path, options: RunnerOptions, lock: int) -> None:
        self.queue, self.options, self.lock = Queue(root), options, lock
        self.gpus = slots.gpus()
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping: dict[str, tuple[float, set[int]]] = {}  # run: when the stopping began, and who has been told

    def run(self) -> None:
        """Works until there has been nothing to do for `options.idle` seconds."""
        busy = changed = time.monotonic()
        before: set[str] = set()
        while True:
            try:
                living = self.step()
                if living != before or self.stopping:
                    before, changed = living, time.monotonic()
                if living or (self.queue.rows() and not self.queue.paused):
                    busy = time.monotonic()
                elif time.monotonic() - busy > self.options.idle and self._leave():
                    return
            except (OSError, sqlite3.Error) as problem:  # a full disk, say: it may pass, and what runs is still to be looked after
                say(f"could not go on: {problem}")
                time.sleep(_REST_S)
            quiet = time.monotonic() - changed > _QUIET_S
            time.sleep(max(self.options.poll, _SELDOM_S) if quiet else self.options.poll)

    def step(self) -> set[str]:
        """One look at everything; gives the runs with a living attempt."""
        living = {row.run for row in self.queue.rows() if self._tend(row)}
        if self.queue.paused:
            return living
        per_device, blocked = self.queue.slots, set[str]()
        for row in self.queue.rows():  # again: what has ended is out
            among = slots.allowed(self.gpus, row.environment)
            if row.run in living or blocked & set(among) or not self._ready(row):
                continue
            devices = slots.place(self._wanted(row), among, self._used(living), per_device)
            if not devices:
                blocked |= set(among)  # who comes later must not overtake it
            elif self._start(row, devices, slots.variables(devices, per_device, row.environment)):
                living.add(row.run)
        return living

    def _ready(self, row: Row) -> bool:
        """Have the runs that it waits for succeeded? Where one has ended in another way the row's run has failed with it."""
        for run in row.dependencies:
            ended = state(self.queue.folder(run), self.queue)
            if ended in ("queued", "running"):
                return False
            if ended != "succeeded":
                self._give_up(row, run, ended)
                return False
        return True

    def _give_up(self, row: Row, dependency: str, ended: str) -> None:
        folder = self.queue.folder(row.run)
        lock = take(folder) if folder.path.is_dir() else None
        if lock:
            with lock:
                if folder.verdict() is None and not folder.cancel_file.exists():
                    folder.publish_verdict(dependency_failed(folder, dependency, ended))
        self.queue.remove(row.run)
        say(f"{row.run} waited for {dependency}, which {ended}")

    def _wanted(self, row: Row) -> int:
        try:
            return self.queue.folder(row.run).spec().devices or 1
        except (InputError, OSError):  # for its training to say
            return 1

    def _used(self, living: set[str]) -> Counter[str]:
        """How many slots of each device are taken."""
        attempts = [attempt_of(self.queue.folder(run)) for run in living]
        return Counter(device for attempt in attempts for device in (attempt.devices or (slots.CPU,) if attempt else (slots.CPU,)))

    def _leave(self) -> bool:
        """Lets go of the lock, then looks again: who queued a run while the lock was held has started no runner, and relies on this one."""
        fcntl.flock(self.lock, fcntl.LOCK_UN)
        if not self.queue.rows() or self.queue.paused:
            return True
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True

    # ---- attempts that were started

    def _tend(self, row: Row) -> bool:
        """Stops what has to stop, and clears away what has ended. Says whether an attempt of the run is alive."""
        folder = self.queue.folder(row.run)
        marked = folder.cancel_file.exists()
        if not row.attempts and not marked:
            return False
        if row.token and not folder.lock_file.exists():
            return self._removed(row, folder)
        attempt = attempt_of(folder)
        if is_held(folder):
            if attempt and (marked or not tree.leader_lives(attempt)):
                self._stop(row.run, attempt)
            else:
                self.stopping.pop(row.run, None)
            return True
        if attempt or marked:
            self._settle(row, folder)
        return False

    def _removed(self, row: Row, folder: RunPaths) -> bool:
        """Somebody has deleted the folder under its training, which holds a lock that nobody can see any more. It ends with it."""
        self._bury(row.run, Attempt(row.token or ""))
        self.children.pop(row.run, None)
        if not (folder.path / "spec.json").exists():
            shutil.rmtree(folder.path, ignore_errors=True)  # what training wrote until it was ended
            self.queue.remove(row.run)
            say(f"{row.run} has lost its folder")
        return False

    def _stop(self, run: str, attempt: Attempt) -> None:
        """TERM to the leader, which ends its own workers in order; then to whatever outlives its parent; after the grace KILL to all."""
        since, told = self.stopping.setdefault(run, (time.monotonic(), set()))
        processes = tree.members(attempt)
        if time.monotonic() - since > self.options.grace:
            tree.kill(processes)
        else:
            new = [process for process in tree.heads(processes) if process.pid not in told]
            tree.terminate(new)
            told.update(process.pid for process in new)

    def _settle(self, row: Row, folder: RunPaths) -> None:
        """The attempt is dead: with a verdict or a mark the run leaves the queue, else it stays where it is and is started again."""
        lock = take(folder)
        if lock is None:
            return
        with lock:
            attempt = attempt_of(folder)
            status = self._bury(row.run, attempt)
            if attempt and attempt.boot != self.options.boot:  # the machine went down under it
                self.queue.forgive(row.run)
            elif folder.verdict() is None and not folder.cancel_file.exists() and attempt:
                self._judge(row, folder, status)
            if folder.verdict() is not None or folder.cancel_file.exists():
                self.queue.remove(row.run)
            lock.clear()
        self.children.pop(row.run, None)  # not before: on a full disk all of this is tried again, and needs the status
        if attempt:
            say(f"{row.run} ended with status {status}")

    def _bury(self, run: str, attempt: Attempt | None) -> int | None:
        """Ends what the attempt left behind without the lock. Gives its exit status, None where an earlier runner started it."""
        self.stopping.pop(run, None)
        child = self.children.get(run)
        if child:
            try:
                child.wait(timeout=1.0)  # the kernel frees the lock an instant before the process can be waited for
            except subprocess.TimeoutExpired:  # alive, though it gave up its lock
                child.kill()
        if attempt:
            tree.kill(tree.members(attempt))
        return child.wait() if child else None

    def _judge(self, row: Row, folder: RunPaths, status: int | None) -> None:
        """A verdict for a run whose training wrote none, unless it was killed from outside and deserves another try."""
        if status is not None and 0 < status < 128:  # from 128 on, a shell's or launcher's way of saying "by a signal"
            folder.publish_verdict(stopped(folder, status))
        elif row.attempts >= TRIES and row.progress == progress(folder):
            folder.publish_verdict(killed_too_often(folder, row.attempts))

    # ---- starting

    def _start(self, row: Row, devices: tuple[str, ...], variables: dict[str, str]) -> bool:
        """Starts the run's next attempt. Says whether an attempt of the run is alive now."""
        folder = self.queue.folder(row.run)
        if not folder.path.is_dir():  # removed by somebody
            self.queue.remove(row.run)
            return False
        lock = take(folder, patience=0.2)
        if lock is None:
            return True
        with lock:
            self._bury(row.run, attempt_of(folder))
            if folder.verdict() is not None or folder.cancel_file.exists():
                self.queue.remove(row.run)
                return False
            now, token = progress(folder), secrets.token_hex(8)
            attempts = row.attempts + 1 if row.progress == now else 1
            if not self.queue.started(row.run, attempts, now, token):
                return False
            try:
                child = self._spawn(folder, lock, Attempt(token, None, devices, self.options.boot), row.environment | variables)
            except OSError as problem:
                folder.publish_verdict(failed_to_start(folder, self.options.command[0], problem))
                self.queue.remove(row.run)
                lock.clear()
                return False
            lock.hand_over()
        self.children[row.run] = child
        say(f"{row.run} started at {now}, try {attempts}, process {child.pid}, on {', '.join(devices)}")
        return True

    def _spawn(self, folder: RunPaths, lock: RunLock, attempt: Attempt, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        """The attempt's name is in the lock before its first process exists, so that a runner killed in between leaves nothing unknown."""
        lock.sign(attempt)
        with folder.log_file.open("ab") as log:
            child = subprocess.Popen(
                [*self.options.command, str(folder.path)],
                cwd="/",
                env={**for_attempt(environment), TOKEN: attempt.token},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.descriptor],
            )
        lock.sign(replace(attempt, leader=child.pid))
        return child


def say(what: str) -> None:
    """A line for locks/runner.log."""
    print(time.strftime("%Y-%m-%dT%H:%M:%S"), what, flush=True)


def main() -> None:
    """The command line; `--lock` is the descriptor of a lock that the caller took and handed down."""
    parser = argparse.ArgumentParser(prog="python -m ftft.jobs.runner", description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--lock", type=int)
    parser.add_argument("--options", type=RunnerOptions.from_json, default=None)
    arguments = parser.parse_args()
    lock = arguments.lock
    if lock is None:
        (arguments.workspace / "locks").mkdir(exist_ok=True)
        lock = os.open(arguments.workspace / "locks" / "runner.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # one that was handed down is ours already
    except BlockingIOError:
        sys.exit("the runner of this workspace is alive")
    say(f"runner {os.getpid()} started")
    Runner(arguments.workspace.resolve(), arguments.options or RunnerOptions(), lock).run()
    say(f"runner {os.getpid()} has nothing left to do")


if __name__ == "__main__":
    main()
