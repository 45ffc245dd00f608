"""What an estimate says, as lines: computation, time, memory, disk, each with how it is known and a warning where room is short."""

import html
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from app import clock
from app.order import Group
from app.parts import THIN, num, pct, plural
from ftft.domain import Estimate

_MEMORY = Path("/proc/meminfo")
_UNITS = ("B", "kB", "MB", "GB", "TB")
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
MANY_CUT = 0.05  # share of the texts


@dataclass(frozen=True)
class Fact:
    """One line: what it is about, the number, what to know of it; `short`: it is more than there is, or than is wise."""

    name: str
    value: str
    note: str = ""
    short: bool = False


@dataclass(frozen=True)
class Room:
    """Bytes that are free: on the disk of the workspace, and in memory, None where this system does not say, or runs are on GPUs."""

    disk: int
    memory: int | None


def room(workspace: Path, on_cpu: bool = True) -> Room:
    """As it is now."""
    return Room(shutil.disk_usage(workspace).free, _available_memory() if on_cpu else None)


def markup(found: "list[Fact]") -> str:
    """Facts as a table."""
    lines = "".join(
        f"<tr><th scope='row'>{html.escape(fact.name)}</th><td><b>{html.escape(fact.value)}</b>"
        f"<small{' class=warn' if fact.short else ''}>{html.escape(fact.note)}</small></td></tr>"
        for fact in found
    )
    return f"<table class='price'>{lines}</table>"


def facts(estimate: Estimate, room: Room, at_once: int = 1) -> list[Fact]:
    """Of all runs that are to be queued. `at_once`: how many run at the same time."""
    most = "at most " if estimate.upper_bound else ""
    time, memory = _time(estimate, most, at_once), _memory(estimate, room, at_once)
    return [_computation(estimate, most), time, memory, _disk(estimate, room), _texts(estimate)]


def cost(estimate: Estimate, group: Group) -> str:
    """Of one run of a group, as a share of full training; "" where none of its runs is new."""
    of_run = {run.run: run for run in estimate.runs}
    known = [of_run[spec.run] for spec in group.fresh if spec.run in of_run]
    if not known:
        return ""
    share = sum(run.cost_ratio for run in known) / len(known)
    return f"{'≤' + THIN if any(run.upper_bound for run in known) else ''}{pct(share)}"


def flops(value: float) -> str:
    """1.23e15 -> "1.2 × 10¹⁵ FLOPs"."""
    if value <= 0:
        return "0 FLOPs"
    power = math.floor(math.log10(value))
    mantissa = f"{value / 10**power:.1f}"
    if mantissa == "10.0":
        mantissa, power = "1.0", power + 1
    return f"{mantissa}{THIN}×{THIN}10{str(power).translate(_RAISED)} FLOPs"


def size(n_bytes: float) -> str:
    """1234567 -> "1.2 MB"; units of a thousand, as disks are sold."""
    unit = 0
    while n_bytes >= 999.5 and unit < len(_UNITS) - 1:
        n_bytes, unit = n_bytes / 1000, unit + 1
    return f"{n_bytes:.{0 if n_bytes >= 10 or not unit else 1}f}{THIN}{_UNITS[unit]}"


def _computation(estimate: Estimate, most: str) -> Fact:
    whole = sum(run.cost_ratio for run in estimate.runs)
    compared = f"{most}{whole:.1f} times one full training of this model"
    return Fact("Computation", f"{most}{flops(estimate.flops)}", f"{compared}; {num(estimate.parameters)} parameters")


def _time(estimate: Estimate, most: str, at_once: int) -> Fact:
    if estimate.seconds is None:
        return Fact("Time here", "not known", estimate.measured)
    together = f", {at_once} at a time" if at_once > 1 and len(estimate.runs) > 1 else ""
    seconds = estimate.seconds / min(at_once, max(len(estimate.runs), 1))
    return Fact("Time here", f"{most}{clock.duration(seconds)}{together}", f"{estimate.measured}, {estimate.device}")


def _memory(estimate: Estimate, room: Room, at_once: int) -> Fact:
    if estimate.memory_bytes is None:
        return Fact("Memory", "not measured", f"on {estimate.device}")
    value = size(estimate.memory_bytes)
    if room.memory is None:
        return Fact("Memory", value, f"a run, on {estimate.device}")
    needed = estimate.memory_bytes * min(at_once, max(len(estimate.runs), 1))
    short = needed > room.memory
    remedy = ": take a smaller batch with accumulation, or run fewer at a time" if short else ""
    return Fact("Memory", value, f"a run; {size(room.memory)} are free here{remedy}", short)


def _disk(estimate: Estimate, room: Room) -> Fact:
    short = estimate.peak_disk_bytes > room.disk
    remedy = ": remove runs that are not needed" if short else ""
    note = f"{size(estimate.peak_disk_bytes)} while the last one trains; {size(room.disk)} are free{remedy}"
    return Fact("Disk", size(estimate.disk_bytes), note, short)


def _texts(estimate: Estimate) -> Fact:
    mean, longest, cut = estimate.tokens
    how_many = f"{pct(cut, 1)} are cut at the max length" if cut else "none is cut"
    return Fact("Texts", f"{mean:.0f} tokens", f"on average; the longest has {plural(longest, 'token')}, {how_many}", cut > MANY_CUT)


def _available_memory() -> int | None:
    if not _MEMORY.exists():
        return None
    lines = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines() if ":" in line)
    kilobytes = lines.get("MemAvailable", "").split()
    return int(kilobytes[0]) * 1024 if kilobytes else None
