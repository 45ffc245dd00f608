"""The processes of an attempt, found by the token in their environment: children inherit it, into a new session or to a new parent."""

from collections.abc import Callable
from contextlib import suppress

import psutil

from ftft.jobs.lock import TOKEN, Attempt


def members(attempt: Attempt) -> list[psutil.Process]:
    """All living processes of the attempt."""
    return [process for process in psutil.process_iter() if _belongs(process, attempt)]


def heads(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those whose parent is not among them: the leader, and what has lost its parent."""
    ids = {process.pid for process in processes}
    return [process for process in processes if _parent(process) not in ids]


def leader_lives(attempt: Attempt) -> bool:
    """Is the attempt's first process alive? True while it is not known yet."""
    if attempt.leader is None:
        return True
    try:
        return _belongs(psutil.Process(attempt.leader), attempt)
    except psutil.NoSuchProcess:
        return False


def terminate(processes: list[psutil.Process]) -> None:
    """TERM: please save and go."""
    for process in processes:
        _tell(process.terminate)


def kill(processes: list[psutil.Process]) -> None:
    """KILL: cannot be refused."""
    for process in processes:
        _tell(process.kill)


def _belongs(process: psutil.Process, attempt: Attempt) -> bool:
    try:
        return process.environ().get(TOKEN) == attempt.token
    except (psutil.Error, OSError):  # gone, a zombie, or another user's
        return False


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None


def _tell(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()
