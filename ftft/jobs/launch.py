"""Starting the runner: on demand, detached from whoever needs it, and never twice."""

import fcntl
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path

import ftft
from ftft.jobs.boot import boot_id
from ftft.jobs.lock import TOKEN
from ftft.jobs.waiting import Queue


@dataclass(frozen=True)
class RunnerOptions:
    """`command` gets the run's folder as its last word.

    In seconds: `idle` until an empty queue ends the runner, `grace` from TERM to KILL, `poll` between two looks. `boot`: the machine's.
    """

    command: tuple[str, ...] = (sys.executable, "-m", "ftft", "run-spec")
    idle: float = 60.0
    grace: float = 10.0
    poll: float = 0.3
    boot: str = field(default_factory=boot_id)

    def to_json(self) -> str:
        """For the runner's command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "RunnerOptions":
        """The inverse of `to_json`."""
        values = json.loads(text)
        return cls(**{**values, "command": tuple(values["command"])})


def ensure_runner(root: Path, options: RunnerOptions | None = None) -> bool:
    """Starts the runner of the workspace at `root` if work is queued and none lives; says whether it did. Any number may ask at once.

    The runner inherits the locked descriptor, so that there is no instant in which the lock has no owner and a second one could start.
    It, and what it trains, gets this process's environment.
    """
    root, queue, options = Path(root).resolve(), Queue(root), options or RunnerOptions()
    rows = queue.rows()
    if not rows or (queue.paused and not any(row.attempts for row in rows)):
        return False
    locks = root / "locks"
    locks.mkdir(exist_ok=True)
    with (locks / "runner.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        with (locks / "runner.log").open("ab") as log:
            runner = subprocess.Popen(
                [sys.executable, "-m", "ftft.jobs.runner", str(root), "--lock", str(lock.fileno()), "--options", options.to_json()],
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
            )
    threading.Thread(target=runner.wait, daemon=True).start()  # or it would stay a zombie of an app that lives for days
    return True


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != TOKEN}
    source = Path(ftft.__file__).resolve().parents[1]
    if source.name not in ("site-packages", "dist-packages"):  # a checkout, perhaps found through the current folder: say where it is
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")]))
    return environment
