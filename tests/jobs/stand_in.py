"""Training without a model, in a process of its own: it records, publishes and resumes as the real one does, and takes a second.

`python stand_in.py FOLDER`, as a runner calls it. What must never happen is noted in the workspace's `violations.txt`.
"""

import fcntl
import sys
import time
from pathlib import Path

import numpy as np

from ftft import dataset, jobs
from ftft.dynamics import Epoch
from ftft.runfolder import RunFolder

EPOCH_S = 0.2


def train(folder: RunFolder) -> None:
    """From the first epoch that is not there to the verdict."""
    with (folder.path / "alone").open("w") as alone:
        try:
            fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(folder, "two attempts at once")
        if folder.verdict() is not None:
            note(folder, "started after its verdict")
        spec = folder.spec()
        rows = dataset.rows(folder.workspace / "datasets", spec.dataset, "train", columns=["id"])
        ids_N = rows["id"].to_numpy(object)
        for number in range(len(folder.epoch_files()) + 1, (spec.epochs or 0) + 1):
            time.sleep(EPOCH_S)
            draw = np.random.default_rng([spec.seeds.order, number])
            logits_NC = draw.normal(size=(len(ids_N), 2)).astype(np.float32)
            gold_N, step_N = np.zeros(len(ids_N), np.int64), np.arange(len(ids_N)) + 1
            folder.publish_epoch(Epoch(number, ids_N, gold_N, logits_NC, step_N, spec.capture, f"{spec.seed}-{number}"))
        folder.publish_verdict({"state": "succeeded", "cause": None, "error": {}, "scores": {}, "steps_done": 1, "cost": {}})


def note(folder: RunFolder, what: str) -> None:
    """A line that fails the test."""
    with (folder.workspace / "violations.txt").open("a") as violations:
        violations.write(f"{folder.run}: {what}\n")


if __name__ == "__main__":
    run = RunFolder(Path(sys.argv[1]))
    with jobs.claim(run):
        train(run)
