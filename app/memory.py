"""Gives large arrays back to the system when they are freed."""

import ctypes
import sys

M_MMAP_THRESHOLD = -3  # as malloc.h has it
LARGE = 4 << 20  # bytes


def give_back_large_arrays() -> None:
    """glibc raises, with every large block that is freed, the size from which it asks the system for a block of its own: up to 32 MB.

    Below that, blocks come out of heaps that never shrink in a server of many threads: with a million examples half a gigabyte of holes.
    Setting the size ends its raising. Other C libraries have nothing like it, and need nothing.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, LARGE)
