"""How a shard's process keeps memory that it will need again at the next poll."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's ``mallopt``."""
_KEPT_BYTES = 256 * 1024 * 1024
_LARGEST_BYTES = 32 * 1024 * 1024


def keep_freed_memory() -> bool:
    """Lets the C library keep what is freed, up to 256 MB, rather than give it back and fault it in anew.

    A poll's arrays and buffers are between 100 KB and 8 MB, which glibc by default takes from the system and returns
    every time: each page is then zeroed and mapped again at every batch, measured at up to half the time of decoding.
    False where the C library has no such knob.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_BYTES)) and bool(mallopt(_TRIM_THRESHOLD, _KEPT_BYTES))
