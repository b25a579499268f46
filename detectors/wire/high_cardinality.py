"""Why an entity has as many series as it may: the attribute whose values multiply them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from aiops.model.deadletters import Crowding
from detectors.wire.series import SeriesTable

_LOOKED_AT = 1_000
"""Series of an entity that are looked at, evenly over their numbers."""
_EXAMPLES = 3
_SHORTEST, _LONGEST = 1, 200
"""Characters of an example."""
METRIC = "metric name"
"""In place of an attribute, where the names of metrics multiply the series."""


@dataclass(slots=True)
class Crowds:
    """The crowded entities of one table, each looked at once until ``clear``."""

    table: SeriesTable
    _known: dict[int, Crowding] = field(default_factory=dict)

    def of(self, entities: int = 3) -> tuple[Crowding, ...]:
        """The first entities that have as many series as they may."""
        codes = self.table.rows.crowded()[:entities].tolist()
        for code in codes:
            if code not in self._known:
                self._known[code] = crowding(self.table, code)
        return tuple(self._known[code] for code in codes)

    def clear(self) -> None:
        """Series were reclaimed."""
        self._known.clear()


def crowding(table: SeriesTable, entity: int) -> Crowding:
    """The attribute, or the metric's name, with the most values among an entity's series."""
    numbers = np.flatnonzero(table.entity == entity)
    chosen = numbers[np.linspace(0, len(numbers) - 1, min(len(numbers), _LOOKED_AT)).astype(np.int64)]
    values: dict[str, dict[str, None]] = {METRIC: {}}
    for number in chosen.tolist():
        identity = table.identity(number)
        values[METRIC][identity.metric] = None
        for name, value in identity.attributes:
            values.setdefault(name, {})[value] = None
    attribute = max(values, key=lambda name: len(values[name]))
    examples = [value[:_LONGEST] for value in values[attribute] if len(value) >= _SHORTEST]
    return Crowding(
        entity=table.entities[entity],
        series=len(numbers),
        attribute=attribute,
        values=len(values[attribute]),
        looked_at=len(chosen),
        examples=tuple(examples[:_EXAMPLES]),
    )
