"""Bytes per poll of kafka-python, which counts records only: five thousand records of 8 MB each are one poll to it."""

from __future__ import annotations

from functools import partial
from typing import Any


class PollBudget:
    """Ends a poll of one client when its values have the bytes of the budget. One thread uses it.

    A poll exceeds its budget by at most one record.

    Args:
        client: a ``KafkaConsumer``. The hook is in its fetcher; there is no setting for it.
    """

    def __init__(self, client: Any) -> None:
        self._left = 0
        self._append = client._fetcher._append  # noqa: SLF001
        client._fetcher._append = self._bounded  # noqa: SLF001

    def renew(self, most_bytes: int) -> None:
        """Begin a poll."""
        self._left = most_bytes

    def _bounded(self, drained: Any, part: Any, *limits: Any) -> int:
        """Take some records of a partition; ``limits``: most records, and whether the position advances.

        When the budget is used up, the answer is the most records, which ends the poll.
        """
        if self._left <= 0:
            return int(limits[0])
        if part:
            part.take = partial(self._take, part)
        return int(self._append(drained, part, *limits))

    def _take(self, part: Any, most: int) -> list[Any]:
        """As the replaced ``PartitionRecords.take``, with the budget: an error is kept for the next call."""
        part._maybe_raise_next_inline_exception()  # noqa: SLF001
        taken: list[Any] = []
        left = self._left
        try:
            for record in part.record_iterator:
                taken.append(record)
                left -= record.serialized_value_size
                if left <= 0 or len(taken) >= most:
                    break
        except Exception as error:
            if not taken:
                raise
            part._next_inline_exception = error  # noqa: SLF001
        self._left = left
        return taken
