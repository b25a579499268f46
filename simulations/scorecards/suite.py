"""Scenarios × seeds × healers, run one after the other, graded and summed up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from remediations.bundle import Bundle
from simulations.running.simulation import Run, Simulation, Who
from simulations.scenarios.scenario import FOLDER, Scenario
from simulations.scorecards.grading import Grade, grade
from simulations.scorecards.relations import Relations

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Entry:
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
    entries: Sequence[Entry],
    seeds: Sequence[int],
    healers: Sequence[Who],
    *,
    bundle: Bundle,
    light: bool,
    progress: Progress | None = None,
) -> Results:
    """Run everything; ``bundle`` is the product's, ``progress`` is told what runs and the share of all that is over."""
    results, over = Results(), 0
    count = len(entries) * len(seeds) * len(healers)
    for entry in entries:
        plot = entry.scenario.plot(entry.folder)
        relations = Relations(plot.estate)
        for seed in seeds:
            for who in healers:
                told = (
                    None if progress is None else _teller(progress, f"{entry.scenario.name} {who}", over / count, count)
                )
                run = Simulation(plot, bundle, who, seed, light).run(told)
                results.grades.append(grade(entry.scenario, run, relations))
                results.shown.setdefault(entry.scenario.name, {}).setdefault(who, run)
                over += 1
    return results


def _teller(progress: Progress, name: str, begun: float, count: int) -> Callable[[float], None]:
    return lambda share: progress(name, begun + share / count)
