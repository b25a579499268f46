from __future__ import annotations

import pytest
from kafka.errors import (
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NotLeaderForPartitionError,
    RecordListTooLargeError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
)

from aiops.adapters.kafka.translation import translated
from aiops.model.errors import PermanentError, TemporaryError


class MarkedError(KafkaError):
    """An error of another class that says of itself that it may pass."""

    retriable = True


@pytest.mark.parametrize(
    "error",
    [
        KafkaConnectionError("refused"),
        NotLeaderForPartitionError("moved"),
        KafkaTimeoutError("slow"),
        MarkedError("no leader"),
        ConnectionResetError("reset"),
        TimeoutError("slow"),
        ValueError("closed"),
    ],
)
def test_what_may_pass_is_temporary(error: Exception) -> None:
    """A broker that is away, moved or slow: the same call after a second; the cause is chained."""
    with pytest.raises(TemporaryError, match="cannot poll now: ") as raised, translated("poll"):
        raise error
    assert raised.value.delay_seconds == 1.0
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        InvalidTopicError("a b"),
        RecordListTooLargeError("2 MB"),
        SaslAuthenticationFailedError("bad password"),
    ],
)
def test_what_stays_wrong_is_permanent(error: Exception) -> None:
    """Names and sizes: a person must change something."""
    told = "cannot write: .*; check the address, the topic and the permissions"
    with pytest.raises(PermanentError, match=told) as raised, translated("write"):
        raise error
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("error", [KeyError("a"), ZeroDivisionError(), KeyboardInterrupt(), PermanentError("ours")])
def test_what_is_not_the_brokers_passes(error: BaseException) -> None:
    """Mistakes of ours, errors that are ours already and an interrupt are not taken for the broker's."""
    with pytest.raises(type(error)) as raised, translated("poll"):
        raise error
    assert raised.value is error


def test_nothing_happens_without_an_error() -> None:
    """The body runs as it is."""
    with translated("poll"):
        found = 1
    assert found == 1


def test_a_missing_right_is_told_with_the_page_that_lists_the_rights() -> None:
    """The broker names the topic; the person needs the operations of this user."""
    told = r"cannot write: .*otlp_logs; grant the user the rights of docs/deploy\.md"
    with pytest.raises(PermanentError, match=told), translated("write"):
        raise TopicAuthorizationFailedError("otlp_logs")
