"""What the runner says of a run whose training process could not say it itself."""

import os
from datetime import UTC, datetime
from typing import Any

from ftft.runpaths import RunPaths

BAD_INPUT = 2  # exit status of every command whose input is wrong
_ENDED = {"failed": "has failed", "cancelled": "was cancelled", "lost": "is lost"}
_NO_SPACE = "No space left on device"
_TAIL = 4000  # bytes of the log that are searched for its last lines


def progress(folder: RunPaths) -> str:
    """How far the run has come: newest complete epoch and newest checkpoint. The same text means that an attempt led nowhere."""
    checkpoints = [f.parent.name for f in folder.checkpoints.glob("step-*/complete.json")]
    return f"epoch {max(folder.epoch_files(), default=0)}, checkpoint {max(checkpoints, default='none')}"


def stopped(folder: RunPaths, status: int) -> dict[str, Any]:
    """For training that ended by itself, as after a Python error that it could not put into words, or before it could read its spec."""
    lines = " / ".join(last_lines(folder)) or "it wrote nothing"
    what = f"training stopped with exit status {status}: {lines}"
    if _NO_SPACE in lines:
        return _failed(folder, "disk_full", what, f"Free some space, then ftft runs resume {folder.run}")
    return _failed(folder, "bad_input" if status == BAD_INPUT else "internal", what, f"See log.txt: ftft runs logs {folder.run}")


def killed_too_often(folder: RunPaths, attempts: int) -> dict[str, Any]:
    """For training that was killed again and again at the same place."""
    remedy = f"Often memory is short: close other programs or lower --batch-size, then ftft runs resume {folder.run}"
    return _failed(folder, "killed", f"training was killed {attempts} times without getting further than {progress(folder)}", remedy)


def dependency_failed(folder: RunPaths, run: str, state: str) -> dict[str, Any]:
    """For a run that waited for another, which ended in `state` or is gone ("lost")."""
    remedy = f"Mend what stopped it, then ftft runs resume {folder.run}, which resumes {run} as well"
    gone = not folder.path.with_name(run).is_dir()
    if gone:
        remedy = f"Train {run} again, or remove this run: ftft runs remove {folder.run}"
    return _failed(folder, "dependency_failed", f"it waits for run {run}, which {'was removed' if gone else _ENDED[state]}", remedy)


def failed_to_start(folder: RunPaths, program: str, problem: OSError) -> dict[str, Any]:
    """For a training process that never came to life."""
    remedy = f"Mend the installation of {program}, then ftft runs resume {folder.run}"
    return _failed(folder, "internal", f"training could not be started: {problem.strerror or problem}", remedy)


def last_lines(folder: RunPaths, count: int = 3) -> list[str]:
    """The last lines of the log that say something."""
    if not folder.log_file.exists():
        return []
    with folder.log_file.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
        lines = log.read().decode(errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip()][-count:]


def _failed(folder: RunPaths, cause: str, message: str, remedy: str) -> dict[str, Any]:
    return {
        "state": "failed",
        "cause": cause,
        "error": {"kind": cause, "message": message, "remedy": remedy},
        "scores": {},
        "steps_done": max((line["step"] for line in folder.progress() if "step" in line), default=0),
        "epochs_recorded": len(folder.epoch_files()),
        "cost": {},
        "environment": {},
        "warnings": [],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
