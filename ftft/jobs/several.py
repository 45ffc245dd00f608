"""A run on several devices: one process each, started by torchrun, which ends them all when one of them ends badly."""

import signal
import subprocess
import sys

from ftft.errors import KILLED, as_error
from ftft.runpaths import RunPaths


def share_out(folder: RunPaths, devices: int) -> None:
    """Trains a run folder, whose lock the caller holds, in `devices` processes. Asked to stop, it asks them.

    InputError or WorkError where the run failed; SystemExit where its processes ended without a verdict.
    """
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={devices}"]
    workers = subprocess.Popen([sys.executable, *launch, "-m", "ftft", "run-spec", "--held", str(folder.path)])
    former = signal.signal(signal.SIGTERM, lambda *_: workers.terminate())
    try:
        status = workers.wait()
    finally:
        signal.signal(signal.SIGTERM, former)
    if status:  # the launcher says 1, however its workers ended: only a verdict tells that it was not a kill
        verdict = folder.verdict()
        if verdict is None:
            raise SystemExit(KILLED)
        raise as_error(verdict["error"])
