"""Memory that is freed goes back to the system, so that an hour of large uploads leaves the page as it was."""

import ctypes
import gc
import sys

_ARENAS = 2  # of malloc, between which threads share what they free; by default eight for each core
_MAPPED_FROM = 8 * 2**20  # bytes: photos, which are returned at once; what a batch of faces takes is kept
_KEPT = 64 * 2**20  # bytes that are free


def return_memory() -> None:
    """Tell glibc to return large blocks to the system. Otherwise it keeps up to 64 MB of them for each of many arenas.
    Elsewhere nothing happens."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        m_trim_threshold, m_mmap_threshold, m_arena_max = -1, -3, -8  # from malloc.h
        libc.mallopt(m_arena_max, _ARENAS)
        libc.mallopt(m_mmap_threshold, _MAPPED_FROM)
        libc.mallopt(m_trim_threshold, _KEPT)


def pass_over_what_is_loaded() -> None:
    """Let Python's garbage collector, switched on again, pass over what there is now: it stays until the page ends, and
    each look at a million objects would keep every visitor waiting."""
    gc.collect()
    gc.freeze()
    gc.enable()
