"""What an attempt takes of the machine right now."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from ftft.jobs import slots, tree
from ftft.jobs.lock import Attempt, attempt_of
from ftft.jobs.slots import Gpu
from ftft.runpaths import RunPaths

_GPUS_FOR_S = 2.0  # nvidia-smi takes tens of milliseconds


@dataclass(frozen=True)
class Usage:
    """Of all processes of an attempt. `cpu_percent` is of one core, since the last look, None at the first; memory is resident bytes."""

    cpu_percent: float | None
    memory_bytes: int
    processes: int
    gpus: tuple[Gpu, ...] = ()


class UsageMeter:
    """Looks at attempts, and remembers what each had used at the look before."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, float]] = {}  # token: (when, seconds of CPU)
        self._gpus: tuple[float, tuple[Gpu, ...]] = (-_GPUS_FOR_S, ())

    def look(self, folder: RunPaths) -> Usage | None:
        """None where no attempt is alive."""
        attempt = attempt_of(folder)
        processes = _family(attempt) if attempt else []
        if not attempt or not processes:
            return None
        seconds, memory, alive = _sums(processes)
        return Usage(self._percent(attempt.token, seconds), memory, alive, self._devices(attempt.devices))

    def _percent(self, token: str, seconds: float) -> float | None:
        now = time.monotonic()
        when, before = self._before.get(token, (now, seconds))
        self._before[token] = (now, seconds)
        return None if now <= when else 100 * max(0.0, seconds - before) / (now - when)

    def _devices(self, devices: Iterable[str]) -> tuple[Gpu, ...]:
        mine = set(devices) - {slots.CPU}
        if not mine:
            return ()
        if time.monotonic() - self._gpus[0] > _GPUS_FOR_S:
            self._gpus = (time.monotonic(), slots.gpus())
        return tuple(gpu for gpu in self._gpus[1] if gpu.index in mine)


def _family(attempt: Attempt) -> list[psutil.Process]:
    """The first process and all below it: cheaper than to ask every process of the machine for its token."""
    if attempt.leader is None or not tree.leader_lives(attempt):
        return []
    with suppress(psutil.Error):
        leader = psutil.Process(attempt.leader)
        return [leader, *leader.children(recursive=True)]
    return []


def _sums(processes: Iterable[psutil.Process]) -> tuple[float, int, int]:
    seconds, memory, alive = 0.0, 0, 0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            seconds, memory, alive = seconds + times.user + times.system, memory + process.memory_info().rss, alive + 1
    return seconds, memory, alive
