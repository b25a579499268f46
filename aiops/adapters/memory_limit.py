"""A limit of this process's memory: a hostile record ends one shard, and not its neighbours on the machine."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Final

import structlog

_LOG = structlog.get_logger(__name__)
_SHARE: Final = 0.8
_LEAST: Final = 1 << 30
_CGROUP: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Version 2, version 1."""


def limit_memory(most_bytes: int | None) -> int:
    """Limit the private writable memory of this process; returns the limit in bytes, 0 if the system refuses one.

    An allocation beyond it fails: Python raises ``MemoryError``, and libraries in C end the process. Threads' stacks
    count; files and memory shared with other processes do not.

    Args:
        most_bytes: the limit; None: 80 % of the memory of the container or the machine, at least 1 GiB.
    """
    wanted = max(_LEAST, round(_SHARE * available())) if most_bytes is None else most_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    except (OSError, ValueError) as error:
        _LOG.warning("memory_not_limited", reason=str(error))
        return 0
    return limit


def available(cgroup: tuple[Path, ...] = _CGROUP) -> int:
    """Bytes of memory of the machine, or of the container if that has less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for file in cgroup if (limit := _limit(file)))])


def _limit(file: Path) -> int:
    """The limit in a file; 0: there is none."""
    try:
        text = file.read_text().strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0
