"""Runs that are trained in one process: the one that was started takes others with it that wait for the same."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ftft.domain import RunSpec
from ftft.errors import InputError
from ftft.jobs.lifecycle import state
from ftft.jobs.lock import Attempt, attempt_of, take
from ftft.jobs.verdicts import progress
from ftft.jobs.waiting import Queue, Row
from ftft.runpaths import RunPaths

MOST = 512  # runs of one process


@contextmanager
def companions(folder: RunPaths, fits: Callable[[RunSpec], bool]) -> Iterator[list[RunPaths]]:
    """Queued runs whose specs fit, in the order of the queue, each now an attempt of this process; none while the queue is paused.

    `folder` is the run that was started. Inside, they look like runs that the runner has started: cancelling one of them ends this process,
    and those without a verdict are started again. Outside, their locks are free and name nobody.
    """
    queue, attempt, found = Queue(folder.workspace), attempt_of(folder), []
    with ExitStack() as held:
        for row in queue.rows() if attempt and not queue.paused else ():
            other = queue.folder(row.run)
            wanted = len(found) < MOST and row.run != folder.run and _waits(queue, other, row.dependencies, fits)
            if attempt and wanted and _claimed(queue, row, other, attempt, held):
                found.append(other)
        yield found


def _claimed(queue: Queue, row: Row, folder: RunPaths, attempt: Attempt, held: ExitStack) -> bool:
    """Is the run now this attempt's, until `held` is closed?"""
    lock = take(folder)
    if lock is None:
        return False
    with ExitStack() as own:
        own.enter_context(lock)
        now = progress(folder)
        tries = row.attempts + 1 if row.progress == now else 1
        ready = folder.verdict() is None and not folder.cancel_file.exists() and attempt_of(folder) is None
        if not ready or not queue.started(row.run, tries, now, attempt.token):
            return False
        lock.sign(attempt)
        own.callback(lock.clear)
        held.push(own.pop_all())
        return True


def _waits(queue: Queue, folder: RunPaths, dependencies: tuple[str, ...], fits: Callable[[RunSpec], bool]) -> bool:
    try:
        return fits(folder.spec()) and all(state(queue.folder(run), queue) == "succeeded" for run in dependencies)
    except (InputError, OSError):  # for its own training to say
        return False
