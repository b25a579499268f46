"""Root-cause ranking on real faults, beside controls: ``python -m tests.benchmarks.rootcause --data DIR``.

One configuration for all sets. A true root that shares its probability with others counts by its expected rank.
Intervals are 95 % bootstrap percentiles over faults. ``AIOPS_BENCH_DATA`` is the default of ``--data``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from aiops.plugins import BUILT_INS, ExtensionKind
from tests.benchmarks import cases_alerts, cases_nezha, cases_petshop
from topology.cases.case import Case
from topology.cases.episodes import question
from topology.rankers.protocol import Ranking

RANKERS = ("walk", "severest", "earliest", "random")
TOP = (1, 3, 5)
Faults = Iterator[tuple[Case, frozenset[str]]]


def sets(data: Path) -> dict[str, Faults]:
    """The data sets that are there, by name."""
    found: dict[str, Faults] = {}
    if (data / "petshop" / "low_traffic").is_dir():
        found["petshop"] = cases_petshop.cases(data / "petshop" / "low_traffic")
    if (data / "nezha").is_dir():
        found["nezha"] = cases_nezha.cases(data / "nezha")
    for system in ("gaia", "hotel", "sockshop"):
        if (data / "tvdiag-alerts" / system).is_dir():
            found[f"tvdiag-{system}"] = cases_alerts.cases(data / "tvdiag-alerts" / system)
    return found


def hit(ranked: Ranking, truth: frozenset[str], top: int) -> float:
    """Chance that a true root is among the first ``top`` when ties are broken by lot."""
    chances = [candidate.probability for candidate in ranked.candidates]
    right = [c.probability for c in ranked.candidates if c.entity in truth]
    if not right:
        return 0.0
    best = max(right)
    above = sum(chance > best for chance in chances)
    tied, true_tied = sum(chance == best for chance in chances), sum(chance == best for chance in right)
    places = max(min(top - above, tied), 0)
    miss = 1.0
    for place in range(places):
        miss *= max(tied - true_tied - place, 0) / (tied - place)
    return 1.0 - miss


def interval(hits: list[float], seed: int = 7) -> tuple[float, float]:
    """95 % bootstrap interval of the mean."""
    draws = np.random.default_rng(seed).choice(np.array(hits), (2000, len(hits))).mean(axis=1)
    return float(np.percentile(draws, 2.5)), float(np.percentile(draws, 97.5))


def measure(faults: Faults) -> dict[str, object]:
    """Accuracy of every ranker on one set."""
    hits: dict[str, dict[int, list[float]]] = {name: {top: [] for top in TOP} for name in RANKERS}
    seconds: list[float] = []
    chances: list[float] = []
    for case, truth in faults:
        begin = time.perf_counter()
        asked = question(case)
        for name in RANKERS:
            ranked = BUILT_INS.make(ExtensionKind.RANKER, name).rank(asked)
            if name == RANKERS[0]:
                seconds.append(time.perf_counter() - begin)
                chances.append(ranked.candidates[0].probability if ranked.candidates else 0.0)
            for top in TOP:
                hits[name][top].append(hit(ranked, truth, top))
    return {
        "faults": len(seconds),
        "seconds_a_case": float(np.mean(seconds)),
        "mean_probability_of_first": float(np.mean(chances)),
        "rankers": {
            name: {f"top{top}": {"mean": float(np.mean(h)), "interval": interval(h)} for top, h in by_top.items()}
            for name, by_top in hits.items()
        },
    }


def main() -> int:
    """Print a table, write JSON where asked."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=os.environ.get("AIOPS_BENCH_DATA"))
    arguments.add_argument("--out", type=Path, help="file for JSON")
    arguments.add_argument("--set", action="append", help="only this set (may be given again)")
    given = arguments.parse_args()
    if given.data is None or not (found := sets(Path(given.data))):
        print("no data: give --data DIR (or AIOPS_BENCH_DATA) with petshop/, nezha/ or tvdiag-alerts/", file=sys.stderr)
        return 2
    results = {name: measure(faults) for name, faults in found.items() if not given.set or name in given.set}
    print(f"{'set':<16}{'ranker':<10}" + "".join(f"top-{top} [95 %]".ljust(22) for top in TOP))
    for name, result in results.items():
        by_ranker = result["rankers"]
        assert isinstance(by_ranker, dict)
        for which, figures in by_ranker.items():
            told = chain.from_iterable((figures[f"top{t}"]["mean"], *figures[f"top{t}"]["interval"]) for t in TOP)
            print(
                f"{name:<16}{which:<10}"
                + "{:.2f} [{:.2f}, {:.2f}]     {:.2f} [{:.2f}, {:.2f}]     {:.2f} [{:.2f}, {:.2f}]".format(*told)
            )
        seconds, sure = result["seconds_a_case"], result["mean_probability_of_first"]
        print(f"{'':<16}{result['faults']} faults, {seconds:.3f} s a case, first hypothesis at {sure:.2f} on average")
    if given.out:
        given.out.write_text(json.dumps(results, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
