"""Did it work? Steady state before against after, on the symptom, the targets and their neighbours.

Healthy needs every one of them looked at: the source's watermark past the window, figures in it, nothing abnormal at
its end, and no figure worse than its reference. An open episode alone is no trouble once all its figures are steady: it
ends only after a while of calm, so as not to flap, and a repair need not wait for that. What is not known is
inconclusive, never healthy; only a neighbour that never sent telemetry is left out, and named. Harm is a target or
neighbour that was well before the action and is unwell now, or does clearly worse than in its reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiops.model.findings import Finding, FindingKind
from aiops.model.plans import Plan, Verdict
from aiops.model.prose import Prose
from aiops.model.series_names import display_name
from aiops.model.telemetry import EntityReading, FleetAnswer, SeriesReading

NANOSECONDS = 1_000_000_000
STEADY_SPREADS = 4.0
"""A figure within so many robust spreads of its reference, in the detrimental direction, is steady."""
USUAL = 0.5
"""Detectors' score below which a series is at its usual, whatever its spread was."""
STRONG = 0.8
"""Score from which one figure alone makes an entity unwell; less than that of a neighbour is no harm."""
HARM_SPREADS = 8.0
"""One further off, that was not off before the action, is harm."""
LEAST_RATIO = 0.25
"""A shift of less than a quarter of the reference is no trouble, however narrow the reference was."""
LEAST_SPREAD = 0.01
"""Spread, as a share of the reference, below which it measures nothing."""
HARM_RATIO = 0.50
"""The same for harm: of hundreds of figures of neighbours some always lie far out of a narrow reference."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict with what it rests on."""

    verdict: Verdict
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> tuple[Prose, ...]:
        """The findings for people, a sentence each."""
        return tuple(sentence(finding) for finding in self.findings)


NOBODY: frozenset[str] = frozenset()


def verify(
    plan: Plan, since: int, fleet: FleetAnswer, *, unwell_before: frozenset[str] = NOBODY, mute: frozenset[str] = NOBODY
) -> Judgement:
    """Judge a plan by the readings after its last step.

    Args:
        plan: names the symptom, the targets and the neighbours.
        since: start of the window, ns: when the last step had taken effect and had time to show.
        fleet: readings over that window beside a reference from before the trouble.
        mute: entities that never send telemetry of their own (zones, other firms' services); they are not looked at.
        unwell_before: entities that had an open episode when the plan began; they cannot be newly harmed.
    """
    window_end = since + round(plan.verify_window_seconds * NANOSECONDS)
    readings = {reading.entity: reading for reading in fleet.readings}
    targets = tuple(dict.fromkeys(step.action.target for step in plan.steps))
    required = dict.fromkeys(entity for entity in (plan.symptom, *targets) if entity not in mute)
    near = [entity for entity in plan.neighbours if entity not in mute and entity not in required]
    silent = [entity for entity in near if _never_heard(entity, readings.get(entity), fleet)]
    watched = (*required, *(entity for entity in near if entity not in silent))
    harmed = _harmed(watched, readings, unwell_before | {plan.symptom})
    if harmed:
        return Judgement(Verdict.HARMED, harmed)
    unwell = tuple(found for entity in required if (found := _trouble(readings.get(entity))))
    unknown = tuple(found for entity in watched if (found := _blind(entity, readings.get(entity), window_end)))
    # neighbours need only not be harmed; the symptom and the targets must be well
    if unwell:
        return Judgement(Verdict.UNHEALTHY, unwell)
    if unknown or not watched:
        return Judgement(Verdict.INCONCLUSIVE, unknown or (Finding(FindingKind.NOTHING_WATCHED),))
    left_out = tuple(Finding(FindingKind.LEFT_OUT, entity) for entity in silent)
    return Judgement(Verdict.HEALTHY, (Finding(FindingKind.STEADY, plan.symptom), *left_out))


def _never_heard(entity: str, reading: EntityReading | None, fleet: FleetAnswer) -> bool:
    return entity in fleet.mute if reading is None else reading.watermark == 0


def _blind(entity: str, reading: EntityReading | None, window_end: int) -> Finding | None:
    if reading is None:
        return Finding(FindingKind.NO_READING, entity)
    if reading.watermark < window_end:
        missing = (window_end - reading.watermark) / NANOSECONDS
        return Finding(FindingKind.BEHIND, entity, missing_seconds=missing)
    if not any(series.points for series in reading.series):
        return Finding(FindingKind.NO_DATA, entity)
    return None


def _trouble(reading: EntityReading | None) -> Finding | None:
    if reading is None:
        return None
    if reading.unwell:
        return Finding(FindingKind.UNWELL, reading.entity)
    # Of what was abnormal a moment ago the mean must be back as well: its last value alone may be chance.
    usual = 0.0 if reading.easing else USUAL
    worst = max(reading.series, key=lambda series: worse_by(series, usual=usual), default=None)
    if worst is not None and worse_by(worst, usual=usual) > STEADY_SPREADS:
        return _off(FindingKind.OFF_REFERENCE, reading.entity, worst)
    return None


def _harmed(watched: tuple[str, ...], readings: dict[str, EntityReading], ill: frozenset[str]) -> tuple[Finding, ...]:
    found = []
    for entity in watched:
        reading = readings.get(entity)
        if reading is None or entity in ill:
            continue
        measured = [series for series in reading.series if _has_measure(series) and series.score >= STRONG]
        worst = max(measured, key=lambda series: worse_by(series, HARM_RATIO), default=None)
        if reading.unwell:
            found.append(Finding(FindingKind.HARMED_UNWELL, entity))
        elif worst is not None and worse_by(worst, HARM_RATIO) > HARM_SPREADS:
            found.append(_off(FindingKind.HARMED_SERIES, entity, worst))
    return tuple(found)


def _has_measure(series: SeriesReading) -> bool:
    """Whether its reference says how much is much.

    What was never there, or hardly ever and else always the same, has no spread to go by: one error in a quiet hour
    would be millions of spreads. A neighbour must be unwell for such a figure to count.
    """
    return series.baseline_spread > LEAST_SPREAD * abs(series.baseline_mean) > 0.0


def worse_by(series: SeriesReading, least: float = LEAST_RATIO, usual: float = USUAL) -> float:
    """How many robust spreads the window is on the bad side of its reference; 0: not worse, or not known.

    What nobody can feel is not worse. Both its mean and its end must be: what has passed within the window was the
    action itself, or chance. The detectors must call its end unusual, and clearly so where the reference never moved
    and has no spread to measure by.
    ``least``: shift, as a share of the reference, below which it is no trouble. ``usual``: score below which the end is
    not unusual.
    """
    usual = usual if _has_measure(series) else STRONG
    if not series.detrimental or not series.points or not series.felt or series.score < usual:
        return 0.0
    shift = min(series.detrimental * (value - series.baseline_mean) for value in (series.mean, series.last))
    if shift <= least * abs(series.baseline_mean):
        return 0.0
    return shift / max(series.baseline_spread, 1e-12)


def _off(kind: FindingKind, entity: str, series: SeriesReading) -> Finding:
    spreads = worse_by(series, usual=0.0)
    return Finding(kind, entity, series.series, series.mean, series.baseline_mean, spreads)


_FIGURES = "{series} is {f.mean:.4g}, was {f.baseline_mean:.4g} ({f.spreads:.1f} spreads on the bad side)"
_SENTENCES: Mapping[FindingKind, str] = {
    FindingKind.STEADY: "{f.entity} is steady, no neighbour is worse",
    FindingKind.UNWELL: "{f.entity} is still unwell",
    FindingKind.OFF_REFERENCE: "{f.entity}: " + _FIGURES,
    FindingKind.HARMED_UNWELL: "{f.entity} was well and is unwell now",
    FindingKind.HARMED_SERIES: "{f.entity} does worse than before: " + _FIGURES,
    FindingKind.NO_READING: "{f.entity}: no reading",
    FindingKind.BEHIND: "{f.entity}: its data ends {f.missing_seconds:.0f} s before the window does",
    FindingKind.NO_DATA: "{f.entity}: no data in the window",
    FindingKind.LEFT_OUT: "{f.entity} is left out, as it never sent telemetry",
    FindingKind.NOTHING_WATCHED: "nothing that sends telemetry can be watched",
}


def sentence(finding: Finding) -> Prose:
    """A finding for people."""
    return Prose(_SENTENCES[finding.kind].format(f=finding, series=display_name(finding.series)))
