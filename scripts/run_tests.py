"""Runs the stages of the tests one after another, and says at the end how long each took.

Integration tests start real servers and kill them; one that fails there is run once more, alone, and both results are
told: a test in the list "passed only the second time" is a fault to be mended, not a success to be forgotten.

`python scripts/run_tests.py [STAGE …]`; in CI (AIOPS_CI=1) each test is named as it runs, so that one that hangs can
be found, and a missing server is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
STAGES: Final = ("unit", "contracts", "scenarios", "integration")


AGAIN: Final = {"integration"}
"""Stages whose failures are run a second time."""
MOST_AGAIN: Final = 8
"""More failures than this are no chance."""


def run(stage: str) -> tuple[str, float]:
    """Run one stage; its outcome in a word, and its seconds."""
    print(f"\n== tests/{stage}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code = pytest([f"tests/{stage}"], report)
        failed = failures(report) if stage in AGAIN and code == 1 else []
        if 0 < len(failed) <= MOST_AGAIN:
            print(f"\n== once more, alone: {' '.join(failed)}", flush=True)
            code = pytest(failed, report)
            if code == 0:
                print(f"\n== passed only the second time: {' '.join(failed)}", flush=True)
    return ("passed" if code == 0 else f"failed ({code})"), time.monotonic() - begun


def pytest(what: list[str], report: Path) -> int:
    """Run tests by path or id; pytest's exit code."""
    verbosity = ["-vv"] if os.environ.get("AIOPS_CI") == "1" else []
    command = [sys.executable, "-m", "pytest", *what, "-ra", "--durations=10", f"--junitxml={report}", *verbosity]
    return subprocess.call(command, cwd=ROOT)


def failures(report: Path) -> list[str]:
    """Ids of the tests that failed, from pytest's own report."""
    if not report.exists():
        return []
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 (our own pytest wrote it)
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return [f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}" for case in bad]


def main() -> None:
    """Run all stages also when one fails; exit code 1 if one did."""
    outcomes = {stage: run(stage) for stage in sys.argv[1:] or STAGES}
    print("\n== stages")
    for stage, (outcome, seconds) in outcomes.items():
        print(f"{stage:14} {outcome:14} {seconds:7.1f} s")
    sys.exit(any(outcome != "passed" for outcome, _ in outcomes.values()))


if __name__ == "__main__":
    main()
