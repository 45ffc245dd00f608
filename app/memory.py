"""Gives large arrays back to the system when they are freed, and keeps room for small ones."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # as malloc.h has them
LARGE, ROOM = 4 << 20, 8 << 20  # bytes
HEAPS = 3


def set_up() -> None:
    """glibc raises, with every large block that is freed, the size from which it asks the system for a block of its own: up to 32 MB.

    Below that, blocks come out of heaps that never shrink in a server of many threads: with a million examples half a gigabyte of holes.
    Setting the size ends its raising. It also ends that of another: with 128 KB of free room at its end a heap shrinks, and the arrays of
    the next step of a computation, a few megabytes, are pages to be asked for again: half of the time of a map. Each heap keeps ROOM.
    Other C libraries have nothing like it, and need nothing.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, LARGE)
            mallopt(M_TRIM_THRESHOLD, ROOM)
            mallopt(M_ARENA_MAX, HEAPS)
