"""``python -m tests.benchmarks.detection [--set NAME]… [--detector NAME]… [--sample SHARE] [--out FILE]``.

Sets: ``nab``, ``smd``, ``asd`` are read from ``--data`` (default: ``AIOPS_BENCH_DATA``); ``power`` and ``fault-free``
are made from seeds; ``normal`` pools the normal parts of the first three and the hosts of ``--recorded``. All by
default.
Detectors: those of ``registry``, or ``package.module:callable`` of the protocol in ``protocol``. All by default.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.detection import faultfree, labelled, normal, power, report
from tests.benchmarks.detection.faultfree import Plan
from tests.benchmarks.detection.protocol import Detector
from tests.benchmarks.detection.registry import DETECTORS, SLOW, by_name
from tests.benchmarks.detection.samples import load
from tests.benchmarks.detection.seeds import Purpose

LABELLED = ("nab", "smd", "asd")
SETS = (*LABELLED, "power", "fault-free", "normal")
DEFAULT_SAMPLE = 0.05
Figures = dict[str, object]


def main(arguments: Sequence[str]) -> int:
    """0; 2 for a detector that does not exist, 3 where data is missing."""
    options = _options(arguments)
    try:
        detectors = {name: by_name(name) for name in options.detector or DETECTORS}
        out = {name: _run(name, options, detectors) for name in options.set or SETS}
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 3
    if options.out:
        options.out.write_text(json.dumps(out, indent=1), encoding="utf-8")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.detection",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = os.environ.get("AIOPS_BENCH_DATA")
    parser.add_argument("--data", type=Path, default=Path(default) if default else None)
    parser.add_argument("--set", action="append", choices=SETS)
    parser.add_argument("--detector", action="append")
    parser.add_argument(
        "--sample", type=float, default=DEFAULT_SAMPLE, help="share of the synthetic series; 1: the full run"
    )
    parser.add_argument(
        "--seeds",
        choices=("choosing", "reporting"),
        default="choosing",
        help="choosing (below 1,000,000) while a method is developed, reporting (from 1,000,000) for what is published",
    )
    parser.add_argument(
        "--recorded", type=Path, nargs="*", default=[], help="tables of healthy hosts, see record_host; for normal"
    )
    parser.add_argument("--out", type=Path, help="write all figures as JSON")
    return parser.parse_args(arguments)


def _run(name: str, options: argparse.Namespace, detectors: dict[str, Detector]) -> dict[str, Figures]:
    """Figures of one set by detector; prints its table."""
    if options.data is None and name in (*LABELLED, "normal"):
        raise FileNotFoundError("no data: give --data DIR or set AIOPS_BENCH_DATA to a folder with nab/, smd/ and asd/")
    if name in LABELLED:
        samples = load(options.data, name)
        rows = {called: labelled.run(detector, samples, name) for called, detector in detectors.items()}
        print(report.labelled(name, rows), end="\n\n")
        return rows
    plans = {called: _plan(called, options) for called in detectors}
    if name == "power":
        rows = {called: power.run(detector, plans[called]) for called, detector in detectors.items()}
        print(report.power(rows), end="\n\n")
        return rows
    sets = normal.samples(options.data, options.recorded) if name == "normal" else {}
    rows = {
        called: normal.run(detector, plans[called], sets) if sets else faultfree.run(detector, plans[called])
        for called, detector in detectors.items()
    }
    print(report.false_episodes(name, rows), end="\n\n")
    return rows


def _plan(detector: str, options: argparse.Namespace) -> Plan:
    return Plan(options.sample, Purpose[options.seeds.upper()], SLOW.get(detector, 1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
