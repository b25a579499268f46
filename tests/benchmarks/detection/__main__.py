"""``python -m tests.benchmarks.detection [--set NAME]… [--detector NAME]… [--sample SHARE] [--out FILE]``.

Sets: ``nab``, ``smd``, ``asd`` are read from ``--data`` (default: ``AIOPS_BENCH_DATA``).
Detectors: those of ``registry``, or ``package.module:callable`` of the protocol in ``protocol``. All by default.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.detection import labelled, report
from tests.benchmarks.detection.protocol import Detector
from tests.benchmarks.detection.registry import DETECTORS, by_name
from tests.benchmarks.detection.samples import load

LABELLED = ("nab", "smd", "asd")


def main(arguments: Sequence[str]) -> int:
    """0, or 3 where data is missing."""
    options = _options(arguments)
    detectors = {name: by_name(name) for name in options.detector or DETECTORS}
    out: dict[str, object] = {}
    for name in options.set or LABELLED:
        if options.data is None:
            print(
                "No data: give --data DIR or set AIOPS_BENCH_DATA to a folder with nab/, smd/ and asd/.",
                file=sys.stderr,
            )
            return 3
        out[name] = _labelled(name, options.data, detectors)
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
    parser.add_argument("--set", action="append", choices=LABELLED)
    parser.add_argument("--detector", action="append")
    parser.add_argument("--out", type=Path, help="write all figures as JSON")
    return parser.parse_args(arguments)


def _labelled(name: str, data: Path, detectors: dict[str, Detector]) -> dict[str, labelled.Figures]:
    samples = load(data, name)
    rows = {called: labelled.run(detector, samples, name) for called, detector in detectors.items()}
    print(report.labelled(name, rows), end="\n\n")
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
