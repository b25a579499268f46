"""Senders whose clocks are far off: one episode of the runtime for a shard, which names them.

Their times are corrected, so detection goes on. But logs and traces of such a sender show wrong times to people, and
data of a sender whose clock jumps cannot be corrected. A sender that always sends old data looks the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND
from aiops.model.entities import MAIN_DOMAIN, RUNTIME_ENTITY
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from detectors.revisions import base36

METRIC = "aiops.clock.skew"
_HOLD = 120 * SECOND
"""A clock must be wrong for so long before it counts, ns."""
_LOOK_EVERY = 10 * SECOND
_REPEAT_AFTER = 30 * SECOND
_LEFT = 0.5
"""A clock that counted is right again below this share of the limit."""
_MOST_SIGNALS = 16
_SCORE = 0.6


@dataclass(slots=True)
class WrongClocks:
    """Watches the clock skews of one shard's senders."""

    shard: int
    domain: str = MAIN_DOMAIN
    limit: float = 60.0
    """Skew, seconds, above which a clock is wrong."""
    opened_at: int = 0
    """Start of the open episode, ns; 0: none is open."""
    _since: dict[str, int] = field(default_factory=dict)
    """Time at which the clock of each suspected sender was first seen wrong, ns."""
    _named: tuple[str, ...] = ()
    _looked_at: int = 0
    _reported_at: int = 0

    def tick(self, now: int, skews: Callable[[], Mapping[str, float]]) -> list[Episode]:
        """The episode if it opens, continues or ends.

        Args:
            now: receipt time, ns.
            skews: gives the skew of the worst senders that are heard, seconds; above 0: the clock is behind.
        """
        if now - self._looked_at < _LOOK_EVERY:
            return []
        self._looked_at = now
        found = skews()
        self._since = {
            name: self._since.get(name, now - _HOLD if self.opened_at and not self._named else now)
            for name, skew in found.items()
            if abs(skew) > self.limit * (_LEFT if name in self._named else 1.0)
        }
        named = tuple(sorted(name for name, since in self._since.items() if now - since >= _HOLD))
        if not named:
            return self._end(now) if self.opened_at else []
        if self.opened_at and named == self._named and now - self._reported_at < _REPEAT_AFTER:
            return []
        self.opened_at = self.opened_at or now
        self._named, self._reported_at = named, now
        worst = sorted(named, key=lambda name: (-abs(found[name]), name))[:_MOST_SIGNALS]
        return [self._episode(now, tuple(self._signal(name, found[name]) for name in worst), None)]

    def _end(self, now: int) -> list[Episode]:
        signals = tuple(self._signal(name, 0.0, now) for name in self._named[:_MOST_SIGNALS])
        ended = self._episode(now, signals or (self._signal("", 0.0, now),), now)
        self.opened_at, self._named = 0, ()
        return [ended]

    def _episode(self, now: int, signals: tuple[Signal, ...], ended_at: int | None) -> Episode:
        return Episode(
            id=f"{RUNTIME_ENTITY}@{base36(self.opened_at)}/clocks-{self.shard}",
            entity=RUNTIME_ENTITY,
            opened_at=self.opened_at,
            revision=1 + (now - self.opened_at) // 10_000_000,
            severity=_SCORE,
            signals=signals,
            signals_total=max(len(self._named), len(signals)),
            watermark=now,
            ended_at=ended_at,
            source=Source.RUNTIME,
            domain=self.domain,
        )

    def _signal(self, sender: str, skew: float, since: int = 0) -> Signal:
        return Signal(
            series=f"{METRIC}{{sender={sender}}}" if sender else METRIC,
            metric=METRIC,
            direction=SignalDirection.UP if skew >= 0.0 else SignalDirection.DOWN,
            source=Source.RUNTIME,
            since=since or self._since[sender],
            score=_SCORE,
            value=skew,
            expected=0.0,
            detector="clocks",
        )

    def to_array(self) -> npt.NDArray[np.int64]:
        """The open episode, for a snapshot: the shard's next owner must end it."""
        return np.array([self.opened_at, self.shard], np.int64)

    def restore(self, array: npt.NDArray[np.generic]) -> None:
        """Take over the open episode if it is this shard's own; another shard ends its own episode."""
        opened_at, shard = (int(number) for number in array.tolist())
        if shard == self.shard and not self.opened_at:
            self.opened_at = opened_at
