"""A run on several devices: one process each, started by torchrun, which ends them all when one of them ends badly."""

import signal
import subprocess
import sys

from ftft.runpaths import RunPaths

KILLED = 137  # exit status, as a shell says "by KILL": the queue tries such a run again


def share_out(folder: RunPaths, devices: int) -> int:
    """Trains a run folder, whose lock the caller holds, in `devices` processes and gives the exit status. Asked to stop, it asks them."""
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={devices}"]
    workers = subprocess.Popen([sys.executable, *launch, "-m", "ftft", "run-spec", "--held", str(folder.path)])
    former = signal.signal(signal.SIGTERM, lambda *_: workers.terminate())
    try:
        status = workers.wait()
    finally:
        signal.signal(signal.SIGTERM, former)
    # The launcher says 1, however its workers ended: only a verdict tells that it was not a kill.
    return status if status == 0 or folder.verdict() is not None else KILLED
