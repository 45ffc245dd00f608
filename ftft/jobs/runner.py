"""The runner: `python -m ftft.jobs.runner WORKSPACE`. One a workspace; starts what is queued, looks after what runs, goes when idle.

It knows nothing that is not on the disk, but for the exit status of its own children: killed at any point, the next one goes on. Of an
attempt that an earlier runner left it learns the end by the lock, like that of its own.
"""

import argparse
import fcntl
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from ftft.jobs import tree
from ftft.jobs.launch import DEFAULT, RunnerOptions
from ftft.jobs.lock import TOKEN, Attempt, RunLock, attempt_of, is_held, take
from ftft.jobs.verdicts import failed_to_start, killed_too_often, progress, stopped
from ftft.jobs.waiting import Queue, Row
from ftft.runpaths import RunPaths

SLOTS = 1
_REST_S = 5.0
TRIES = 10  # starts without progress, before a run that is killed again and again counts as failed


class Runner:
    """Owns the workspace's runner lock while it lives."""

    def __init__(self, root: Path, options: RunnerOptions, lock: int) -> None:
        self.queue, self.options, self.lock = Queue(root), options, lock
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping: dict[str, tuple[float, set[int]]] = {}  # run: when the stopping began, and who has been told

    def run(self) -> None:
        """Works until the queue has been empty for `options.idle` seconds."""
        busy = time.monotonic()
        while True:
            try:
                if self.step():
                    busy = time.monotonic()
                elif time.monotonic() - busy > self.options.idle and self._leave():
                    return
            except (OSError, sqlite3.Error) as problem:  # a full disk, say: it may pass, and what runs is still to be looked after
                say(f"could not go on: {problem}")
                time.sleep(_REST_S)
            time.sleep(self.options.poll)

    def step(self) -> bool:
        """One look at everything; says whether the queue holds anything."""
        rows = self.queue.rows()
        living = {row.run for row in rows if self._tend(row)}
        if len(living) < SLOTS:
            for row in self.queue.rows():  # again: what has ended is out
                if row.run not in living and self._start(row):
                    living.add(row.run)
                if len(living) >= SLOTS:
                    break
        return bool(rows)

    def _leave(self) -> bool:
        """Lets go of the lock, then looks again: who queued a run while the lock was held has started no runner, and relies on this one."""
        fcntl.flock(self.lock, fcntl.LOCK_UN)
        if not self.queue.rows():
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
            if folder.verdict() is None and not folder.cancel_file.exists() and attempt:
                self._judge(row, folder, status)
            if folder.verdict() is not None or folder.cancel_file.exists():
                self.queue.remove(row.run)
            lock.clear()
        if attempt:
            say(f"{row.run} ended with status {status}")

    def _bury(self, run: str, attempt: Attempt | None) -> int | None:
        """Ends what the attempt left behind without the lock. Gives its exit status, None where an earlier runner started it."""
        self.stopping.pop(run, None)
        child = self.children.pop(run, None)
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

    def _start(self, row: Row) -> bool:
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
            now = progress(folder)
            attempts = row.attempts + 1 if row.progress == now else 1
            if not self.queue.started(row.run, attempts, now):
                return False
            try:
                child = self._spawn(folder, lock)
            except OSError as problem:
                folder.publish_verdict(failed_to_start(folder, self.options.command[0], problem))
                self.queue.remove(row.run)
                lock.clear()
                return False
            lock.hand_over()
        self.children[row.run] = child
        say(f"{row.run} started at {now}, try {attempts}, process {child.pid}")
        return True

    def _spawn(self, folder: RunPaths, lock: RunLock) -> subprocess.Popen[bytes]:
        """The attempt's name is in the lock before its first process exists, so that a runner killed in between leaves nothing unknown."""
        token = secrets.token_hex(8)
        lock.sign(Attempt(token))
        with folder.log_file.open("ab") as log:
            child = subprocess.Popen(
                [*self.options.command, str(folder.path)],
                cwd="/",
                env={"TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1", **os.environ, TOKEN: token},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.descriptor],
            )
        lock.sign(Attempt(token, child.pid))
        return child


def say(what: str) -> None:
    """A line for locks/runner.log."""
    print(time.strftime("%Y-%m-%dT%H:%M:%S"), what, flush=True)


def main() -> None:
    """The command line; `--lock` is the descriptor of a lock that the caller took and handed down."""
    parser = argparse.ArgumentParser(prog="python -m ftft.jobs.runner", description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--lock", type=int)
    parser.add_argument("--options", type=RunnerOptions.from_json, default=DEFAULT)
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
    Runner(arguments.workspace.resolve(), arguments.options, lock).run()
    say(f"runner {os.getpid()} has nothing left to do")


if __name__ == "__main__":
    main()
