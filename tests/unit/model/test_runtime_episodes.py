"""Episodes that the runtime reports about itself."""

from __future__ import annotations

from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.episodes import Source
from aiops.model.records import TopicPartition
from aiops.model.runtime_episodes import loss_episode


def test_a_loss_names_its_partition_and_its_size() -> None:
    """People see which topic to give more retention."""
    found = loss_episode(TopicPartition("otlp_metrics", 3), 17, id_part="5-22", at=9, domain="eu")
    (signal,) = found.signals
    assert (signal.series, signal.value) == ("aiops.lost.records{partition=otlp_metrics/3}", 17.0)
    assert (found.entity, found.source, found.domain, found.opened_at) == (RUNTIME_ENTITY, Source.RUNTIME, "eu", 9)


def test_losses_of_one_partition_are_told_apart_by_their_part_of_the_id() -> None:
    """The same part gives the same id, so that a repeated report is the same episode."""
    place = TopicPartition("logs", 0)
    ids = [loss_episode(place, 1, id_part=part, at=at, domain="main").id for part, at in (("a", 1), ("a", 2), ("b", 1))]
    assert ids[0] == ids[1] != ids[2]
