"""Did it work? Steady state before against after, on the symptom, the targets and their neighbours.

Healthy needs every one of them looked at: the source's watermark past the window, figures in it, nothing abnormal at
its end, and no figure worse than its reference. An open episode alone is no trouble once all its figures are steady: it
ends only after a while of calm, so as not to flap, and a repair need not wait for that. What is not known is
inconclusive, never healthy; only a neighbour that never sent telemetry is left out, and named. Harm is a target or
neighbour that was well before the action and is unwell now, or does clearly worse than in its reference.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops.model.plans import Plan, Verdict
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
    """The verdict with its reasons, a sentence each."""

    verdict: Verdict
    reasons: tuple[str, ...]


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
    unwell = tuple(told for entity in required if (told := _trouble(readings.get(entity))))
    unknown = tuple(told for entity in watched if (told := _blind(entity, readings.get(entity), window_end)))
    # neighbours need only not be harmed; the symptom and the targets must be well
    if unwell:
        return Judgement(Verdict.UNHEALTHY, unwell)
    if unknown or not watched:
        return Judgement(Verdict.INCONCLUSIVE, unknown or ("nothing that sends telemetry can be watched",))
    left_out = (f"left out, as they never sent telemetry: {', '.join(silent)}",) if silent else ()
    return Judgement(Verdict.HEALTHY, (f"{plan.symptom} is steady, no neighbour is worse", *left_out))


def _never_heard(entity: str, reading: EntityReading | None, fleet: FleetAnswer) -> bool:
    return entity in fleet.mute if reading is None else reading.watermark == 0


def _blind(entity: str, reading: EntityReading | None, window_end: int) -> str:
    if reading is None:
        return f"{entity}: no reading"
    if reading.watermark < window_end:
        missing = (window_end - reading.watermark) / NANOSECONDS
        return f"{entity}: its data ends {missing:.0f} s before the window does"
    if not any(series.points for series in reading.series):
        return f"{entity}: no data in the window"
    return ""


def _trouble(reading: EntityReading | None) -> str:
    if reading is None:
        return ""
    if reading.unwell:
        return f"{reading.entity} is still unwell"
    # Of what was abnormal a moment ago the mean must be back as well: its last value alone may be chance.
    usual = 0.0 if reading.easing else USUAL
    worst = max(reading.series, key=lambda series: worse_by(series, usual=usual), default=None)
    if worst is not None and worse_by(worst, usual=usual) > STEADY_SPREADS:
        return f"{reading.entity}: {_told(worst)}"
    return ""


def _harmed(watched: tuple[str, ...], readings: dict[str, EntityReading], ill: frozenset[str]) -> tuple[str, ...]:
    found = []
    for entity in watched:
        reading = readings.get(entity)
        if reading is None or entity in ill:
            continue
        measured = [series for series in reading.series if _has_measure(series) and series.score >= STRONG]
        worst = max(measured, key=lambda series: worse_by(series, HARM_RATIO), default=None)
        if reading.unwell:
            found.append(f"{entity} was well and is unwell now")
        elif worst is not None and worse_by(worst, HARM_RATIO) > HARM_SPREADS:
            found.append(f"{entity} does worse than before: {_told(worst)}")
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


def _told(series: SeriesReading) -> str:
    return (
        f"{display_name(series.series)} is {series.mean:.4g}, was {series.baseline_mean:.4g} "
        f"({worse_by(series, usual=0.0):.1f} spreads on the bad side)"
    )
