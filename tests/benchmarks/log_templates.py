"""How well log lines are grouped: ``python -m tests.benchmarks.log_templates``.

Grouping accuracy (Zhu et al., Tools and Benchmarks for Automated Log Parsing, ICSE-SEIP 2019): the share of lines whose
group holds exactly the lines of their true template, over the 2,000-line samples of loghub, which are not part of this
project: ``AIOPS_BENCH_DATA`` is the folder with ``loghub/SYSTEM/SYSTEM_2k.log_structured.csv``. One setting for all
systems. It was chosen on the four systems marked "chosen on"; the others were only measured. drain3 runs beside it on
the same lines, with its own defaults and with the generic masks of numbers, addresses and ids that its README shows.
Lines come as a slot counts them, an interval ending every hundred lines; a line's group is its template after the last.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

import numpy as np
from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig

from detectors.logs import lookup
from detectors.logs.counter import LogCounter, LogSettings
from detectors.logs.lookup import Lines

CHOSEN_ON = ("BGL", "Hadoop", "Linux", "OpenStack")
HELD_OUT = ("Apache", "HDFS", "Windows", "Zookeeper")
_MASKS = (
    (r"((?<=[^A-Za-z0-9])|^)(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))((?=[^A-Za-z0-9])|$)", "ID"),
    (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9a-f]{6,} ?){3,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9A-F]{4} ?){4,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
    (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
)
Group = Callable[[Sequence[str]], Sequence[Hashable]]


def read(folder: Path, system: str) -> tuple[list[str], list[str]]:
    """Lines of a system, and their true templates."""
    with (folder / system / f"{system}_2k.log_structured.csv").open(newline="", encoding="utf-8") as file:
        rows = [(row["Content"], row["EventId"]) for row in csv.DictReader(file)]
    return [line for line, _ in rows], [event for _, event in rows]


def accuracy(groups: Sequence[Hashable], truth: Sequence[str]) -> float:
    """Share of lines in groups that are right as a whole."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    wanted: dict[str, list[int]] = defaultdict(list)
    for place, (group, event) in enumerate(zip(groups, truth, strict=True)):
        found[group].append(place)
        wanted[event].append(place)
    right = sum(len(places) for places in found.values() if places == wanted[truth[places[0]]])
    return right / len(truth)


def ours(lines: Sequence[str]) -> Sequence[Hashable]:
    """Templates of the product."""
    counter = LogCounter(LogSettings(templates=100_000))
    bodies = [line.encode() for line in lines]
    ends = np.cumsum([len(body) for body in bodies], dtype=np.int64)
    text = np.frombuffer(b"".join(bodies), np.uint8)
    for begin in range(0, len(lines), 100):
        interval, size = begin // 100, len(lines[begin : begin + 100])
        entity = np.full(size, counter.entity("system", interval), np.int32)
        severity = np.full(size, 9, np.int64)
        last = ends[begin : begin + size]
        first = last - np.array([len(body) for body in bodies[begin : begin + size]])
        told = np.full(size, interval), np.ones(size, np.int64)
        counter.add(text, Lines(first, last, counter.owners(entity), severity), entity, occurrences=told)
        list(counter.close(interval + 1))
    owner = counter.owners(np.zeros(len(lines), np.int32))
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    found = Lines(starts, ends, owner, np.full(len(lines), 9, np.int64))
    rows: list[int] = lookup.look_up(text, found, counter.table.slots, general=counter.table.general).row.tolist()
    return rows


def drain(lines: Sequence[str], masks: Sequence[tuple[str, str]] = ()) -> Sequence[Hashable]:
    """Clusters of drain3."""
    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in masks]
    miner = TemplateMiner(config=config)
    return [int(miner.add_log_message(line)["cluster_id"]) for line in lines]


GROUPS: dict[str, Group] = {
    "ours": ours,
    "drain3": drain,
    "drain3, generic masks": lambda lines: drain(lines, _MASKS),
}


def main() -> None:
    """Prints the table and writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/log_templates.json"))
    asked = parser.parse_args()
    if not os.environ.get("AIOPS_BENCH_DATA"):
        sys.exit("set AIOPS_BENCH_DATA to the folder that holds loghub/")
    folder = Path(os.environ["AIOPS_BENCH_DATA"]) / "loghub"
    rows: dict[str, dict[str, float]] = {}
    systems = (*CHOSEN_ON, *HELD_OUT)
    print(
        f"{'grouping accuracy':<24}"
        + "".join(f"{name:>10}" for name in systems)
        + "  chosen on  held out   all  lines/s"
    )
    ours(["warm 1", "up 2"])
    for name, group in GROUPS.items():
        found, spent = {}, 0.0
        for system in systems:
            lines, truth = read(folder, system)
            begun = time.process_time()
            found[system] = accuracy(group(lines), truth)
            spent += time.process_time() - begun
        parts = [sum(found[one] for one in half) / len(half) for half in (CHOSEN_ON, HELD_OUT, systems)]
        rows[name] = {**found, "chosen on": parts[0], "held out": parts[1], "all": parts[2]}
        shown = "".join(f"{found[one]:10.3f}" for one in systems)
        print(f"{name:<24}{shown}{parts[0]:11.3f}{parts[1]:10.3f}{parts[2]:6.3f}{2000 * len(systems) / spent:9,.0f}")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
