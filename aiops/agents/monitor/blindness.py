"""We are blind: the runtime cannot see, and must not call others silent. One episode of its own, not of the fleet.

Blind is a shard whose input lags, or whose lag nobody knows, for a minute (`blind_seconds`); and one of whose topics,
which used to speak without a break, has fallen silent as a whole. Times are the reader's, since it is the reader that
waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.model.entities import MAIN_DOMAIN, RUNTIME_ENTITY
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from detectors.revisions import base36

SECOND = 1_000_000_000
_STEADY = 600 * SECOND
"""A topic is missed once it spoke for so long."""
_PAUSES = 3
"""Silence of a topic is so many times its longest pause."""
_TELL_AGAIN = 30 * SECOND
_SCORE = 0.9
_LAG = "lag"


@dataclass(slots=True)
class _Heard:
    first: int
    last: int
    pause: int = 0

    def at(self, moment: int) -> None:
        if moment > self.last:
            self.pause = max(self.pause, moment - self.last)
            self.last = moment

    def missed(self, now: int, patience: int) -> bool:
        """Whether it used to speak without a break, and does not any more."""
        steady = self.last - self.first >= _STEADY
        return steady and now - self.last > max(patience, _PAUSES * self.pause)


@dataclass(slots=True)
class Blindness:
    """What one shard cannot see."""

    shard: int
    domain: str = MAIN_DOMAIN
    patience: int = 60 * SECOND
    """Nanoseconds of lag or silence before it is blindness."""
    opened_at: int = 0
    """Of the episode that is open; 0: none."""
    _behind: int = 0
    """Since when lag is not known to be small; 0: it is."""
    _told_at: int = 0
    _reasons: tuple[str, ...] = ()
    _heard: dict[str, _Heard] = field(default_factory=dict)

    def tick(self, now: int, heard: Mapping[str, int], *, lag_is_small: bool) -> list[Episode]:
        """The episode where it opens, goes on or ends; ``heard``: when each topic spoke last, 0 where it never did."""
        for topic, moment in heard.items():
            if moment:
                self._heard.setdefault(topic, _Heard(moment, moment)).at(moment)
        self._behind = 0 if lag_is_small else self._behind or now
        known = [topic for topic in heard if topic in self._heard]
        reasons = tuple(sorted(topic for topic in known if self._heard[topic].missed(now, self.patience)))
        if self._behind and now - self._behind > self.patience:
            reasons = (_LAG, *reasons)
        if not self.opened_at and not reasons:
            return []
        if self.opened_at and not reasons:
            return [self._ended(now)] if lag_is_small else []
        if self.opened_at and reasons == self._reasons and now - self._told_at < _TELL_AGAIN:
            return []
        self.opened_at = self.opened_at or now
        self._told_at, self._reasons = now, reasons
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
        heard = self._heard.get(reason)
        since = (heard.last if heard else self._behind) or self.opened_at
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
        """The open episode, for a snapshot: whoever goes on must end it."""
        return np.array([self.opened_at, self.shard], np.int64)

    def restore(self, array: npt.NDArray[np.generic]) -> None:
        """Go on with the episode that this shard had open; another shard's is that shard's to end."""
        opened_at, shard = (int(number) for number in array.tolist())
        if shard == self.shard and not self.opened_at:
            self.opened_at = opened_at
