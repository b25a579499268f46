"""PetShop as recordings: ``python -m aiops.recordings.petshop --data DIR --out FOLDER [--issue ISSUE …]``.

Input: one scenario (``low_traffic``) of amazon-science/petshop-root-cause-analysis, CC-BY-4.0 (Hardt et al., CLeaR
2024). Each issue becomes a recording of its own, FOLDER/train-issue_0 …: the 49 normal hours, followed at once by the
issue's 25 minutes, which were recorded four months before. Values are as published; an empty cell gives no point.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiops.model.durations import SECOND
from aiops.model.entities import Edge, Item
from aiops.model.times import rfc3339
from aiops.recordings.recording import RecordingError, Stream
from aiops.recordings.recording_writer import RecordingWriter, gauges

STEP = 300 * SECOND
_SOURCE = "github.com/amazon-science/petshop-root-cause-analysis at 1c5992dc46a02c988a027e2219036d59e8158a91"


@dataclass(frozen=True, slots=True)
class _Table:
    """``metrics.csv``: columns are (node, metric, statistic)."""

    columns: list[tuple[str, str, str]]
    rows: list[tuple[int, list[str]]]


def convert(scenario: Path, issue: str, out: Path) -> None:
    """One issue (``train/issue_0``) of a scenario's folder to the recording ``out``."""
    normal, faulty = _table(scenario / "noissue" / "metrics.csv"), _table(scenario / issue / "metrics.csv")
    target = json.loads((scenario / issue / "target.json").read_text())
    edges = _edges(scenario / "graph.csv")
    moved = normal.rows[-1][0] + STEP - faulty.rows[0][0]
    begin, end = normal.rows[0][0], faulty.rows[-1][0] + moved
    seam, onset = faulty.rows[0][0] + moved, int(target["target"]["timestamp"]) * SECOND + moved
    with RecordingWriter(out) as writer:
        nodes = {node for edge in edges for node in (edge.source, edge.target)}
        nodes |= {column[0] for table in (normal, faulty) for column in table.columns}
        writer.items([Item(node) for node in sorted(nodes)], edges, begin)
        for request in (*_requests(normal, 0), *_requests(faulty, moved)):
            writer.request(Stream.METRICS, request)
        writer.about(
            name=f"petshop-{scenario.name}-{issue.replace('/', '-')}",
            source=_SOURCE,
            licence="CC-BY-4.0",
            period={"from": rfc3339(begin), "to": rfc3339(end)},
            notes=[
                f"moved: the issue was recorded at {rfc3339(seam - moved)}; its times are {moved // SECOND} s later",
                "all figures are gauges over 5 minutes, as published; units are not named by the source",
            ],
        )
        fault = {
            "entity": target["root_cause"]["node"],
            "kind": _kind(target),
            "from": rfc3339(onset),
            "to": rfc3339(end),
        }
        # Before the onset the issue's own minutes differ from the normal period by four months: nobody's fault.
        seam_part = [{"from": rfc3339(seam - STEP + SECOND), "to": rfc3339(onset)}] if seam < onset else []
        writer.truth(faults=[fault], left_out=seam_part, step_seconds=STEP // SECOND)


def convert_issue(issue: Path, out: Path) -> None:
    """One issue's folder (``…/train/issue_0``) to the recording ``out``."""
    convert(issue.parent.parent, f"{issue.parent.name}/{issue.name}", out)


def _kind(target: dict[str, Any]) -> str:
    return f"{target['target']['metric']} ({target['target']['agg']})"


def _edges(path: Path) -> tuple[Edge, ...]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    callees = rows[0][1:]
    return tuple(
        Edge(row[0], callee)
        for row in rows[1:]
        for callee, weight in zip(callees, row[1:], strict=True)
        if weight and float(weight) > 0
    )


def _table(path: Path) -> _Table:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    start = next((at for at, row in enumerate(rows) if row and row[0] == "unix_timestamp"), None)
    if start is None:
        raise RecordingError(f"{path}: there is no row unix_timestamp")
    columns = list(zip(*(row[1:] for row in rows[:3]), strict=True))
    return _Table(columns, [(round(float(row[0])) * SECOND, row[1:]) for row in rows[start + 1 :]])


def _requests(table: _Table, moved: int) -> Iterator[dict[str, Any]]:
    """One export request a row, with all nodes that have a figure in it."""
    for at, cells in table.rows:
        points: dict[str, list[tuple[str, str, float, dict[str, str]]]] = {}
        for (node, metric, statistic), cell in zip(table.columns, cells, strict=True):
            if cell:
                points.setdefault(node, []).append((metric, "", float(cell), {"statistic": statistic}))
        resources = [gauges({"service.name": node}, at + moved, found) for node, found in points.items()]
        if resources:
            yield {"resourceMetrics": resources}


def issues(scenario: Path) -> list[str]:
    """All issues of a scenario, train before test."""
    found = [f"{path.parent.parent.name}/{path.parent.name}" for path in scenario.glob("*/issue_*/target.json")]
    return sorted(found, key=lambda name: (not name.startswith("train"), int(name.rsplit("_", 1)[1])))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with petshop/low_traffic, or the latter")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets one recording an issue")
    parser.add_argument("--issue", action="append", help="only this one, such as train/issue_0 (may be given again)")
    given = parser.parse_args(arguments)
    inner = given.data / "petshop" / "low_traffic"
    scenario = inner if inner.is_dir() else given.data
    for issue in given.issue or issues(scenario):
        convert(scenario, issue, given.out / issue.replace("/", "-"))
        sys.stdout.write(f"{given.out / issue.replace('/', '-')}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
