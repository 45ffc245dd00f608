"""What a client can ask about a run, and ask of it: in which state is it, stop it, go on with it."""

from contextlib import nullcontext
from pathlib import Path

from ftft.errors import InputError
from ftft.jobs.launch import RunnerOptions, ensure_runner
from ftft.jobs.lock import attempt_of, is_held, take
from ftft.jobs.waiting import Look, Queue
from ftft.publish import remove_folder
from ftft.runpaths import RunPaths


def state(folder: RunPaths, queue: Queue | Look) -> str:
    """One of domain.STATES, from what is there now: the verdict, else a living attempt, else the cancel mark, else the queue's row."""
    found = _look(folder, queue)
    # Between two glances a run can end and leave the queue, or come into it. What is lost stays lost, so a second look tells.
    return found if found != "lost" else _look(folder, queue.queue if isinstance(queue, Look) else queue)


def cancel(root: Path, folder: RunPaths, options: RunnerOptions | None = None) -> None:
    """Takes a waiting run out of the queue; of one that runs, ends all processes, politely at first. Checkpoints stay. Returns at once.

    The mark comes first, and the runner looks for it after it has taken the run's lock: so no attempt starts behind our back.
    """
    if folder.verdict() is not None:
        return
    folder.cancel_file.touch()
    queue = Queue(root)
    if is_held(folder) or attempt_of(folder):  # alive, or dead with children that may have outlived it
        queue.submit(folder.run)  # usually there; if not, the runner must still get to know of it
        ensure_runner(root, options)
    else:
        queue.remove(folder.run)


def resume(root: Path, folder: RunPaths) -> None:
    """Queues a cancelled, failed or lost run again, to go on from its last checkpoint; starts no runner.

    No change to one that succeeded, runs or waits. What it waits for is resumed first, where that has ended in another way.

    A failed verdict is deleted: it holds no scores, and what happened is in the log. The run's lock is held meanwhile, so that nobody
    sees or starts a run that is half undone. Where an attempt has the lock, one that is being cancelled perhaps, it is enough that the
    mark goes: when it ends without a verdict, the runner starts the next one.
    """
    queue = Queue(root)
    after = folder.after()
    for run in after:
        if queue.folder(run).path.is_dir() and state(queue.folder(run), queue) in ("failed", "cancelled", "lost"):
            resume(root, queue.folder(run))
    with take(folder, patience=2.0 if folder.verdict() else 0.0) or nullcontext() as lock:
        verdict = folder.verdict()
        if verdict and verdict["state"] == "succeeded":
            return
        if lock is None:
            folder.cancel_file.unlink(missing_ok=True)
            queue.submit(folder.run, dependencies=after)
        else:
            queue.submit(folder.run, dependencies=after)
            folder.results_file.unlink(missing_ok=True)
            folder.cancel_file.unlink(missing_ok=True)


def remove(root: Path, folder: RunPaths) -> None:
    """Deletes the folder of a run that has ended. InputError while it waits or runs, or another one waits for it."""
    queue = Queue(root)
    if waiting := next((row.run for row in queue.rows() if folder.run in row.dependencies), None):
        raise InputError(f"run {waiting} waits for run {folder.run}", f"Cancel that one first: ftft runs cancel {waiting}")
    with take(folder, patience=1.0) or nullcontext() as lock:
        waits = folder.run in queue and folder.verdict() is None and not folder.cancel_file.exists()
        if lock is None or waits:
            what = f"run {folder.run} {'waits in the queue' if waits else 'is running'}"
            raise InputError(what, f"Cancel it first: ftft runs cancel {folder.run}")
        queue.remove(folder.run)
        remove_folder(folder.path)


def _look(folder: RunPaths, queue: Queue | Look) -> str:
    verdict = folder.verdict()
    if verdict is not None:
        return verdict["state"]
    if is_held(folder):
        return "running"
    if folder.cancel_file.exists():
        return "cancelled"
    return "queued" if folder.run in queue else "lost"
