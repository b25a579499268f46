"""Topics with another number of partitions than there are slots: refused or told before the runtime starts."""

from __future__ import annotations

from typing import cast

import pytest

from aiops.adapters.kafka.partitions import Misfit, check_partitions, misfit
from aiops.adapters.kafka.topics import KafkaTopics, TopicState
from aiops.model.errors import PermanentError
from aiops.settings import Settings

FOUR = Settings.model_validate({"kafka": {"partitions": 4}})


class Broker:
    """Topics and their partitions."""

    def __init__(self, **partitions: int) -> None:
        self.partitions = partitions

    def describe(self, names: list[str]) -> list[TopicState]:
        return [TopicState(name, self.partitions.get(name, 4)) for name in names]


def checked(**partitions: int) -> list[str]:
    said: list[str] = []
    check_partitions(FOUR, cast("KafkaTopics", Broker(**partitions)), said.append)
    return said


def test_one_partition_for_each_slot_is_right() -> None:
    """Nothing is said. Control topics may have any number: one reader reads all of it."""
    assert checked() == []
    assert checked(**{"aiops.changes": 9}) == []
    assert [misfit(TopicState("t", n), 4) for n in (3, 4, 5)] == [Misfit.TOO_FEW, None, Misfit.TOO_MANY]


def test_too_few_are_refused_with_the_command_that_adds_them() -> None:
    """Every topic at once; a shard that waited for them would hold all of its other topics."""
    with pytest.raises(PermanentError) as raised:
        checked(otlp_logs=2, **{"aiops.keyed": 1})

    first, second = str(raised.value).splitlines()
    assert first == (
        "topic otlp_logs has 2 partitions and kafka.partitions is 4: slots from 2 on read nothing from it; add "
        "partitions to the topic: kafka-topics --alter --topic otlp_logs --partitions 4"
    )
    assert "topic aiops.keyed has 1 partitions" in second


def test_too_many_are_told_and_do_not_keep_the_runtime_from_starting() -> None:
    """The account shows the records that nobody reads as a difference."""
    (said,) = checked(otlp_spans=6)

    assert said.startswith("topic otlp_spans has 6 partitions and kafka.partitions is 4: nobody reads those from 4 on")
