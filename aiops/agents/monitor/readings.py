"""Answers to fleet questions: the series of an entity over a window, compared with their reference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor.slot import Slot
from aiops.model.telemetry import EntityReading, FleetQuestion, SeriesReading

MOST_SERIES = 32


@dataclass(slots=True)
class SlotReader:
    """Reads one slot; must not run at the same time as code that changes the slot."""

    slot: Slot

    def answer(self, question: FleetQuestion) -> list[EntityReading]:
        """Readings of the question's entities that the slot knows, in the order of the question."""
        table = self.slot.memory.table
        open_now = set(self.slot.detection.folder.open_entities().tolist())
        codes = [(entity, table.code_of_entity(entity)) for entity in question.entities]
        known = [(entity, code) for entity, code in codes if code >= 0]
        if not known:
            return []
        abnormal = set(self.slot.detection.abnormal().tolist())
        watermark = self.slot.watermark()
        members = table.entity[: len(self.slot.detection.bank)]
        return [
            EntityReading(
                entity=entity,
                watermark=watermark,
                abnormal=code in open_now and code in abnormal,
                series=self._series(entity, np.flatnonzero(members == code).astype(np.int32), question),
                recovering=code in open_now and code not in abnormal,
            )
            for entity, code in known
        ]

    def _series(
        self, entity: str, numbers: npt.NDArray[np.int32], question: FleetQuestion
    ) -> tuple[SeriesReading, ...]:
        if not len(numbers):
            return ()
        window = (question.from_at, question.to_at)
        baseline = (question.baseline_from_at, question.baseline_to_at)
        bank, table = self.slot.detection.bank, self.slot.memory.table
        found = bank.readings(numbers, window, baseline)
        scores = bank.last_score(numbers)
        worse = self.slot.detection.meanings.worse(numbers)
        noticeable = self.slot.detection.still_noticeable(numbers, found.last, found.baseline_mean)
        change = np.abs(found.mean - found.baseline_mean) / found.baseline_spread
        change = np.where(np.isnan(change), -1.0, change)
        named = {signal.metric for signal in question.signals if signal.entity == entity}
        wanted = np.array([bool(named) and table.identity(n).metric in named for n in numbers.tolist()], np.bool_)
        listed: list[SeriesReading] = []
        for place in np.lexsort((numbers, -change, ~wanted)).tolist():
            if len(listed) == MOST_SERIES:
                break
            mean, last = float(found.mean[place]), float(found.last[place])
            if not math.isfinite(mean):
                continue
            usual = float(found.baseline_mean[place])
            identity = table.identity(int(numbers[place]))
            listed.append(
                SeriesReading(
                    series=identity.name,
                    metric=identity.metric,
                    mean=mean,
                    last=last if math.isfinite(last) else mean,
                    baseline_mean=usual if math.isfinite(usual) else mean,
                    baseline_spread=float(found.baseline_spread[place]),
                    points=int(found.minutes[place]),
                    score=float(scores[place]),
                    peer=identity.peer,
                    detrimental=int(worse[place]),
                    noticeable=bool(noticeable[place]),
                )
            )
        return tuple(listed)
