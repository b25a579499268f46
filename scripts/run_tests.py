"""Runs the stages of the tests one after another, and says at the end how long each took.

`python scripts/run_tests.py [STAGE …]`; in CI (AIOPS_CI=1) each test is named as it runs, so that one that hangs can
be found, and a missing server is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
STAGES: Final = ("unit", "contracts", "scenarios", "integration")


def run(stage: str) -> tuple[str, float]:
    """Run one stage; its outcome in a word, and its seconds."""
    verbosity = ["-vv"] if os.environ.get("AIOPS_CI") == "1" else []
    command = [sys.executable, "-m", "pytest", f"tests/{stage}", "-ra", "--durations=10", *verbosity]
    print(f"\n== tests/{stage}", flush=True)
    begun = time.monotonic()
    code = subprocess.call(command, cwd=ROOT)
    return ("passed" if code == 0 else f"failed ({code})"), time.monotonic() - begun


def main() -> None:
    """Run all stages also when one fails; exit code 1 if one did."""
    outcomes = {stage: run(stage) for stage in sys.argv[1:] or STAGES}
    print("\n== stages")
    for stage, (outcome, seconds) in outcomes.items():
        print(f"{stage:14} {outcome:14} {seconds:7.1f} s")
    sys.exit(any(outcome != "passed" for outcome, _ in outcomes.values()))


if __name__ == "__main__":
    main()
