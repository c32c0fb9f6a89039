"""Gives the memory that large pages took back to the system."""

from __future__ import annotations

import ctypes
import os

# Of mallopt() in glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8

_LARGE_BYTES = 512 * 1024
_MAX_FREE_BYTES = 4 * 1024 * 1024  # at the end of the heap
_CHOSEN_BY_USER = ("MALLOC_", "GLIBC_TUNABLES")


def give_large_blocks_back() -> None:
    """Let glibc return each large block as soon as it is free, and use one heap for all threads.

    By default, the first large block that is freed makes it take blocks of up to 32 MiB from the
    heap, where a small one behind them keeps them from the system. Does nothing with another C
    library, or if the user chose such parameters in the environment.
    """
    if any(name.startswith(_CHOSEN_BY_USER) for name in os.environ):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _MAX_FREE_BYTES)
    mallopt(_M_ARENA_MAX, 1)
