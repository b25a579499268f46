"""Coming up: what only takes time is waited for, and said; what a person must mend is told at once."""

from __future__ import annotations

import pytest

from aiops.bootstrap.runtime import come_up
from aiops.model.errors import AiopsError, PermanentError, TemporaryError


class Parts:
    """Parts that come up at the n-th try."""

    def __init__(self, ready: int, error: AiopsError) -> None:
        self.tries, self._ready, self._error = 0, ready, error
        self.said: list[str] = []
        self.waited: list[float] = []

    def reconcile(self) -> None:
        self.tries += 1
        if self.tries < self._ready:
            raise self._error

    def up(self) -> None:
        come_up(self.reconcile, self.said.append, self.waited.append, tries=4)


def test_a_part_that_is_slow_to_reach_kafka_is_waited_for() -> None:
    """Each further try is said, with the reason."""
    parts = Parts(3, TemporaryError("actor main/orchestrator/0 does not come up: cannot connect to Kafka", 1.0))
    parts.up()
    assert parts.tries == 3
    assert len(parts.waited) == 2
    assert "cannot connect to Kafka" in parts.said[0]


def test_waiting_has_an_end() -> None:
    """The last try's error is the one that is told."""
    parts = Parts(9, TemporaryError("actor x does not come up: cannot connect to Kafka", 1.0))
    with pytest.raises(TemporaryError):
        parts.up()
    assert parts.tries == 4


def test_what_time_does_not_mend_is_told_at_once() -> None:
    """A part that cannot be made for another reason is not tried again."""
    parts = Parts(9, PermanentError("actor x does not come up: a policy speaks of a TemporaryError"))
    with pytest.raises(PermanentError):
        parts.up()
    assert (parts.tries, parts.said) == (1, [])
