"""Runs the stages of the tests, and prints the time of each at the end.

A pytest process uses about one core. Unit and integration tests therefore run in two parallel lanes each, and contracts
run in parallel with scenarios and plug-ins. The first lane's output is shown at once, that of the others at the end.

Integration tests start and kill real servers. A failed one is run once more, alone, and both results are shown. A test
in the list "passed only the second time" has a bug that must be fixed.

`python scripts/run_tests.py [STAGE …]`; in CI (AIOPS_CI=1) each test is named as it runs, which shows a hanging test,
and a missing server is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
WAVES: Final = (("unit",), ("contracts", "scenarios", "plugin"), ("integration",))
"""Stages of a wave run in parallel, one wave after the other."""
STAGES: Final = tuple(stage for wave in WAVES for stage in wave)
APART: Final = {
    "unit": ("simulations", "topology"),
    "integration": ("broker", "console", "grafana", "journal", "k8s", "kafka", "paging", "range"),
}
"""Folders of a stage that run in a second lane. All tests with Ray stay in one lane."""
AGAIN: Final = {"integration"}
"""Stages whose failed tests run a second time."""
MOST_AGAIN: Final = 8
"""With more failures than this there is no second run."""


@dataclass(frozen=True)
class Lane:
    """Tests of one process."""

    stage: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """Result of a stage."""

    outcome: str
    seconds: float


def lanes(stage: str) -> list[Lane]:
    """The processes of a stage."""
    apart = [f"tests/{stage}/{folder}" for folder in APART.get(stage, ())]
    rest = Lane(stage, (f"tests/{stage}", *(f"--ignore={folder}" for folder in apart)))
    return [rest, Lane(stage, tuple(apart))] if apart else [rest]


def run(wave: tuple[str, ...], folder: Path) -> dict[str, Ended]:
    """Run the stages of a wave in parallel."""
    print(f"\n== {' and '.join(f'tests/{stage}' for stage in wave)}", flush=True)
    begun = time.monotonic()
    side_by_side = [lane for stage in wave for lane in lanes(stage)]
    reports = [folder / f"{wave[0]}-{number}.xml" for number in range(len(side_by_side))]
    words = [None if number == 0 else report.with_suffix(".log") for number, report in enumerate(reports)]
    places = zip(side_by_side, reports, words, strict=True)
    started = [begin(lane.arguments, report, said) for lane, report, said in places]
    codes = [process.wait() for process in started]
    for lane, said in zip(side_by_side, words, strict=True):
        if said is not None:
            print(f"\n== beside it: {' '.join(lane.arguments)}\n{said.read_text(errors='replace')}", flush=True)
    bad: dict[str, list[int]] = {stage: [] for stage in wave}
    for lane, code, report in zip(side_by_side, codes, reports, strict=True):
        if code == 0 or (code == 1 and lane.stage in AGAIN and once_more(report)):
            continue
        bad[lane.stage].append(code)
    seconds = time.monotonic() - begun
    return {stage: Ended(f"failed ({bad[stage][0]})" if bad[stage] else "passed", seconds) for stage in wave}


def begin(arguments: tuple[str, ...], report: Path, said: Path | None) -> subprocess.Popen[bytes]:
    """Start pytest; its output goes to the terminal or into a file."""
    verbosity = ["-vv"] if os.environ.get("AIOPS_CI") == "1" else []
    command = [sys.executable, "-m", "pytest", *arguments, "-ra", "--durations=10", f"--junitxml={report}", *verbosity]
    if said is None:
        return subprocess.Popen(command, cwd=ROOT)
    with said.open("wb") as file:
        return subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file)


def once_more(report: Path) -> bool:
    """Run the failed tests again if there are at most ``MOST_AGAIN``; whether all pass now."""
    failed = failures(report)
    if not 0 < len(failed) <= MOST_AGAIN:
        return False
    print(f"\n== once more, alone: {' '.join(failed)}", flush=True)
    passed = begin(tuple(failed), report, None).wait() == 0
    if passed:
        print(f"\n== passed only the second time: {' '.join(failed)}", flush=True)
    return passed


def failures(report: Path) -> list[str]:
    """Ids of the tests that failed, from pytest's own report."""
    if not report.exists():
        return []
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 (our own pytest wrote it)
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return [f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}" for case in bad]


def main() -> None:
    """Run all stages, also after a failed one; exit code 1 if one failed."""
    wanted = set(sys.argv[1:] or STAGES)
    if unknown := wanted - set(STAGES):
        sys.exit(f"no such stage: {', '.join(sorted(unknown))}; known are {', '.join(STAGES)}")
    outcomes: dict[str, Ended] = {}
    with tempfile.TemporaryDirectory() as folder:
        for wave in WAVES:
            if chosen := tuple(stage for stage in wave if stage in wanted):
                outcomes |= run(chosen, Path(folder))
    print("\n== stages")
    for stage, ended in outcomes.items():
        print(f"{stage:14} {ended.outcome:14} {ended.seconds:7.1f} s")
    sys.exit(any(ended.outcome != "passed" for ended in outcomes.values()))


if __name__ == "__main__":
    main()
