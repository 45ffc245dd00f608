"""Where attempts run: on GPUs that have a slot free, or on the CPU, which has slots of its own where there is no GPU."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

CPU = "cpu"
_PATIENCE_S = 10.0  # for nvidia-smi, which takes seconds when the driver has to wake
_NOWHERE = ("", "-1", "none", "NoDevFiles")


@dataclass(frozen=True)
class Gpu:
    """As nvidia-smi lists it; `index` is what CUDA calls it in the order of the PCI bus. Memory in bytes, `percent` of its time in use."""

    index: str
    uuid: str
    name: str
    percent: float | None = None
    memory_bytes: int | None = None
    total_bytes: int | None = None


def gpus() -> tuple[Gpu, ...]:
    """All GPUs of this machine, and how busy they are; none where nvidia-smi is missing or does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = "--query-gpu=index,uuid,name,utilization.gpu,memory.used,memory.total"
    try:
        told = subprocess.run([program, query, "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(map(_gpu, told.stdout.splitlines())) if told.returncode == 0 else ()


def _gpu(line: str) -> Gpu:
    index, uuid, name, percent, used, total = (word.strip() for word in line.split(","))
    return Gpu(index, uuid, name, _number(percent), _mebibytes(used), _mebibytes(total))


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:  # "[N/A]"
        return None


def _mebibytes(word: str) -> int | None:
    number = _number(word)
    return None if number is None else int(number) << 20


def allowed(known: Sequence[Gpu], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The devices that a run may use: the GPUs that CUDA_VISIBLE_DEVICES leaves it, or CPU."""
    asked = environment.get("CUDA_VISIBLE_DEVICES")
    if asked is None:
        return tuple(gpu.index for gpu in known) or (CPU,)
    words = [word.strip() for word in asked.split(",")]
    if not known or words[0] in _NOWHERE:
        return (CPU,)
    return tuple(gpu.index for word in words for gpu in known if word == gpu.index or (word and gpu.uuid.startswith(word))) or (CPU,)


def place(wanted: int, among: Sequence[str], used: Counter[str], per_device: int) -> tuple[str, ...]:
    """Devices for a run that wants so many, the least used first; () where not so many are free.

    One that wants more than there are takes all. The CPU is one device, on which each process of a run takes a slot.
    """
    if among == (CPU,):
        processes = min(wanted, per_device)
        return (CPU,) * processes if used[CPU] + processes <= per_device else ()
    free = sorted((device for device in among if used[device] < per_device), key=lambda device: used[device])
    return tuple(sorted(free[:wanted], key=among.index)) if len(free) >= min(wanted, len(among)) else ()


def variables(devices: Collection[str], per_device: int, environment: Mapping[str, str]) -> dict[str, str]:
    """What tells an attempt which devices are its own. Attempts that share the CPU share its cores."""
    if CPU not in devices:
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(devices)}
    if per_device > 1 and "OMP_NUM_THREADS" not in environment:
        return {"OMP_NUM_THREADS": str(max(1, cores() // per_device))}
    return {}


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
