"""A plain reader of OTLP logs and spans, record by record: the reference that compiled decoding is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.batch import EARLIEST, Rejected, Rejections, WireSettings
from detectors.wire.otlp_json import Request, is_json, parse


class Intake:
    """Opens the records of a poll one after another and counts what cannot be used."""

    def __init__(self, records: Sequence[bytes], received_at: int, settings: WireSettings) -> None:
        self._records = records
        self._latest = received_at + settings.future_ns
        self._settings = settings
        self._rejections = Rejections()
        self.items = np.zeros(len(records), np.int64)

    def requests(self, kind: type[Request]) -> Iterator[tuple[int, Request, bool]]:
        """Index, request and whether it was JSON, of each record that is one."""
        for record, value in enumerate(self._records):
            if len(value) > self._settings.max_record_bytes:
                self._refuse(record, DeadLetterReason.TOO_LARGE)
                continue
            request = parse(value, kind())
            if request is None:
                self._refuse(record, DeadLetterReason.UNDECODABLE)
            else:
                yield record, request, is_json(value)

    def _refuse(self, record: int, reason: DeadLetterReason) -> None:
        self.items[record] = 1
        self._rejections.add(record, reason, (0,))

    def reject(self, record: int, reason: DeadLetterReason) -> None:
        """Counts the item that was counted last in ``items`` as rejected."""
        self._rejections.add(record, reason, (int(self.items[record]) - 1,))

    def time_fault(self, at: int) -> DeadLetterReason | None:
        """What is wrong with an event time."""
        if at == 0:
            return DeadLetterReason.NO_TIME
        if at > self._latest:
            return DeadLetterReason.FAR_FUTURE
        return DeadLetterReason.BAD_TIME if at < EARLIEST else None

    def rejected(self) -> list[Rejected]:
        """All rejections."""
        return self._rejections.listed()
