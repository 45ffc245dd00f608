"""A run folder from its spec to its verdict."""

import errno
import pickle
import shutil
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import torch

from ftft.domain.stabilisers import HEAD
from ftft.errors import KILLED, FtftError, InputError, WorkError
from ftft.runfolder import RunFolder
from ftft.train import ranks
from ftft.train.attempt import Attempt
from ftft.train.checkpoints import Checkpoints
from ftft.train.cost import Ledger
from ftft.train.headtuning import tune_heads
from ftft.train.model import quiet
from ftft.train.progress import say
from ftft.train.stopping import stop_signals

_NO_MEMORY = ("allocate memory", "out of memory")
_NO_SPACE = ("No space left on device", "Disk quota exceeded", "iostream error")  # the last is torch.save's


def run_folder(folder: RunFolder) -> dict[str, Any]:
    """Trains and evaluates what `folder.spec()` says, from the newest checkpoint if there is one, and returns the verdict it published.

    InputError or WorkError when that fails, with a verdict that says so. KeyboardInterrupt on SIGTERM or Ctrl-C: training is saved and
    there is no verdict, since whether the run goes on is for the queue to say. A run that has succeeded is left as it is.
    Where several processes train together, each calls this with the same folder.
    """
    before = folder.verdict()
    if before and before["state"] == "succeeded":
        return before
    if folder.spec().tune == HEAD:
        run_heads([folder])
        return folder.verdict() or {}
    folder.results_file.unlink(missing_ok=True)
    folder.checkpoints.mkdir(parents=True, exist_ok=True)
    quiet()
    ledger = Ledger(folder.checkpoints / "cost.json")
    attempt = None
    try:
        with stop_signals() as stop:
            attempt = Attempt(folder, ledger, stop)
            verdict = attempt.run()
    except KeyboardInterrupt:
        ledger.write()
        raise
    except Exception as problem:
        if ranks.lost_another(problem):  # killed, it leaves the reason to the queue; failed, it has said so itself
            ledger.write()
            raise SystemExit(KILLED) from problem
        failure = explain(problem)
        _publish_failure(folder, failure, attempt, ledger)
        raise failure from problem
    finally:
        ranks.leave()
    if ranks.is_first():
        folder.publish_verdict(verdict)
        shutil.rmtree(folder.checkpoints)
    return verdict


def run_heads(folders: Sequence[RunFolder]) -> None:
    """Trains runs of head tuning together (RunSpec.trains_with); each gets a verdict. Raises the failure of the first, which was asked for.

    KeyboardInterrupt on SIGTERM or Ctrl-C: runs that had not ended then have no verdict.
    """
    first, *_ = waiting = [folder for folder in folders if (folder.verdict() or {}).get("state") != "succeeded"] or [folders[0]]
    if first.verdict():
        return
    quiet()
    for folder in waiting:
        folder.results_file.unlink(missing_ok=True)
    failed: FtftError | None = None
    with stop_signals():
        for folder, outcome in tune_heads(waiting, explain):
            folder.publish_verdict(outcome if isinstance(outcome, dict) else _failed(folder, outcome, 0))
            if folder.run == first.run and not isinstance(outcome, dict):
                failed = outcome
    if failed:
        raise failed


def explain(problem: Exception) -> FtftError:
    """`problem` as one of the causes of failure, with its remedy. The traceback of one that nobody foresaw goes to standard error."""
    if isinstance(problem, FtftError):
        return problem
    text = str(problem)
    if isinstance(problem, pickle.UnpicklingError):
        what = "a file of the newest checkpoint holds something else than numbers, and was not loaded"
        return InputError(what, "Remove its folder under checkpoints/, then ftft runs resume: the run goes on from the one before")
    if isinstance(problem, (torch.OutOfMemoryError, MemoryError)) or any(words in text for words in _NO_MEMORY):
        return WorkError("memory ran out", "Lower --batch-size and raise --grad-accum by as much, or lower --max-length", "out_of_memory")
    if _disk_is_full(problem):
        where = getattr(problem, "filename", None) or "the run's folder"
        return WorkError(f"the disk is full ({where})", "Free some space, then ftft runs resume", "disk_full")
    say("".join(traceback.format_exception(problem)))
    return WorkError(
        f"{type(problem).__name__}: {text.splitlines()[0].rstrip('.') if text else 'no message'}",
        "See the run's log, and report this as a bug",
    )


def _disk_is_full(problem: BaseException | None) -> bool:
    """Writers of weights and of Parquet say so in words of their own, or raise something that only follows from it."""
    if problem is None:
        return False
    full = isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or any(words in str(problem) for words in _NO_SPACE) or _disk_is_full(problem.__cause__ or problem.__context__)


def _publish_failure(folder: RunFolder, failure: FtftError, attempt: Attempt | None, ledger: Ledger) -> None:
    """A full disk may have no room for the verdict either; then the queue sees a run that ended without one. None for a removed folder."""
    if not folder.path.is_dir():
        return
    saved = Checkpoints(folder.checkpoints).newest()
    steps = attempt.steps_done if attempt else saved.step if saved else 0
    environment, warnings = (attempt.environment(), attempt.warnings) if attempt else ({}, [])
    verdict = _failed(folder, failure, steps) | {
        "cost": ledger.spent().to_json(), "environment": environment, "warnings": [w.to_json() for w in warnings],
    }  # fmt: skip
    try:
        folder.publish_verdict(verdict)
    except OSError as problem:
        say(f"the verdict could not be written: {problem}")


def _failed(folder: RunFolder, failure: FtftError, steps: int) -> dict[str, Any]:
    """The verdict of a run that has cost nothing yet."""
    return {
        "state": "failed", "cause": failure.kind, "error": failure.to_json(), "scores": {}, "steps_done": steps,
        "epochs_recorded": len(folder.epoch_files()), "cost": {}, "environment": {}, "warnings": [],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
