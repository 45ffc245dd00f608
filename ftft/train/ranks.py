"""The processes that train one model together, one a device; with a single process everything here does nothing.

torchrun or `accelerate launch` starts them and says by environment variables who is who; Trainer opens the connection. Each batch is shared
out among them: neither its size nor the order of the examples depends on how many there are.
"""

import os
from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist

_LOST = ("connection closed by peer", "connection reset by peer", "broken pipe", "socket timeout", "remote process exited")


def rank() -> int:
    """Which of them this process is, from 0."""
    return int(os.environ.get("RANK", 0))


def size() -> int:
    """How many there are."""
    return int(os.environ.get("WORLD_SIZE", 1))


def is_first() -> bool:
    """Whether this is the one that writes files and speaks."""
    return rank() == 0


def gather(value: Any) -> list[Any]:
    """The `value` of each, in order, on all of them; nobody goes on before all have come here."""
    if size() == 1:
        return [value]
    values: list[Any] = [None] * size()
    dist.all_gather_object(values, value)
    return values


def agree(*wishes: bool) -> tuple[bool, ...]:
    """Each wish that at least one of them has: clocks and signals reach them at different steps, and what follows takes all of them."""
    if size() == 1:
        return wishes
    device = torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else torch.device("cpu")
    counts = torch.tensor(wishes, dtype=torch.int32, device=device)
    dist.all_reduce(counts)
    return tuple(bool(count) for count in counts.tolist())


def shares(rows: Sequence[int]) -> list[Sequence[int]]:
    """A batch cut into one part for each; parts may be empty where there are fewer rows than processes."""
    return [rows[r :: size()] for r in range(size())]


def leave() -> None:
    """Closes the connection."""
    if size() > 1 and dist.is_initialized():
        dist.destroy_process_group()


def lost_another(problem: BaseException) -> bool:
    """Whether `problem` only says that another one of them is gone: then the reason is not here."""
    return size() > 1 and (isinstance(problem, dist.DistError) or any(words in str(problem).lower() for words in _LOST))
