"""The queue: runs wait in it, a small detached process trains them, whoever asked for them may come and go.

Three roles, three processes. A *client* (command, app, notebook) puts a row into the queue, or a cancel mark into a run's folder, and
starts the runner if none lives; it owns nothing and may die at any time. The *runner* (one a workspace) starts what has a free slot, looks
after the attempts that live, and goes when nothing is left to do; killed, the next one takes over where it was. The *attempt* is
the training process with its children. No state is stored anywhere, so none can be stale: it follows from files and from one lock.
"""

from ftft.jobs.launch import RunnerOptions, ensure_runner
from ftft.jobs.lifecycle import cancel, remove, resume, state
from ftft.jobs.lock import attempt_of, claim
from ftft.jobs.several import share_out
from ftft.jobs.slots import Gpu, gpus
from ftft.jobs.together import companions
from ftft.jobs.usage import Usage, UsageMeter
from ftft.jobs.waiting import Look, Queue, Row

__all__ = [
    "Gpu", "Look", "Queue", "Row", "RunnerOptions", "Usage", "UsageMeter", "attempt_of", "cancel", "claim", "companions", "ensure_runner",
    "gpus", "remove", "resume", "share_out", "state",
]  # fmt: skip
