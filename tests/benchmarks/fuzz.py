"""Broken and hostile records of every format between sound ones under a memory limit: no crash, no sound unit lost.

``python -m tests.benchmarks.fuzz --records 10000`` mutates so many records of each format, half in their decoded
structure and half in their bytes, and decodes the crafted ones. ``--bounds`` does the same with bounds checks in the
compiled code (it compiles for two minutes). The exit code is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.benchmarks import fuzz_bounds  # first: it replaces what the decoders are compiled with
from tests.benchmarks.fuzz_control import control_faults
from tests.benchmarks.fuzz_crafted import crafted
from tests.benchmarks.fuzz_formats import UNITS, FuzzFormat, Memory, formats, fresh_memory
from tests.benchmarks.fuzz_mutations import bytes_changed
from tests.benchmarks.fuzz_slots import slot_faults

MEMORY = 1 << 30
_POLL = 8
_SHOWN = 5


@dataclass(slots=True)
class Result:
    """What was found in one format."""

    name: str
    records: int = 0
    units: int = 0
    rejected: int = 0
    faults: list[str] = field(default_factory=list)
    """Errors that were raised, sound units that were lost, and units that ended nowhere or twice."""


def mutated(found: FuzzFormat, rng: random.Random, count: int) -> Iterator[bytes]:
    """Records whose structure or bytes were changed, in turn."""
    for number in range(count):
        record = found.changed(rng)
        yield record if number % 2 else bytes_changed(rng, rng.choice([record, found.sound]))


def decoded(found: FuzzFormat, records: Sequence[bytes], memory: Memory, result: Result) -> None:
    """Decode records with a sound one before, between and after them."""
    poll = [found.sound]
    for record in records:
        poll += [record, found.sound]
    result.records += len(records)
    try:
        ended = found.ended(poll, memory)
    except Exception:  # noqa: BLE001 - every error is a finding
        result.faults.append(traceback.format_exc(limit=-3))
        return
    result.units += sum(ended.items)
    result.rejected += sum(ended.rejected)
    if not ended.items[::2] == ended.accepted[::2] == [UNITS] * (len(records) + 1):
        result.faults.append(f"sound units were lost: {ended.accepted[::2]} of {ended.items[::2]}")
    if sum(ended.items) != sum(ended.accepted) + sum(ended.rejected) + ended.gaps:
        result.faults.append(f"units ended nowhere or twice: {ended}")


def fuzzed(found: FuzzFormat, count: int, seed: int, *, hand_made: Sequence[bytes] | None = None) -> Result:
    """Mutated and crafted records of one format; ``hand_made``: None: all crafted ones."""
    result, memory = Result(found.name), fresh_memory()
    rng = random.Random(f"{found.name} {seed}")
    decoded(found, [], memory, result)
    waiting: list[bytes] = []
    for record in mutated(found, rng, count):
        waiting.append(record)
        if len(waiting) == _POLL:
            decoded(found, waiting, memory, result)
            waiting = []
    decoded(found, waiting, memory, result)
    for record in crafted(found.name) if hand_made is None else hand_made:
        decoded(found, [record], memory, result)
    return result


def main() -> None:
    """Print one row a format; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000, help="mutated records of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bounds", action="store_true", help="with bounds checks in the compiled code")
    asked = parser.parse_args()
    if asked.bounds and not fuzz_bounds.CHECKED:
        raise SystemExit(_again_with_checks())
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    if asked.bounds and not fuzz_bounds.works():
        raise SystemExit("numba does not check bounds")
    wrong = 0
    print(f"{'format':<14}{'records':>9}{'units':>12}{'rejected':>12}{'faults':>8}{'peak MB':>9}{'seconds':>9}")
    for result, seconds in _results(asked.records, asked.seed):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(
            f"{result.name:<14}{result.records:>9,}{result.units:>12,}{result.rejected:>12,}"
            f"{len(result.faults):>8}{peak:>9}{seconds:>9.0f}",
            flush=True,
        )
        for fault in result.faults[:_SHOWN]:
            print(fault)
        wrong += len(result.faults)
    raise SystemExit(1 if wrong else 0)


def _results(records: int, seed: int) -> Iterator[tuple[Result, float]]:
    for found in formats():
        begun = time.perf_counter()
        yield fuzzed(found, records, seed), time.perf_counter() - begun
    begun = time.perf_counter()
    count, faults = control_faults(records, seed)
    yield Result("control", count, faults=faults), time.perf_counter() - begun
    begun = time.perf_counter()
    count, faults = slot_faults(records // 10, seed)
    yield Result("slot", count, faults=faults), time.perf_counter() - begun


def _again_with_checks() -> int:
    """Run this in a process that compiles anew: what is on disk was compiled without checks."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-m", "tests.benchmarks.fuzz", *sys.argv[1:]]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    main()
