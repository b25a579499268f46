"""Root-cause analysis on labelled cases: ``python -m tests.benchmarks.rootcause [--data DIR] [--set NAME …]``.

One configuration for all sets. Every ranker is asked the same cases: with the onset given, and with a detection that
is shifted from it. A tie counts as its worst place, an empty answer as a miss. ``--data`` is the folder of public data
sets; its default is ``AIOPS_BENCH_DATA``. Without one only the synthetic sets run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.rootcause.baselines.catalogue import BASELINES
from tests.benchmarks.rootcause.catalogue import sets
from tests.benchmarks.rootcause.report import blame_line, calibration, false_blame, figures, firsts, table
from tests.benchmarks.rootcause.report import reliability_table as pooled_table
from tests.benchmarks.rootcause.run import normal, run


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.rootcause", description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("AIOPS_BENCH_DATA") or None)
    parser.add_argument("--folder", type=Path, action="append", default=[], help="a folder of cases with truth.json")
    parser.add_argument("--set", action="append", help="only this set (may be given again)")
    parser.add_argument("--ranker", default="walk", help="the product's ranker, by its name in the registry")
    parser.add_argument("--cases", type=int, help="only the first so many cases and windows of each set")
    parser.add_argument("--seed", type=int, default=1, help="of the synthetic sets")
    parser.add_argument("--no-baselines", action="store_true", help="the product alone")
    parser.add_argument("--out", type=Path, help="file for JSON")
    return parser.parse_args()


def main() -> int:
    """Print tables, write JSON where asked."""
    given = arguments()
    found = sets(given.data, given.folder, seed=given.seed)
    wrong = sorted(set(given.set or ()) - set(found))
    if wrong or not found:
        print(f"no such set: {', '.join(wrong)}; there are {', '.join(found) or 'none'}", file=sys.stderr)
        return 2
    chosen = {name: cases for name, cases in found.items() if not given.set or name in given.set}
    baselines = () if given.no_baselines else BASELINES
    tables: list[dict[str, Any]] = []
    blame: dict[str, dict[str, Any]] = {}
    pairs: list[tuple[float, bool]] = []
    for name, cases in chosen.items():
        for results in run(cases, ranker=given.ranker, baselines=baselines, most=given.cases):
            tables.append(figures(results))
            pairs.extend(firsts(results.answers[given.ranker]))
            print(table(tables[-1]), flush=True)
        if windows := normal(cases, ranker=given.ranker, most=given.cases):
            blame[name] = false_blame(windows)
    pooled = calibration(pairs)
    print(pooled_table(pooled))
    print("\nfalse blame: share of windows without a fault whose first hypothesis is at or above a probability")
    print("\n".join(blame_line(name, figure) for name, figure in blame.items()))
    if given.out:
        result = {"tables": tables, "calibration": pooled, "false_blame": blame}
        given.out.write_text(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
