"""What was worked out and may be asked for again: the latest things, as many as fit a number of bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

MOST = 64  # things, however small
LEAVES = (str, int, float, type(None))  # hold nothing
ROOM = 220_000_000  # bytes of their arrays: at a million examples, the maps of four runs, and what selecting on them needs


class Kept:
    """`once(key, make)` gives what `make` gave for `key` before, if that is still here; what was not used for longest goes first."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._things: OrderedDict[Hashable, Any] = OrderedDict()

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The thing called `key`, made by `make` where it is not here. Threads may make it twice; they never wait for each other."""
        missing = object()
        thing = self._things.get(key, missing)
        if thing is missing:
            thing = self._things[key] = make()
            self._make_room()
        else:
            self._latest(key)
        return thing

    def __contains__(self, key: Hashable) -> bool:
        return key in self._things

    def _latest(self, key: Hashable) -> None:
        with suppress(KeyError):  # another thread made room meanwhile
            self._things.move_to_end(key)

    def _make_room(self) -> None:
        """Arrays grow after they are put here (a map works out a metric when it is asked for it): they are weighed anew each time."""
        counted: set[int] = set()
        total = 0
        for nth, (key, thing) in enumerate(reversed(list(self._things.items()))):
            for array in arrays(thing):
                total += 0 if id(array) in counted else array.nbytes
                counted.add(id(array))
            if nth and (total > self._room or nth >= MOST):
                self._things.pop(key, None)


def arrays(thing: Any, depth: int = 4) -> Iterator[np.ndarray]:
    """The arrays that a thing holds, in itself, in its fields, or in what they hold."""
    if isinstance(thing, np.ndarray):
        yield thing
    elif depth and not callable(thing):
        several = isinstance(thing, (tuple, list))
        members = thing[:100] if several else list((thing if type(thing) is dict else getattr(thing, "__dict__", {})).values())
        for member in members:
            if not isinstance(member, LEAVES):
                yield from arrays(member, depth - 1)
