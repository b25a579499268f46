"""The table of metric semantics: custom rows, then the shipped rows, then a guess from the words of the name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from aiops.model.metric_semantics.custom import CustomRow, CustomRows
from aiops.model.metric_semantics.guess import guess
from aiops.model.metric_semantics.names import Spelling, Statistic, key_of, reading, spellings
from aiops.model.metric_semantics.semantics import Definition, MetricRole, MetricSemantics, Worse
from aiops.model.metric_semantics.shipped import Index, shipped
from aiops.model.metric_semantics.units import COUNTED, Dimension, Unit, unit_of

MOST_REMEMBERED = 65_536
"""Most cached answers; a full cache is cleared."""


@dataclass(frozen=True, slots=True)
class MetricTable:
    """Looks up the semantics of metrics; answers never change. Build it once from the settings and pass it on."""

    custom: CustomRows = field(default_factory=CustomRows)
    """Custom rows; they take precedence over the shipped ones."""
    _shipped: Index = field(default_factory=shipped, init=False, repr=False, compare=False)
    _answers: dict[tuple[str, str], MetricSemantics] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, metric: str, unit: str = "") -> MetricSemantics:
        """The semantics of a metric; every name has an answer.

        Args:
            metric: in any spelling, with the suffixes of Prometheus or of the decoder.
            unit: as the sender writes it; empty: not known, the table's unit applies.
        """
        found = self._answers.get((metric, unit))
        if found is None:
            if len(self._answers) >= MOST_REMEMBERED:
                self._answers.clear()
            found = self._answers[metric, unit] = self._find(metric, unit)
        return found

    def _find(self, metric: str, unit: str) -> MetricSemantics:
        key = key_of(metric)
        found = self.custom.find(key)
        if found is None:
            return self._known(key, unit) or guess(metric, unit, reading(key))
        row, spelling = found
        sent = "" if spelling.statistic is Statistic.COUNT else unit
        base = self._known(spelling.key, sent) or guess(metric, sent, Spelling(spelling.key, unit=spelling.unit))
        return _computed(_overlaid(base, row, sent), spelling.statistic)

    def _known(self, key: str, unit: str) -> MetricSemantics | None:
        index = self._shipped
        for spelling in spellings(key):
            found = index.names.get(spelling.key)
            if found is not None and (not spelling.unit or _same(spelling.unit, found)):
                return _computed(_measured(found, unit or spelling.unit), spelling.statistic)
            found = index.without_units.get(spelling.key)
            if found is not None and unit and _same(unit, found):
                return _computed(_measured(found, unit), spelling.statistic)
        return None


def _same(unit: str, found: MetricSemantics) -> bool:
    """Whether a unit measures what the row's unit measures."""
    return unit_of(unit).dimension is found.unit.dimension


def _measured(found: MetricSemantics, stated: str) -> MetricSemantics:
    """The row in the unit that its sender or its name states; ``full`` follows. ``1`` may also be a plain count."""
    if not stated or stated == found.unit.symbol or (stated == "1" and found.unit.dimension is not Dimension.SHARE):
        return found
    unit = unit_of(stated)
    return replace(found, unit=unit, full=None if found.full is None else _converted(found.full, found.unit, unit))


def _converted(value: float, stated: Unit, wanted: Unit) -> float | None:
    """A value in another unit of the same kind; None for one of another kind."""
    return value * stated.factor / wanted.factor if stated.dimension is wanted.dimension else None


def _computed(found: MetricSemantics, statistic: Statistic) -> MetricSemantics:
    """The semantics of a count or sum of a metric's observations."""
    match statistic:
        case Statistic.VALUE:
            return found
        case Statistic.CREATED:
            return replace(found, role=MetricRole.OTHER, worse=Worse.NEITHER, full=None)
        case Statistic.COUNT | Statistic.SUM:
            unit = COUNTED if statistic is Statistic.COUNT else found.unit
            if found.role in {MetricRole.ERRORS, MetricRole.AVAILABILITY}:
                return replace(found, unit=unit, full=None)
            if found.role in {MetricRole.LATENCY, MetricRole.QUEUE}:
                return replace(found, role=MetricRole.TRAFFIC, worse=Worse.NEITHER, unit=unit, full=None)
            worse = found.worse if statistic is Statistic.SUM else Worse.NEITHER
            return replace(found, worse=worse, unit=unit, full=None)


def _overlaid(base: MetricSemantics, row: CustomRow, sent: str) -> MetricSemantics:
    """The semantics with the fields of a custom row replaced; ``1`` may also be a plain count."""
    unit = base.unit if row.unit is None or sent not in {"", "1"} else unit_of(row.unit)
    if row.full is not None:
        full = _converted(row.full, unit_of(row.unit), unit) if row.unit is not None else row.full
    else:
        full = base.full if row.worse in {None, base.worse} and unit is base.unit else None
    return replace(
        base,
        role=row.role or base.role,
        worse=base.worse if row.worse is None else row.worse,
        unit=unit,
        full=full,
        part=row.part or base.part,
        about=row.about or base.about,
        states=None if row.worse is not None else base.states,
        definition=Definition.PEOPLE if row.role is not None or base.known else Definition.WORDS,
        source=row.source,
    )
