"""Every scenario light beside full (logs and spans, through OTLP bytes): does light agree, and how long does it take?

    python -m tests.benchmarks.scenarios [SCENARIO…] [--seed N] [--out FILE]

Prints a row a scenario: seconds of both, how each ended, first root, actions; differences are listed, never asserted.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

from aiops.adapters.bundle.loading import load_bundle
from aiops.model.incidents import IncidentState
from simulations.running.simulation import Run, Simulation
from simulations.scenarios.scenario import find, shipped
from simulations.scorecards.grades import ending_of

BUNDLE = load_bundle()


@dataclass(frozen=True, slots=True)
class Found:
    """What a run came to."""

    seconds: float
    ending: str
    incidents: int
    root: str
    """Of the first incident."""
    actions: tuple[str, ...]
    """That took effect, in order, undoing apart."""


def found(name: str, seed: int, *, light: bool) -> Found:
    """One run."""
    began = time.process_time()
    run = Simulation(find(name).plot(), BUNDLE, seed=seed, light=light).run()
    return outcome(run, time.process_time() - began)


def outcome(run: Run, seconds: float = 0.0) -> Found:
    """What a finished run came to."""
    opened = [one for one in run.incidents if one.state is not IncidentState.MERGED]
    done = tuple(a.act.action for a in run.actions if a.effect and not a.act.undo)
    root = (opened[0].root or "unknown") if opened else ""
    return Found(seconds, str(ending_of(run, opened) or "open"), len(opened), root, done)


def differences(light: Found, full: Found) -> list[str]:
    """What the two do not agree on."""
    pairs = {
        "ending": (light.ending, full.ending),
        "incidents": (light.incidents, full.incidents),
        "root": (light.root, full.root),
        "actions": (sorted(set(light.actions)), sorted(set(full.actions))),
    }
    return [f"{name}: light {one}, full {other}" for name, (one, other) in pairs.items() if one != other]


def main() -> None:
    """Print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = {}
    print(f"{'scenario':<26}{'light s':>8}{'full s':>8}  agrees")
    for name in arguments.scenarios or shipped():
        light, full = (found(name, arguments.seed, light=light) for light in (True, False))
        unlike = differences(light, full)
        rows[name] = {"light_seconds": light.seconds, "full_seconds": full.seconds, "differences": unlike}
        print(f"{name:<26}{light.seconds:>8.2f}{full.seconds:>8.2f}  {'; '.join(unlike) or 'yes'}", flush=True)
    if arguments.out is not None:
        arguments.out.write_text(json.dumps({"seed": arguments.seed, "scenarios": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
