"""The limit of a process's memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aiops.adapters.memory_limit import available

GREEDY = """
import sys
from aiops.adapters.memory_limit import limit_memory
assert limit_memory(int(sys.argv[1])) == int(sys.argv[1])
try:
    held = bytearray(1 << 30)
except MemoryError:
    print("refused")
else:
    print("taken")
"""
GB = 1 << 30


@pytest.mark.skipif(sys.platform != "linux", reason="the limit covers mapped memory on Linux only")
@pytest.mark.parametrize(("limit", "outcome"), [(GB // 2, "refused"), (4 * GB, "taken")])
def test_an_allocation_beyond_the_limit_fails_in_its_process(limit: int, outcome: str) -> None:
    """And not in the machine: Python gets a MemoryError."""
    done = subprocess.run(
        [sys.executable, "-c", GREEDY, str(limit)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == outcome


def test_a_container_has_the_memory_of_its_cgroup(tmp_path: Path) -> None:
    """`max` and a missing file are no limit; the smaller number counts."""
    limited, unlimited = tmp_path / "memory.max", tmp_path / "other"
    limited.write_text("536870912\n")
    unlimited.write_text("max\n")
    assert available((unlimited, limited)) == 536870912
    assert available((unlimited, tmp_path / "missing")) == available(()) > GB // 2
