"""The monitoring agent: the pure core of one shard of the data plane. Records in; episodes, edges, dead letters out.

It owns slots. It reads no clock and no socket, and starts no thread. The caller polls, sends the results, writes the
snapshots and calls the agent from one thread at a time: it must hold one lock around every call. A question from
another thread waits for the batch in progress (at most 50 ms, if the caller keeps batches that small).

To lose nothing, the caller must keep this order. First it sends the results of ``handle`` and ``tick`` and waits for
their acknowledgement. Then it writes ``snapshot``. Then it commits the positions to the broker, for display only.
After a restart ``adopt`` returns the offsets to continue from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aiops.agents.monitor.blindness import Blindness
from aiops.agents.monitor.extensions import extensions_of
from aiops.agents.monitor.plan import Produced, plan_of
from aiops.agents.monitor.readings import SlotReader
from aiops.agents.monitor.slot import Slot
from aiops.agents.monitor.snapshots import SlotSnapshotter
from aiops.agents.monitor.wrong_clocks import WrongClocks
from aiops.model.codec import decode, encode
from aiops.model.deadletters import DeadLetterReason
from aiops.model.durations import SECOND
from aiops.model.entities import Objective
from aiops.model.episodes import Episode
from aiops.model.errors import FencedOutError, PermanentError
from aiops.model.ledger import LedgerLine
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.records import FetchedRecords, SlotSnapshot, TopicPartition
from aiops.model.runtime_episodes import loss_episode
from aiops.model.telemetry import EntityReading, FleetQuestion
from aiops.plugins import BUILT_INS, Plugins
from aiops.settings import Settings
from detectors.revisions import base36
from detectors.wire.batch import PointBatch
from detectors.wire.series import SeriesTable

_LOSS_SHOWN = 300 * SECOND
"""How long the episode of a loss stays open, ns."""
_WORST = 10
"""Number of senders whose clock skew is shown."""
_WATCHED = 100
"""Number of senders whose clock skew may open an episode."""
_HEARD = 900 * SECOND
"""A sender that was not heard for longer has no clock to repair, ns."""
_LOSSES = "losses"
"""Part of a snapshot's head: the open episodes of losses as lines of JSON; the slot's next owner must end them."""


@dataclass(frozen=True, slots=True)
class SourceView:
    """Progress of one partition, for people and metrics. Times in ns."""

    source: TopicPartition
    watermark: int
    """Newest event time."""
    idle: bool
    skew: int
    """Append time less event time, median of recent records."""
    position: int


@dataclass(slots=True)
class _Owned:
    slot: Slot
    snapshotter: SlotSnapshotter
    reader: SlotReader


class MonitoringAgent:
    """The slots of one shard.

    Args:
        settings: the tree of settings.
        shard: number of the shard, for texts.
        objectives: service-level objectives by entity; their budgets are computed from spans.
        metrics: what metrics mean; None: the shipped table.
        plugins: source of formats, detectors and views.
        secret: random bytes, at most 64, that make the hashes of new slots unpredictable; empty: they are not.

    Raises:
        PermanentError: the settings name an extension that does not exist or cannot be loaded.
    """

    def __init__(
        self,
        settings: Settings,
        shard: int = 0,
        objectives: Mapping[str, tuple[Objective, ...]] | None = None,
        *,
        metrics: MetricTable | None = None,
        plugins: Plugins = BUILT_INS,
        secret: bytes = b"",
    ) -> None:
        self.settings = settings
        self.shard = shard
        self.objectives = objectives or {}
        self.metrics = metrics or MetricTable()
        self._extensions = extensions_of(settings, plugins)
        self._secret = secret
        self._owned: dict[int, _Owned] = {}
        self._losses: list[Episode] = []
        self._blindness = Blindness(shard, settings.domain, round(settings.data.blind_seconds * SECOND))
        self._clocks = WrongClocks(shard, settings.domain, settings.data.skew_seconds)

    @property
    def slots(self) -> tuple[int, ...]:
        """Numbers of the slots that are owned."""
        return tuple(sorted(self._owned))

    def adopt(
        self, slot: int, generation: int, snapshots: Sequence[SlotSnapshot] = ()
    ) -> dict[TopicPartition, int | None]:
        """Take a slot over from its newest snapshots; returns the offsets to continue from (None: the beginning).

        Raises:
            FencedOutError: a snapshot or the owned slot has a newer generation.
        """
        newest = max((found.generation for found in snapshots), default=0)
        if slot in self._owned:
            newest = max(newest, self._owned[slot].slot.plan.generation)
        if generation < newest:
            raise FencedOutError(f"slot {slot}: generation {generation} is older than {newest}")
        plan = plan_of(
            self.settings,
            (slot, generation),
            objectives=self.objectives,
            metrics=self.metrics,
            extensions=self._extensions,
            secret=self._secret,
        )
        made = Slot(plan)
        snapshotter = SlotSnapshotter(made)
        snapshotter.restore(snapshots)
        self._owned[slot] = _Owned(made, snapshotter, SlotReader(made))
        if snapshots:
            head = snapshots[-1].parts["head"]
            self._blindness.restore(head["blind"])
            self._clocks.restore(head["clocks"])
            known = {found.id for found in self._losses}
            losses = [decode(Episode, line) for line in head[_LOSSES].tobytes().splitlines()] if _LOSSES in head else []
            self._losses += [found for found in losses if found.id not in known]
        return made.positions()

    def drop(self, slot: int) -> None:
        """Give a slot up; the caller must take its last snapshot before."""
        self._owned.pop(slot, None)
        self._losses = [found for found in self._losses if found.slot != slot]

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> Produced:
        """Process the records of a poll, in their order; records that were processed before are skipped."""
        out = Produced()
        for fetched in batch:
            if fetched.offsets:
                out.add(self._of(fetched.source.partition).slot.handle(fetched, received_at))
        return out

    def set_aside(self, fetched: FetchedRecords) -> Produced:
        """Turn records into dead letters unread: a shard died of them."""
        return self._of(fetched.source.partition).slot.set_aside(fetched, DeadLetterReason.KILLED_SHARD)

    def table(self, slot: int) -> SeriesTable:
        """The table that numbers the series of a slot."""
        return self._of(slot).slot.memory.table

    def take_points(self, source: TopicPartition, batch: PointBatch, received_at: int) -> Produced:
        """Process decoded points without bytes (see ``Slot.take_points``)."""
        return self._of(source.partition).slot.take_points(source, batch, received_at)

    def tick(self, received_at: int, *, lag_is_small: bool = False) -> Produced:
        """Let time pass; the caller calls it about once a second, with or without records.

        ``lag_is_small``: all partitions are known to be read almost up to their ends. Only then is silence detected,
        and only then does the clock of a quiet input advance.
        """
        out = Produced()
        for owned in self._owned.values():
            out.add(owned.slot.tick(received_at, lag_is_small=lag_is_small))
        out.episodes += self._blindness.tick(received_at, self._received(), lag_is_small=lag_is_small, cut=self._cut())
        out.episodes += self._clocks.tick(received_at, lambda: self._skews(_WATCHED, received_at - _HEARD))
        over = [found for found in self._losses if received_at - found.opened_at >= _LOSS_SHOWN]
        self._losses = [found for found in self._losses if received_at - found.opened_at < _LOSS_SHOWN]
        out.episodes += [self._loss_over(found, received_at) for found in over]
        return out

    def _loss_over(self, found: Episode, at: int) -> Episode:
        generation = self._of(found.slot).slot.plan.generation
        return replace(found, revision=2, ended_at=at, watermark=at, generation=generation)

    def _received(self) -> dict[str, int]:
        """Receipt time of each topic's newest record in any slot, ns; the internal topic between slots is left out."""
        received: dict[str, int] = {}
        for owned in self._owned.values():
            for topic, mark in owned.slot.marks.items():
                received[topic] = max(received.get(topic, 0), mark.received_at)
        received.pop(self.settings.topics.keyed, None)
        return received

    def _cut(self) -> dict[str, int]:
        """Number of entities that stopped at the same moment, by topic."""
        found: dict[str, int] = {}
        for owned in self._owned.values():
            for topic, entities in owned.slot.cut().items():
                found[topic] = found.get(topic, 0) + entities
        return found

    def lost(self, source: TopicPartition, begin: int, end: int, *, received_at: int) -> Produced:
        """Count offsets [begin, end), which retention removed unread, and open an episode of the runtime itself."""
        owned = self._of(source.partition)
        count = owned.slot.lose(source.topic, begin, end)
        if not count:
            return Produced()
        found = loss_episode(source, count, id_part=base36(received_at), at=received_at, domain=self.settings.domain)
        episode = replace(found, slot=source.partition, generation=owned.slot.plan.generation)
        self._losses.append(episode)
        return Produced(episodes=[episode])

    def snapshot(self, slot: int, *, full: bool = False, again: bool = False) -> SlotSnapshot:
        """The slot's next snapshot. ``again``: the last one could not be written, and this one takes its place."""
        taken = self._of(slot).snapshotter.take(full=full, again=again)
        losses = "\n".join(encode(found) for found in self._losses if found.slot == slot)
        head = {
            **taken.parts["head"],
            "blind": self._blindness.to_array(),
            "clocks": self._clocks.to_array(),
            _LOSSES: np.frombuffer(losses.encode(), np.uint8),
        }
        return replace(taken, parts={**taken.parts, "head": head})

    @property
    def error(self) -> str:
        """The newest errors of plug-in detectors, for people; empty: none."""
        return "; ".join(dict.fromkeys(o.slot.detection.models.error for o in self._owned.values())).strip("; ")

    def ledger(self) -> list[LedgerLine]:
        """One line of the ledger for every partition that was read."""
        return [line for number in self.slots for line in self._owned[number].slot.ledger()]

    def skews(self) -> dict[str, float]:
        """Clock skew, seconds, of the senders where it is largest; above 0: the clock is behind."""
        return self._skews(_WORST)

    def _skews(self, most: int, heard_since: int = 0) -> dict[str, float]:
        senders = [owned.slot.senders for owned in self._owned.values()]
        found = [pair for one in senders for pair in one.skews(most, heard_since).items()]
        return dict(sorted(found, key=lambda pair: -abs(pair[1]))[:most])

    def answer(self, question: FleetQuestion) -> tuple[EntityReading, ...]:
        """Readings of the question's entities that these slots own."""
        if question.domain != self.settings.domain:
            return ()
        return tuple(found for number in self.slots for found in self._owned[number].reader.answer(question))

    def sources(self) -> list[SourceView]:
        """Progress of every partition."""
        return [
            SourceView(TopicPartition(topic, number), mark.newest, mark.idle, mark.skew, account.next_offset)
            for number in self.slots
            for topic, mark in self._owned[number].slot.marks.items()
            if (account := self._owned[number].slot.accounts[topic]).next_offset >= 0
        ]

    def _of(self, slot: int) -> _Owned:
        found = self._owned.get(slot)
        if found is None:
            raise PermanentError(f"shard {self.shard} does not own slot {slot}: it owns {self.slots}")
        return found
