"""Episodes of the runtime for slots that do not move: opened, reported again and ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from aiops.adapters.stalls import Stall
from aiops.model.durations import SECOND
from aiops.model.entities import MAIN_DOMAIN, RUNTIME_ENTITY
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from detectors.revisions import base36

METRIC: Final = "aiops.stalled"
_TELL_AGAIN: Final = 30 * SECOND
_SCORE: Final = 0.9
_MOST_SIGNALS: Final = 16


@dataclass(slots=True)
class StallEpisodes:
    """One episode a slot. Times are of the wall clock, ns UTC."""

    domain: str = MAIN_DOMAIN
    open: dict[int, Episode] = field(default_factory=dict)
    """Open episodes by slot. The next keeper must end them: keep them where it finds them."""

    def tell(self, stalls: Mapping[int, Sequence[Stall]], now: int) -> list[Episode]:
        """The episodes that open, continue (every 30 s) or end, for the slots that are stalled now."""
        told = []
        for slot, found in stalls.items():
            known = self.open.get(slot)
            if known is None or now - known.watermark >= _TELL_AGAIN:
                told.append(self._episode(slot, found, known, now=now))
        over = [self.open[slot] for slot in sorted(self.open.keys() - stalls.keys())]
        told += [replace(found, revision=found.revision + 1, watermark=now, ended_at=now) for found in over]
        for episode in told:
            if episode.ended_at is None:
                self.open[episode.slot] = episode
            else:
                del self.open[episode.slot]
        return told

    def _episode(self, slot: int, stalls: Sequence[Stall], known: Episode | None, *, now: int) -> Episode:
        signals = tuple(_signal(stall, now) for stall in stalls[:_MOST_SIGNALS])
        if known is not None:
            return replace(
                known, revision=known.revision + 1, signals=signals, signals_total=len(stalls), watermark=now
            )
        return Episode(
            id=f"{RUNTIME_ENTITY}@{base36(now)}/stalled-{slot}",
            entity=RUNTIME_ENTITY,
            opened_at=now,
            revision=1,
            severity=_SCORE,
            signals=signals,
            signals_total=len(stalls),
            watermark=now,
            source=Source.RUNTIME,
            slot=slot,
            domain=self.domain,
        )


def _signal(stall: Stall, now: int) -> Signal:
    return Signal(
        series=f"{METRIC}{{partition={stall.place.topic}/{stall.place.partition}}}",
        metric=METRIC,
        direction=SignalDirection.UP,
        source=Source.RUNTIME,
        since=now - round(stall.seconds * SECOND),
        score=_SCORE,
        value=float(stall.unread),
        expected=0.0,
        detector="stalls",
    )
