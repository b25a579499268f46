"""What the C library does with freed memory."""

from __future__ import annotations

import ctypes
import platform

import numpy as np

from aiops.adapters.allocation import keep_freed_memory


def test_arrays_of_a_poll_are_made_without_asking_the_system() -> None:
    """On glibc the knobs exist and arrays go on working; elsewhere the answer is False and nothing happens."""
    assert keep_freed_memory() == hasattr(ctypes.CDLL(None), "mallopt")
    assert keep_freed_memory() or platform.libc_ver()[0] != "glibc"
    assert sum(int(np.ones(1 << 20, np.uint8).sum()) for _ in range(4)) == 4 << 20
