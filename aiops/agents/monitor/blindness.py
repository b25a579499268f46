"""Blindness: a shard lacks current input. It opens an episode of the runtime instead of episodes of silent entities.

A shard is blind in three cases. Its input lags, or its lag is unknown, for longer than `blind_seconds`. Or one of its
topics, which had continuous input before, receives no record at all any more. Or many entities of a topic stopped at
the same moment, as when a Collector restarts. Times are receipt times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND
from aiops.model.entities import MAIN_DOMAIN, RUNTIME_ENTITY
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from detectors.revisions import base36

_STEADY = 600 * SECOND
"""A topic can become silent only after it had input for this long, ns."""
_PAUSES = 3
"""A topic is silent after this many times its longest pause."""
_REPEAT_AFTER = 30 * SECOND
_SCORE = 0.9
_LAG = "lag"
_SENDERS = ",part=senders"
"""After a topic: many of its senders stopped at the same moment."""


@dataclass(slots=True)
class _TopicInput:
    first: int
    last: int
    pause: int = 0

    def at(self, moment: int) -> None:
        if moment > self.last:
            self.pause = max(self.pause, moment - self.last)
            self.last = moment

    def missed(self, now: int, patience: int) -> bool:
        """Whether the topic had continuous input before and has none any more."""
        steady = self.last - self.first >= _STEADY
        return steady and now - self.last > max(patience, _PAUSES * self.pause)


@dataclass(slots=True)
class Blindness:
    """Detects the blindness of one shard."""

    shard: int
    domain: str = MAIN_DOMAIN
    patience: int = 60 * SECOND
    """Lag or silence after which the shard is blind, ns."""
    opened_at: int = 0
    """Start of the open episode, ns; 0: none is open."""
    _behind: int = 0
    """Since when the lag is large or unknown, ns; 0: the lag is small."""
    _reported_at: int = 0
    _reasons: tuple[str, ...] = ()
    _inputs: dict[str, _TopicInput] = field(default_factory=dict)

    def tick(
        self, now: int, received: Mapping[str, int], *, lag_is_small: bool, cut: Mapping[str, int] | None = None
    ) -> list[Episode]:
        """The episode if it opens, continues or ends.

        Args:
            now: receipt time, ns.
            received: last receipt time by topic, ns; 0: none.
            lag_is_small: the lag is known and small.
            cut: number of entities that stopped at the same moment, by topic.
        """
        for topic, moment in received.items():
            if moment:
                self._inputs.setdefault(topic, _TopicInput(moment, moment)).at(moment)
        self._behind = 0 if lag_is_small else self._behind or now
        known = [topic for topic in received if topic in self._inputs]
        missed = {topic for topic in known if self._inputs[topic].missed(now, self.patience)}
        reasons = tuple(sorted(missed | {topic + _SENDERS for topic in cut or ()}))
        if self._behind and now - self._behind > self.patience:
            reasons = (_LAG, *reasons)
        if not self.opened_at and not reasons:
            return []
        if self.opened_at and not reasons:
            return [self._ended(now)] if lag_is_small else []
        if self.opened_at and reasons == self._reasons and now - self._reported_at < _REPEAT_AFTER:
            return []
        self.opened_at = self.opened_at or now
        self._reported_at, self._reasons = now, reasons
        return [self._episode(now, None)]

    def _ended(self, now: int) -> Episode:
        episode = self._episode(now, now)
        self.opened_at, self._reasons = 0, ()
        return episode

    def _episode(self, now: int, ended_at: int | None) -> Episode:
        signals = tuple(self._signal(reason, now) for reason in self._reasons or (_LAG,))
        return Episode(
            id=f"{RUNTIME_ENTITY}@{base36(self.opened_at)}/blind-{self.shard}",
            entity=RUNTIME_ENTITY,
            opened_at=self.opened_at,
            revision=1 + (now - self.opened_at) // 10_000_000,
            severity=_SCORE,
            signals=signals,
            signals_total=len(signals),
            watermark=now,
            ended_at=ended_at,
            source=Source.RUNTIME,
            domain=self.domain,
        )

    def _signal(self, reason: str, now: int) -> Signal:
        topic = self._inputs.get(reason)
        since = (topic.last if topic else self._behind) or self.opened_at
        where = f"shard={self.shard}" if reason == _LAG else f"topic={reason}"
        return Signal(
            series=f"aiops.blind{{{where}}}",
            metric="aiops.blind",
            direction=SignalDirection.UP if reason == _LAG else SignalDirection.SILENT,
            source=Source.RUNTIME,
            since=since,
            score=_SCORE,
            value=(now - since) / SECOND,
            expected=0.0,
            detector="blindness",
        )

    def to_array(self) -> npt.NDArray[np.int64]:
        """The open episode, for a snapshot: the shard's next owner must end it."""
        return np.array([self.opened_at, self.shard], np.int64)

    def restore(self, array: npt.NDArray[np.generic]) -> None:
        """Take over the open episode if it is this shard's own; another shard ends its own episode."""
        opened_at, shard = (int(number) for number in array.tolist())
        if shard == self.shard and not self.opened_at:
            self.opened_at = opened_at
