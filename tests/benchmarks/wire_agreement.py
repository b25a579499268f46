"""Whether the compiled walker says the same as protobuf, over many generated requests, whole and mutilated.

``python -m tests.benchmarks.wire_agreement --requests 100000``
"""

from __future__ import annotations

import argparse
import random
import time

from detectors.wire import arrow, otlp_walker
from detectors.wire.memory import WireMemory
from tests.unit.detectors.wire import oracle
from tests.unit.detectors.wire.plain_batches import agree, plain
from tests.unit.detectors.wire.requests import NOW, request

_POLL = 20


def main() -> None:
    """Prints how many polls were compared and the seeds of those that differ; exit code 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000, help="how many sound requests to compare")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begun = time.perf_counter()
    differing, points, rejected = [], 0, 0
    for seed in range(asked.seed, asked.seed + max(1, asked.requests // _POLL)):
        rng = random.Random(seed)
        records = [request(rng).SerializeToString() for _ in range(_POLL)]
        walked, parsed = WireMemory(), oracle.OracleMemory()
        fast = otlp_walker.decode(records, walked, NOW)
        try:
            agree(plain(fast, walked.table), plain(oracle.decode(records, parsed, NOW), parsed.table))
        except AssertionError:
            differing.append(seed)
        points += len(fast)
        rejected += sum(entry.items for entry in fast.rejected)
        _fuzz(rng, records)
    seconds = time.perf_counter() - begun
    print(f"requests {asked.requests}  points {points}  rejected {rejected}  seconds {seconds:.0f}")
    print(f"differing polls: {len(differing)} {differing[:10]}")
    raise SystemExit(1 if differing else 0)


def _fuzz(rng: random.Random, records: list[bytes]) -> None:
    """The same records with bytes changed, cut or made up: whatever comes out must add up."""
    broken = []
    for record in records:
        bytes_ = bytearray(record or b"\n")
        for _ in range(rng.randrange(4)):
            bytes_[rng.randrange(len(bytes_))] = rng.randrange(256)
        broken.append(bytes(bytes_[: rng.randrange(len(bytes_) + 1)] if rng.random() < 0.3 else bytes_))
    broken.append(rng.randbytes(rng.randrange(200)))
    for decode in (otlp_walker.decode, arrow.decode):
        batch = decode(broken, WireMemory(), NOW)
        assert batch.difference == 0, "a unit ended nowhere or twice"


if __name__ == "__main__":
    main()
