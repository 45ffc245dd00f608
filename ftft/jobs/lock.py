"""The lock of a run: whoever holds it is the run's one attempt.

A `flock` belongs to an open file, not to a process. The runner takes it and hands the open file to the training process, whose forks
share it; the kernel lets go when the last of them is dead, however it died. So liveness needs no heartbeat, and no process id that may
belong to somebody else by now. The file's text names the attempt and stays behind when it dies: text under a free lock means an
attempt that nobody has cleared away yet.
"""

import fcntl
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ftft.errors import InputError
from ftft.jobs.boot import boot_id
from ftft.runpaths import RunPaths

TOKEN = "FTFT_ATTEMPT"  # environment variable that every process of an attempt inherits
_WIDTH = 512  # of the lock's text: a token of 16 digits, a process id, devices, the machine's boot, blanks
_NONE = "-"


@dataclass(frozen=True)
class Attempt:
    """`token`: what its processes carry in their environment. `leader`: process id of the first one, None while it is being started.

    `devices`: the slots that it takes (ftft/jobs/slots.py), one word each. `boot`: which start of the machine it belongs to.
    """

    token: str
    leader: int | None = None
    devices: tuple[str, ...] = ()
    boot: str = ""

    def to_text(self) -> str:
        """The lock's text: four words."""
        return f"{self.token} {self.leader or _NONE} {','.join(self.devices) or _NONE} {self.boot or _NONE}"

    @classmethod
    def from_text(cls, text: str) -> "Attempt | None":
        """The inverse of `to_text`; None where nothing is said."""
        words = text.split()
        if not words:
            return None
        leader, devices, boot = (words[1:] + [_NONE] * 3)[:3]
        named = () if devices == _NONE else tuple(devices.split(","))
        return cls(words[0], int(leader) if leader.isdecimal() else None, named, "" if boot == _NONE else boot)


class RunLock:
    """The lock, held by this process until the end of its `with`, or until a child has inherited it and `hand_over` is called."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self._mine = descriptor, True

    def sign(self, attempt: Attempt) -> None:
        """Says in the file whose lock it is. One write of one size, so that a reader sees either the old text or the new one."""
        os.pwrite(self.descriptor, attempt.to_text().ljust(_WIDTH - 1).encode() + b"\n", 0)

    def clear(self) -> None:
        """The attempt named in the file is dead and dealt with."""
        os.ftruncate(self.descriptor, 0)

    def hand_over(self) -> None:
        """This process lets go, the child that inherited the open file holds on."""
        os.close(self.descriptor)
        self._mine = False

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(self, *problem: object) -> None:
        if self._mine:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)  # not by closing alone: a fork of this process may have copied the open file
            os.close(self.descriptor)


def take(folder: RunPaths, patience: float = 0.0) -> RunLock | None:
    """The lock of a run, or None if it is still held after `patience` seconds (readers hold it for microseconds)."""
    descriptor = os.open(folder.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return RunLock(descriptor)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(0.01)


def is_held(folder: RunPaths) -> bool:
    """Is an attempt alive? Asks with a shared lock: any number may ask at once, and none of them looks like an attempt to the others."""
    try:
        descriptor = os.open(folder.lock_file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def attempt_of(folder: RunPaths) -> Attempt | None:
    """The attempt that holds the lock, or that held it last and has not been cleared away."""
    try:
        return Attempt.from_text(folder.lock_file.read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        return None


@contextmanager
def claim(folder: RunPaths, restart: bool = False) -> Iterator[None]:
    """Makes this process the run's attempt, unless the runner did so when it started it. InputError if another attempt is alive.

    With `restart` this process begins again as an attempt that the runner could have started: with a token in its environment, by which
    a cancel finds it and all its children.
    """
    attempt = attempt_of(folder)
    if attempt and attempt.token == os.environ.get(TOKEN):
        yield
        return
    lock = take(folder, patience=1.0)
    if lock is None:
        raise InputError(f"run {folder.run} is already running", f"Wait for it, or cancel it first: ftft runs cancel {folder.run}")
    if restart:
        _begin_again(lock)
    with lock:
        yield


def _begin_again(lock: RunLock) -> None:
    token = secrets.token_hex(8)
    lock.sign(Attempt(token, os.getpid(), boot=boot_id()))
    os.set_inheritable(lock.descriptor, True)
    os.execve(sys.executable, sys.orig_argv, os.environ | {TOKEN: token})
