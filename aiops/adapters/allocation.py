"""Memory settings of a shard's process: freed memory is kept for the next poll."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's ``mallopt``."""
_KEPT_BYTES = 256 * 1024 * 1024
_LARGEST_BYTES = 32 * 1024 * 1024


def keep_freed_memory() -> bool:
    """Let the C library keep up to 256 MB of freed memory instead of returning it to the system.

    A poll's arrays and buffers have 100 KB to 8 MB. By default glibc takes them from the system and returns them each
    time: every page is zeroed and mapped again at every batch, measured at up to half the time of decoding. Returns
    False if the C library has no ``mallopt``.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_BYTES)) and bool(mallopt(_TRIM_THRESHOLD, _KEPT_BYTES))
