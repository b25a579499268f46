"""Ends this process at once. Its supervisor (Ray) starts a new one, which continues from the last snapshots."""

from __future__ import annotations

import os
from typing import Final

EXIT_CODE: Final = 70
"""``EX_SOFTWARE`` of sysexits.h: an internal error."""


def end_process() -> None:
    """End this process without handlers, without a join of threads, and without a last write."""
    os._exit(EXIT_CODE)
