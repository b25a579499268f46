"""Runs scenarios × seeds × healers one after the other and grades them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiops.plugins import BUILT_INS, Plugins
from aiops.settings import Settings
from remediations.bundle import Bundle
from simulations.running.simulation import Run, Simulation, Who
from simulations.scenarios.scenario import FOLDER, Scenario
from simulations.scorecards.grades import Grade, grade
from simulations.scorecards.relations import FaultRelations

Progress = Callable[[str, float], None]
Extended = tuple[Settings, Plugins]
"""Settings of the run, and where the extensions that they name come from."""


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """A scenario and the folder of its file."""

    scenario: Scenario
    folder: Path = FOLDER


@dataclass(slots=True)
class Results:
    """Grades of all runs, and the runs of the first seed for pictures."""

    grades: list[Grade] = field(default_factory=list)
    shown: dict[str, dict[Who, Run]] = field(default_factory=dict)
    """Scenario to healer to run."""


def play(
    entries: Sequence[ScenarioEntry],
    seeds: Sequence[int],
    healers: Sequence[Who],
    *,
    bundle: Bundle,
    light: bool,
    progress: Progress | None = None,
    extended: Extended | None = None,
) -> Results:
    """Run everything.

    Args:
        entries: scenarios.
        seeds: a run of each.
        healers: who looks after the world.
        bundle: the product's.
        light: metrics only.
        progress: told what runs and the share of all that is over.
        extended: detectors, views and ranker that the product is to use; None: its own.
    """
    settings, plugins = (None, BUILT_INS) if extended is None else extended
    results, over = Results(), 0
    count = len(entries) * len(seeds) * len(healers)
    for entry in entries:
        plot = entry.scenario.plot(entry.folder)
        relations = FaultRelations(plot.estate)
        for seed in seeds:
            for who in healers:
                report = (
                    None
                    if progress is None
                    else _part_of(progress, f"{entry.scenario.name} {who}", over / count, count=count)
                )
                run = Simulation(plot, bundle, who, seed, light, settings, plugins).run(report)
                results.grades.append(grade(entry.scenario, run, relations))
                results.shown.setdefault(entry.scenario.name, {}).setdefault(who, run)
                over += 1
    return results


def _part_of(progress: Progress, name: str, begun: float, *, count: int) -> Callable[[float], None]:
    return lambda share: progress(name, begun + share / count)
