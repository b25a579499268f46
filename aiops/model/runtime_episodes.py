"""Episodes that the runtime reports about itself."""

from __future__ import annotations

from typing import Final

from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.records import TopicPartition

LOST_RECORDS: Final = "aiops.lost.records"
"""Metric of the records that retention removed before they were read."""
_SCORE: Final = 0.9


def loss_episode(place: TopicPartition, count: int, *, id_part: str, at: int, domain: str) -> Episode:
    """The episode of a loss to retention.

    Args:
        place: the partition that lost records.
        count: how many offsets were lost.
        id_part: what distinguishes this loss from others of the partition.
        at: when the loss was noticed, ns.
        domain: the tenant.
    """
    name = f"{place.topic}/{place.partition}"
    signal = Signal(
        series=f"{LOST_RECORDS}{{partition={name}}}",
        metric=LOST_RECORDS,
        direction=SignalDirection.UP,
        source=Source.RUNTIME,
        since=at,
        score=_SCORE,
        value=float(count),
        expected=0.0,
        detector="ledger",
    )
    return Episode(
        id=f"{RUNTIME_ENTITY}@{id_part}/{name}",
        entity=RUNTIME_ENTITY,
        opened_at=at,
        revision=1,
        severity=_SCORE,
        signals=(signal,),
        signals_total=1,
        watermark=at,
        source=Source.RUNTIME,
        domain=domain,
    )
