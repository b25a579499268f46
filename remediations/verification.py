"""Verification of a plan: steady state before and after, of the symptom, the targets and their neighbours.

* Healthy: every watched entity has data up to the end of the window, and the symptom and the targets are not abnormal
  and no figure of them is worse than its reference.
* Harmed: a watched entity that was normal before the action is abnormal now, or does clearly worse than its reference.
* Inconclusive: data of a watched entity is missing, or of a signal for which the incident was opened.

An open episode does not count once all its figures are steady: episodes end only after a hold time, and verification
does not wait for it. A neighbour that never sent telemetry is not watched; the findings name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiops.model.durations import SECOND
from aiops.model.findings import Finding, FindingKind
from aiops.model.plans import Plan, Verdict
from aiops.model.prose import Prose
from aiops.model.series_names import display_name
from aiops.model.telemetry import EntityReading, FleetAnswer, OpeningSignal, SeriesReading

STEADY_SPREADS = 4.0
"""A figure is steady when it is at most this many robust spreads worse than its reference."""
USUAL = 0.5
"""A series with a lower detector score is in its usual range, whatever its spread."""
STRONG = 0.8
"""A figure with at least this score makes an entity abnormal alone; a lower score is not harm."""
HARM_SPREADS = 8.0
"""A figure that is more than this many robust spreads worse than its reference is harm."""
LEAST_RATIO = 0.25
"""A shift of at most this share of the reference is not a problem, however narrow the reference is."""
LEAST_SPREAD = 0.01
"""A spread of at most this share of the reference is too small to measure by."""
HARM_RATIO = 0.50
"""``LEAST_RATIO`` for harm: of the many figures of neighbours some are always far outside a narrow reference."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and the findings it is based on."""

    verdict: Verdict
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> tuple[Prose, ...]:
        """The findings as sentences for people."""
        return tuple(sentence(finding) for finding in self.findings)


NO_ENTITIES: frozenset[str] = frozenset()


def verify(
    plan: Plan,
    since: int,
    fleet: FleetAnswer,
    *,
    abnormal_before: frozenset[str] = NO_ENTITIES,
    mute: frozenset[str] = NO_ENTITIES,
    opening: tuple[OpeningSignal, ...] = (),
) -> Judgement:
    """Verifies a plan by the readings after its last step.

    Args:
        plan: names the symptom, the targets and the neighbours.
        since: start of the window, ns: when the last step had taken effect and had settled.
        fleet: readings over that window, and a reference from before the incident.
        abnormal_before: entities that had an open episode when the plan began; they are not checked for harm.
        mute: entities that never send telemetry of their own (zones, external services); they are not watched.
        opening: the signals for which the incident was opened; without data on them the verdict is inconclusive.
    """
    window_end = since + round(plan.verify_window_seconds * SECOND)
    readings = {reading.entity: reading for reading in fleet.readings}
    targets = tuple(dict.fromkeys(step.action.target for step in plan.steps))
    required = dict.fromkeys(entity for entity in (plan.symptom, *targets) if entity not in mute)
    near = [entity for entity in plan.neighbours if entity not in mute and entity not in required]
    silent = [entity for entity in near if _never_heard(entity, readings.get(entity), fleet)]
    watched = (*required, *(entity for entity in near if entity not in silent))
    harmed = _harmed(watched, readings, abnormal_before | {plan.symptom})
    if harmed:
        return Judgement(Verdict.HARMED, harmed)
    abnormal = tuple(found for entity in required if (found := _anomaly(readings.get(entity), opening)))
    unknown = tuple(found for entity in watched if (found := _blind(entity, readings.get(entity), window_end)))
    unknown = (*unknown, *(found for s in opening if s.entity in required and (found := _no_signal(s, readings))))
    # neighbours must not be harmed; the symptom and the targets must also be normal
    if abnormal:
        return Judgement(Verdict.UNHEALTHY, abnormal)
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
        missing = (window_end - reading.watermark) / SECOND
        return Finding(FindingKind.BEHIND, entity, missing_seconds=missing)
    if not any(series.points for series in reading.series):
        return Finding(FindingKind.NO_DATA, entity)
    return None


def _no_signal(signal: OpeningSignal, readings: Mapping[str, EntityReading]) -> Finding | None:
    """No series of the signal's metric has points, although others of its entity have."""
    series = readings[signal.entity].series if signal.entity in readings else ()
    known = any(one.points for one in series)
    return Finding(FindingKind.NO_SIGNAL, signal.entity, signal.series) if known and not _of(signal, series) else None


def _of(signal: OpeningSignal, series: tuple[SeriesReading, ...]) -> list[SeriesReading]:
    """The signal's series with points; after a restart, a roll-back or a move, the series of its metric."""
    same = [one for one in series if one.metric == signal.metric and one.points]
    return [one for one in same if one.series == signal.series] or same


def _anomaly(reading: EntityReading | None, opening: tuple[OpeningSignal, ...] = ()) -> Finding | None:
    if reading is None:
        return None
    if reading.abnormal:
        return Finding(FindingKind.ABNORMAL, reading.entity)
    if reading.recovering:
        # The entity was abnormal a moment ago: the mean must be usual too, the last value alone may be chance.
        for signal in opening:
            if signal.entity != reading.entity:
                continue
            lasting = [one for one in _of(signal, reading.series) if _still_on_average(one, signal)]
            if lasting:
                return _off(FindingKind.STILL_ON_AVERAGE, reading.entity, lasting[0])
    usual = 0.0 if reading.recovering else USUAL
    worst = max(reading.series, key=lambda series: worse_by(series, usual=usual), default=None)
    if worst is not None and worse_by(worst, usual=usual) > STEADY_SPREADS:
        return _off(FindingKind.OFF_REFERENCE, reading.entity, worst)
    return None


def _still_on_average(series: SeriesReading, signal: OpeningSignal) -> bool:
    """Whether the mean alone is still worse: by ``LEAST_RATIO`` of the reference and of what opened the incident."""
    shift = series.detrimental * (series.mean - series.baseline_mean)
    least = LEAST_RATIO * max(abs(series.baseline_mean), signal.deviation)
    return shift > max(least, STEADY_SPREADS * series.baseline_spread)


def _harmed(watched: tuple[str, ...], readings: dict[str, EntityReading], ill: frozenset[str]) -> tuple[Finding, ...]:
    found = []
    for entity in watched:
        reading = readings.get(entity)
        if reading is None or entity in ill:
            continue
        measured = [series for series in reading.series if _has_measure(series) and series.score >= STRONG]
        worst = max(measured, key=lambda series: worse_by(series, HARM_RATIO), default=None)
        if reading.abnormal:
            found.append(Finding(FindingKind.HARMED_ABNORMAL, entity))
        elif worst is not None and worse_by(worst, HARM_RATIO) > HARM_SPREADS:
            found.append(_off(FindingKind.HARMED_SERIES, entity, worst))
    return tuple(found)


def _has_measure(series: SeriesReading) -> bool:
    """Whether the reference has a spread that shifts can be measured by.

    A figure that was zero or constant has none: one error in a quiet hour would be millions of spreads. Such a figure
    of a neighbour counts as harm only through an episode of the neighbour.
    """
    return series.baseline_spread > LEAST_SPREAD * abs(series.baseline_mean) > 0.0


def worse_by(series: SeriesReading, least: float = LEAST_RATIO, usual: float = USUAL) -> float:
    """How many robust spreads the window is worse than its reference; 0: not worse, or not known.

    A change that is not noticeable is not worse. Both the mean and the last value must be worse: a change that ended
    within the window was the action itself, or chance. The detectors must also score the last value at least ``usual``,
    or ``STRONG`` if the reference has no spread to measure by.

    Args:
        series: figures of the window and of the reference.
        least: a shift of at most this share of the reference is not worse.
        usual: a series with a lower score is not worse.
    """
    usual = usual if _has_measure(series) else STRONG
    if not series.detrimental or not series.points or not series.noticeable or series.score < usual:
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
    FindingKind.ABNORMAL: "{f.entity} is still abnormal",
    FindingKind.OFF_REFERENCE: "{f.entity}: " + _FIGURES,
    FindingKind.HARMED_ABNORMAL: "{f.entity} was normal and is abnormal now",
    FindingKind.HARMED_SERIES: "{f.entity} does worse than before: " + _FIGURES,
    FindingKind.NO_READING: "{f.entity}: no reading",
    FindingKind.BEHIND: "{f.entity}: its data ends {f.missing_seconds:.0f} s before the window does",
    FindingKind.NO_DATA: "{f.entity}: no data in the window",
    FindingKind.NO_SIGNAL: "{f.entity}: no data in the window of {series}, for which the incident was opened",
    FindingKind.STILL_ON_AVERAGE: "{f.entity}: {series} is usual now, but its mean is {f.mean:.4g}, was "
    "{f.baseline_mean:.4g}",
    FindingKind.LEFT_OUT: "{f.entity} is not watched, because it never sent telemetry",
    FindingKind.NOTHING_WATCHED: "no watched entity sends telemetry",
}


def sentence(finding: Finding) -> Prose:
    """A finding as a sentence for people."""
    return Prose(_SENTENCES[finding.kind].format(f=finding, series=display_name(finding.series)))
