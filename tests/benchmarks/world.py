"""How fast the simulated world is: an hour light (metrics as arrays) and full (logs, spans, OTLP), and a day.

    python -m tests.benchmarks.world [--out FILE]

Goals on one core: an hour light in 2 s, full in 20 s; a tick in 0.5 ms. Compiling is done before timing starts.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path

from simulations.faults.registry import make
from simulations.telemetry import otlp
from simulations.telemetry.emission import Emission
from simulations.world.estate import load
from simulations.world.world import World

HOUR = 3600


def hour(mode: str) -> dict[str, float]:
    """Seconds and counts of one hour with a fault in it."""
    world = World(load(), 1)
    emission = None if mode == "ticks" else Emission(world, light=mode == "light")
    world.inject(make("bad-deploy-errors"), 900)
    counts = {"points": 0, "logs": 0, "spans": 0, "megabytes": 0.0}
    began, used = time.perf_counter(), time.process_time()
    for _ in range(HOUR):
        world.step()
        now = emission.collect() if emission is not None else None
        if emission is None or now is None:
            continue
        counts["points"] += len(now.metrics)
        if now.logs is not None and now.spans is not None:
            counts["logs"] += len(now.logs)
            counts["spans"] += len(now.spans)
        if mode == "full+otlp" and now.logs is not None and now.spans is not None:
            requests = (
                otlp.metrics(emission.metrics, now.metrics),
                otlp.logs(emission.metrics, now.logs),
                otlp.spans(emission.metrics, now.spans),
            )
            counts["megabytes"] += sum(len(request.SerializeToString()) for request in requests) / 1e6
    seconds = time.perf_counter() - began
    cpu = time.process_time() - used
    return {"seconds": seconds, "cpu_seconds": cpu, "ms_a_tick": 1e3 * cpu / HOUR, **counts}


def main() -> None:
    """Print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    World(load(), 1).step()
    rows = {mode: hour(mode) for mode in ("ticks", "light", "full", "full+otlp")}
    print(f"{'an hour of':<12}{'seconds':>9}{'CPU s':>9}{'ms/tick':>9}{'points':>10}{'logs':>9}{'spans':>9}{'MB':>8}")
    for mode, row in rows.items():
        print(
            f"{mode:<12}{row['seconds']:>9.2f}{row['cpu_seconds']:>9.2f}{row['ms_a_tick']:>9.3f}{row['points']:>10.0f}{row['logs']:>9.0f}"
            f"{row['spans']:>9.0f}{row['megabytes']:>8.1f}"
        )
    if arguments.out is not None:
        found = {"machine": platform.machine(), "python": platform.python_version(), "hours": rows}
        arguments.out.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
