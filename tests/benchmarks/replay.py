"""What a replay found, against the truth: ``python -m tests.benchmarks.replay RECORDING RESULTS``.

``--all --data DIR`` converts Nezha's 2022-08-22 and all PetShop issues, replays them in process (Nezha with metrics
only and with everything), and prints all of it. ``AIOPS_BENCH_DATA`` is the default of ``--data``. Beside the product:
three sigma on each series with the most deviating entity blamed, and chance. One configuration, the shipped one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiops.apps.replay import InProcessReplay
from aiops.model.times import rfc3339
from aiops.recordings import nezha, petshop
from aiops.recordings.recording import Recording
from aiops.settings import Settings
from tests.benchmarks.replay_grades import SECOND, Grade, found_by_runtime, grade, truth_of
from tests.benchmarks.replay_naive import WARM_UP, chance, hits, three_sigma

DAY = "2022-08-22"
Row = dict[str, Any]


def measure(recording: Path, results: Path, name: str, *, naive: bool = True) -> Row:
    """Everything about one replay."""
    truth = truth_of(recording)
    incidents = found_by_runtime(results, truth)
    product = grade(truth, incidents)
    row: Row = {
        "name": name,
        "begin": truth.begin,
        "warming_up": sum(one.begin - truth.begin < WARM_UP * truth.step for one in truth.faults),
        "product": product,
        "chance": chance(truth, product, len(incidents)),
    }
    if naive:
        row["three sigma"] = grade(truth, three_sigma(recording, truth))
    return row


def faults_table(rows: Sequence[Row]) -> list[str]:
    """A line for each true fault."""
    lines = [f"{'replay':<28}{'fault':<46}{'incident':<10}{'delay':>8}{'rank':>7}{'best':>7}"]
    for row in rows:
        for one in row["product"].verdicts:
            delay = "" if one.delay is None else f"{one.delay / SECOND:.0f} s"
            fault = f"{rfc3339(one.fault.begin)[5:16]} {one.fault.kind} {one.fault.entity}"[:45]
            ranks = "".join(f"{'-' if place is None else f'{place:g}':>7}" for place in (one.rank, one.best))
            lines.append(f"{row['name']:<28}{fault:<46}{one.how:<10}{delay:>8}{ranks if one.how != 'missed' else ''}")
    return lines


def totals(rows: Sequence[Row], who: str) -> Row:
    """Sums over replays of one set."""
    grades: list[Grade] = [row[who] for row in rows if who in row]
    verdicts = tuple(one for found in grades for one in found.verdicts)
    delays = [one.delay / SECOND for one in verdicts if one.delay is not None]
    hours = sum(found.hours for found in grades)
    false = sum(len(found.false) for found in grades)
    return {
        "faults": len(verdicts),
        "opened": sum(one.how == "opened" for one in verdicts),
        "joined": sum(one.how == "joined" for one in verdicts),
        "median_delay_seconds": statistics.median(delays) if delays else None,
        "top1": hits(verdicts, 1),
        "top3": hits(verdicts, 3),
        "top1_of_any": sum(one.best is not None and one.best <= 1 for one in verdicts),
        "false": false,
        "hours": hours,
        "false_per_hour": false / hours if hours else None,
        "uncounted": sum(found.uncounted for found in grades),
    }


def by_chance(rows: Sequence[Row]) -> Row:
    """The same of the control that knows nothing."""
    sums = {key: sum(row["chance"][key] for row in rows) for key in ("opened", "top1", "top3", "false")}
    hours = sum(row["product"].hours for row in rows)
    return {**sums, "false_per_hour": sums["false"] / hours if hours else None}


def summary_table(sets: dict[str, list[Row]]) -> tuple[list[str], dict[str, Any]]:
    """A line for each set and each way, and the same as JSON."""
    titles = ("opened", "joined", "delay", "top-1", "top-3", "false/h", "false", "hours", "uncounted")
    lines = [f"{'set':<20}{'who':<13}{'faults':>7}" + "".join(f"{title:>10}" for title in titles)]
    out: dict[str, Any] = {}
    for name, rows in sets.items():
        out[name] = {who: totals(rows, who) for who in ("product", "three sigma") if who in rows[0]}
        for who, found in out[name].items():
            delay = found["median_delay_seconds"]
            lines.append(
                f"{name:<20}{who:<13}{found['faults']:>7}{found['opened']:>10}{found['joined']:>10}"
                f"{'' if delay is None else f'{delay:.0f} s':>10}{found['top1']:>10}{found['top3']:>10}"
                f"{found['false_per_hour']:>10.2f}{found['false']:>10}{found['hours']:>10.1f}{found['uncounted']:>10}"
            )
        lucky = out[name]["chance"] = by_chance(rows)
        lines.append(
            f"{name:<20}{'chance':<13}{out[name]['product']['faults']:>7}{lucky['opened']:>10.1f}{'':>20}"
            f"{lucky['top1']:>10.1f}{lucky['top3']:>10.1f}{lucky['false_per_hour']:>10.2f}"
        )
        if warming := sum(row["warming_up"] for row in rows):
            lines.append(f"{'':<20}{warming} of the faults begin within the first {WARM_UP} steps: still warming up")
    return lines, out


def replay(recording: Path, results: Path, *, metrics_only: bool = False) -> None:
    """In process, with the shipped settings."""
    begun = time.perf_counter()
    InProcessReplay(Recording(recording), Settings(), results).run(metrics_only=metrics_only)
    sys.stderr.write(f"{results.name}: {time.perf_counter() - begun:.1f} s\n")


def everything(data: Path, work: Path) -> dict[str, list[Row]]:
    """Convert, replay and judge all of it."""
    sets: dict[str, list[Row]] = {}
    day = data / "nezha" / "rca_data" / DAY
    if day.is_dir():
        recording = work / "nezha"
        nezha.convert(day, recording)
        for name, metrics_only in (("nezha metrics", True), ("nezha everything", False)):
            results = work / f"results-{name.replace(' ', '-')}"
            replay(recording, results, metrics_only=metrics_only)
            sets[name] = [measure(recording, results, name)]
    scenario = data / "petshop" / "low_traffic"
    if scenario.is_dir():
        sets["petshop"] = []
        for issue in petshop.issues(scenario):
            short = issue.replace("/", "-")
            recording, results = work / f"petshop-{short}", work / f"results-petshop-{short}"
            petshop.convert(scenario, issue, recording)
            replay(recording, results)
            sets["petshop"].append(measure(recording, results, f"petshop {issue}"))
    return sets


def main() -> int:
    """Print tables, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path, nargs="?")
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("--all", action="store_true", help="convert, replay and judge the known data sets")
    parser.add_argument("--data", type=Path, default=os.environ.get("AIOPS_BENCH_DATA"))
    parser.add_argument("--work", type=Path, help="folder for recordings and results, kept; else a temporary one")
    parser.add_argument("--out", type=Path, help="file for JSON")
    given = parser.parse_args()
    if given.all:
        if given.data is None or not any((Path(given.data) / name).is_dir() for name in ("nezha", "petshop")):
            sys.stderr.write("no data: give --data DIR (or AIOPS_BENCH_DATA) with nezha/ or petshop/\n")
            return 2
        with tempfile.TemporaryDirectory() as folder:
            sets = everything(Path(given.data), given.work or Path(folder))
    elif given.recording and given.results:
        sets = {given.recording.name: [measure(given.recording, given.results, given.recording.name)]}
    else:
        parser.error("give RECORDING and RESULTS, or --all")
    summary, figures = summary_table(sets)
    rows = [row for found in sets.values() for row in found]
    sys.stdout.write("\n".join([*faults_table(rows), "", *summary]) + "\n")
    if given.out:
        faults = {row["name"]: [asdict(one) for one in row["product"].verdicts] for row in rows}
        false = {row["name"]: [rfc3339(at) for at in row["product"].false] for row in rows}
        given.out.write_text(json.dumps({"sets": figures, "faults": faults, "false": false}, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
