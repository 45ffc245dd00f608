"""`ws.jobs`: what waits and what is being trained, how much at once, and in which order."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftft import jobs
from ftft.errors import InputError, shown

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

MOST_SLOTS = 1000


@dataclass(frozen=True)
class Job:
    """A run in the queue. `position`: 1 is the next to be started, None for one that is being trained. `after`: what it waits for.

    `device`: where it is trained, such as "cpu" or "GPU 0, 1"; empty while it waits. `stopping`: it has been asked to stop.
    """

    run: str
    state: str
    position: int | None
    priority: int
    after: tuple[str, ...]
    device: str = ""
    stopping: bool = False
    executor: str = "local"

    def to_json(self) -> dict[str, Any]:
        """As in `ftft jobs --json`."""
        named = ("run", "state", "executor", "position", "priority", "device", "stopping")
        return {name: getattr(self, name) for name in named} | {"after": list(self.after)}


class Jobs:
    """The queue of a workspace."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self._queue = jobs.Queue(workspace.path)

    def list(self) -> list[Job]:
        """Everything that waits or runs, in the order of starting. Wakes the runner if work is queued."""
        self.workspace.wake()
        look = self._queue.look()
        found = [self._job(row, look) for row in look.rows.values()]
        return [job for job in found if job is not None]

    def _job(self, row: jobs.Row, look: jobs.Look) -> Job | None:
        folder = self._queue.folder(row.run)
        state = jobs.state(folder, look)
        if state not in ("queued", "running"):  # about to leave the queue
            return None
        running, attempt = state == "running", jobs.attempt_of(folder)
        device = _device(attempt.devices) if running and attempt else ""
        stopping = running and folder.cancel_file.exists()
        return Job(row.run, state, look.position(row.run), row.priority, row.dependencies, device, stopping)

    @property
    def slots(self) -> int:
        """How many runs are trained at once: on each GPU, or in all where there is none."""
        return self._queue.slots

    @property
    def gpus(self) -> tuple[str, ...]:
        """Names of this machine's GPUs; empty where it has none, so that slots are those of its CPU."""
        return tuple(gpu.name for gpu in jobs.gpus())

    @property
    def paused(self) -> bool:
        """Is nothing new started? What runs goes on."""
        return self._queue.paused

    def pause(self) -> None:
        """Starts nothing more until `resume`; what runs goes on."""
        self._queue.set("paused", 1)

    def resume(self) -> None:
        """Goes on with what waits."""
        self._queue.set("paused", 0)
        self.workspace.wake()

    def set_slots(self, n: int) -> None:
        """How many runs may be trained at once on each GPU, or in all without one. InputError under 1. What runs goes on."""
        if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= MOST_SLOTS:
            raise InputError(f"the number of slots is {shown(n)}", f"Give a whole number from 1 to {MOST_SLOTS}")
        self._queue.set("slots", n)
        self.workspace.wake()

    def prioritise(self, run: str, priority: int) -> None:
        """Higher ones start first; those of one priority in the order in which they came. InputError where the run does not wait."""
        run = self.workspace.runs.id(run)
        if not self._queue.prioritise(run, priority):
            raise InputError(f"run {run} is not in the queue", f"Queue it first: ftft runs resume {run}")

    def first(self, run: str) -> None:
        """Before all others that wait."""
        run = self.workspace.runs.id(run)
        self.prioritise(run, 1 + max((row.priority for row in self._queue.rows() if row.run != run), default=0))


def _device(devices: tuple[str, ...]) -> str:
    indices = [device for device in devices if device.isdecimal()]
    return f"GPU {', '.join(indices)}" if indices else "cpu"
