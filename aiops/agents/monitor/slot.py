"""One slot: one partition of every telemetry topic, with all state derived from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aiops.agents.monitor.account import DeadLetterWriter, PartitionAccount
from aiops.agents.monitor.alignment import align_lines, align_spans, bounded
from aiops.agents.monitor.calls import take_spans
from aiops.agents.monitor.detection import DEAD, LATENESS, SlotDetection
from aiops.agents.monitor.lines import take_logs
from aiops.agents.monitor.log_series import LogSeries, interval_clock
from aiops.agents.monitor.plan import Produced, SlotPlan
from aiops.agents.monitor.point_intake import aligned, feed, take_keyed, take_points
from aiops.agents.monitor.senders import SenderClocks
from aiops.agents.monitor.series_life import SeriesLife, reclaim
from aiops.agents.monitor.silence import SilenceJudge, cut_topics
from aiops.agents.monitor.slot_routers import PointRouter, RowRouter
from aiops.agents.monitor.span_series import SpanSeries
from aiops.model.deadletters import DeadLetterReason
from aiops.model.durations import MINUTE, SECOND
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import FetchedRecords, TopicPartition
from detectors.intervals import INTERVAL
from detectors.revisions import Place
from detectors.senders.layout import Aligned, Clock
from detectors.watermarks import Watermark, lowest
from detectors.wire import keyed
from detectors.wire.batch import PointBatch, Rejected
from detectors.wire.formats import LogFormat, PointFormat, SpanFormat
from detectors.wire.high_cardinality import Crowds
from detectors.wire.memory import WireMemory

_TRANSIT = 4
"""Most series in transit, as a multiple of the slot's own series."""


class Slot:
    """State of one slot, and the processing of its records.

    Decisions use only the records' times (event and append time), never the time of a poll. So the state does not
    depend on how the input is split into polls, and a replay after a restart gives the same state.
    """

    def __init__(self, plan: SlotPlan) -> None:
        self.plan = plan
        topics = plan.topics
        limit, quota = plan.data.series_limit, plan.data.entity_series_limit
        self.memory = WireMemory(limit, plan.wire, quota=quota, key=plan.key)
        self.transit = WireMemory(_TRANSIT * limit, plan.wire, quota=quota, key=plan.key)
        self.life = SeriesLife(max(1, int(plan.data.series_idle_seconds * SECOND // MINUTE)))
        self.transit.relations = self.memory.relations
        place = Place(plan.slot, plan.generation, plan.domain)
        self.detection = SlotDetection(plan, self.memory.table, place)
        self.shared, self.direct = (
            PointRouter(plan.slot, plan.slots, topics.keyed, memory, self.memory.table)
            for memory in (self.transit, self.memory)
        )
        self.routers = {topic: self.direct if plan.direct(topic) else self.shared for topic in topics.telemetry}
        formats = plan.extensions.formats.items()
        self._counted = {topic: isinstance(one, LogFormat | SpanFormat) for topic, one in formats} | {
            topics.keyed: True
        }
        shared_logs = any(isinstance(one, LogFormat) and plan.routed(topic) for topic, one in formats)
        shared_spans = any(isinstance(one, SpanFormat) and plan.routed(topic) for topic, one in formats)
        self.logs = LogSeries(self.detection, interval_clock(shared=shared_logs))
        self.spans = SpanSeries(self.detection, plan.objectives, interval_clock(shared=shared_spans))
        sources = (*topics.telemetry, topics.keyed)
        self.accounts = {topic: PartitionAccount() for topic in sources}
        self.marks = {topic: Watermark() for topic in sources}
        self.numbers = {topic: number for number, topic in enumerate(sources)}
        self.senders = SenderClocks(int(plan.data.allowed_lateness_seconds * SECOND))
        self.judge = SilenceJudge(self.senders)
        self.seen: dict[keyed.Origin, int] = {}
        self.heard: dict[keyed.Origin, int] = {}
        """Newest event time that each origin of keyed records has sent, ns."""
        self.dead_letters = DeadLetterWriter(
            plan.data.dead_letter_bytes, plan.domain, (Crowds(self.memory.table), Crowds(self.transit.table))
        )

    # ---------------------------------------------------------------------------------------------- records in

    def handle(self, fetched: FetchedRecords, received_at: int) -> Produced:
        """Process the records of one partition; records that were processed before are skipped."""
        if fetched.refused is not None:
            return self.set_aside(fetched, fetched.refused)
        out = Produced()
        fetched = bounded(fetched.after(self.accounts[fetched.source.topic].next_offset), received_at)
        for part in fetched.by_minute():
            self._take(part, received_at, out)
        out.episodes += self.detection.taken()
        out.edges += self.memory.relations.taken() + self.spans.taken()
        return out

    def _take(self, fetched: FetchedRecords, received_at: int, out: Produced) -> None:
        topics, topic = self.plan.topics, fetched.source.topic
        self._enter(topic, fetched.appended_at[0], received_at)
        number = self.numbers[topic]
        # The record's time of receipt, to the minute, decides whether a time is in the far future.
        now = (fetched.appended_at[0] // MINUTE + 1) * MINUTE
        self.memory.relations.advance(now)
        if topic == topics.keyed:
            take_keyed(self, fetched, (now, received_at), out=out)
            return
        router = RowRouter(topics.keyed, fetched.source)
        match self.plan.extensions.formats[topic]:
            case LogFormat(decode=decode_logs):
                batch = decode_logs(fetched.values, self.memory, now)
                self.open(fetched, int(batch.items.sum()), batch.rejected, out=out)
                batch, corrected = align_lines(self.senders, fetched, batch, source=number, late_ns=self._late(topic))
                take_logs(self, fetched, batch, router=router, aligned=corrected)
                self.leave_out(topic)
                self.mark(fetched, corrected, received_at)
                out.forwards += router.records()
            case SpanFormat(decode=decode_spans):
                found = decode_spans(fetched.values, self.memory, now)
                self.open(fetched, int(found.items.sum()), found.rejected, out=out)
                found, corrected = align_spans(self.senders, fetched, found, source=number, late_ns=self._late(topic))
                take_spans(self, fetched, found, router=router, aligned=corrected)
                self.leave_out(topic)
                self.mark(fetched, corrected, received_at)
                out.forwards += router.records()
            case PointFormat(decode=decode_points):
                memory = self.routers[topic].transit
                while fetched.offsets:
                    points = decode_points(fetched.values, memory, now)
                    done = len(points.items)  # a decoder that bounds its memory stops early
                    take_points(self, fetched.part(0, done), points, received_at=received_at, out=out)
                    fetched = fetched.part(done, len(fetched.offsets))

    def _enter(self, topic: str, appended: int, received_at: int) -> None:
        """The records of one minute of a topic are next; reclaims what the topic does not send any more."""
        source = self.numbers[topic]
        if self.life.enter(source, appended, received_at):
            reclaim(self, source)
        self.detection.source, self.detection.minute = source, self.life.minute(source)

    def take_points(self, source: TopicPartition, batch: PointBatch, received_at: int) -> Produced:
        """Process decoded points as one further record of ``source``: for simulations without a broker.

        The series numbers must be those of this slot's ``memory.table``.
        """
        offset = max(0, self.accounts[source.topic].next_offset)
        fetched = FetchedRecords(source, (offset,), (b"",), (None,), (received_at,))
        out = Produced()
        self.detection.source = self.numbers[source.topic]
        self.open(fetched, int(batch.items.sum()), batch.rejected, out=out)
        batch, highest = aligned(self, fetched, replace(batch, at=batch.at.copy()), received_at=received_at)
        feed(self, fetched, batch, out=out, highest=highest)
        out.episodes += self.detection.taken()
        return out

    def open(self, fetched: FetchedRecords, items: int, rejected: Sequence[Rejected], *, out: Produced) -> None:
        """Count records and their units; those that could not be decoded end as dead letters."""
        account = self.accounts[fetched.source.topic]
        account.take(fetched.offsets, items)
        account.end(Ending.DEAD_LETTER, sum(entry.items for entry in rejected))
        out.dead_letters += self.dead_letters.of_records(fetched, rejected)

    def leave_out(self, topic: str) -> None:
        """Lines and spans that had no room were counted as learned: they end as over the limit."""
        count = self.logs.left_out + self.spans.left_out
        self.logs.left_out = self.spans.left_out = 0
        self.accounts[topic].end(Ending.LEARNED, -count)
        self.accounts[topic].end(Ending.OVER_LIMIT, count)

    def mark(self, fetched: FetchedRecords, aligned: Aligned, received_at: int) -> None:
        """Advance the topic's watermark."""
        highest = aligned.highest
        filled = highest > 0
        received = np.array(fetched.appended_at, np.int64)
        self.marks[fetched.source.topic].advance(highest[filled], received[filled], received_at)

    def _late(self, topic: str) -> int:
        """Allowed lateness of lines and spans within their sender, ns."""
        shared = isinstance(self.plan.extensions.formats[topic], LogFormat)
        return int(self.logs.clock.lateness if shared else self.spans.clock.lateness)

    def hear(self, origin: keyed.Origin | None, at: int) -> None:
        """Advance an origin of keyed records to an event time, ns; 0: no change."""
        if origin is not None and at:
            self.heard[origin] = max(self.heard.get(origin, 0), at)

    # ------------------------------------------------------------------------------------------------ the rest

    def set_aside(self, fetched: FetchedRecords, reason: DeadLetterReason) -> Produced:
        """End records unread, one unit each, with one dead letter; records that were processed before are skipped."""
        fetched = fetched.after(self.accounts[fetched.source.topic].next_offset)
        out = Produced()
        if count := len(fetched.offsets):
            self.open(fetched, count, [Rejected(0, reason, count, ())], out=out)
        return out

    def lose(self, topic: str, begin: int, end: int) -> int:
        """Count offsets [begin, end) that retention removed; returns how many were not counted before."""
        return self.accounts[topic].lose(begin, end)

    def tick(self, received_at: int, *, lag_is_small: bool) -> Produced:
        """Let time pass: sources become idle; if the lag is known and small, the clock of a quiet input advances."""
        idle_after = int(self.plan.data.idle_seconds * SECOND)
        for mark in self.marks.values():
            mark.mark(received_at, idle_after)
        last = max((mark.received_at for mark in self.marks.values()), default=0)
        if lag_is_small and last and self.detection.high:
            self.detection.silence(self.judge, self._speaking())
            self.detection.boundary(self.detection.high + max(0, received_at - last))
        return Produced(self.detection.taken(), self.spans.taken())

    def _speaking(self) -> dict[int, tuple[int, int]]:
        """Receipt that each active source has reached, and event time up to which it was read, ns, by its number.

        Of data from other slots both stay behind with the slowest origin.
        """
        return {
            self.numbers[topic]: (
                int(self.senders.clock(self.numbers[topic])[Clock.RECEIPT]) - mark.newest + self._newest(topic),
                self._newest(topic) - self._lateness(topic),
            )
            for topic, mark in self.marks.items()
            if mark.newest > 0 and mark.received_at > 0 and not mark.idle
        }

    def _newest(self, topic: str) -> int:
        """Event time that all of a topic has reached, ns.

        For data from other slots, the slowest origin counts. An origin whose shard is down sends nothing, and its
        series must not count as silent while other origins advance. After an hour an origin is no longer waited for.
        """
        newest = self.marks[topic].newest
        if topic != self.plan.topics.keyed:
            return newest
        return min([newest, *(at for at in self.heard.values() if at > newest - DEAD)])

    def cut(self) -> dict[str, int]:
        """Number of entities that stopped at the same moment, by topic: a Collector in front of them has stopped."""
        return cut_topics(self.judge, {number: topic for topic, number in self.numbers.items()})

    def watermark(self) -> int:
        """Event time up to which the slot's sources have been read, ns; 0: not known."""
        return lowest([(mark, self._lateness(topic)) for topic, mark in self.marks.items() if mark.newest > 0])

    def _lateness(self, topic: str) -> int:
        return int(self.spans.clock.lateness) + INTERVAL + LATENESS if self._counted[topic] else LATENESS

    def ledger(self) -> list[LedgerLine]:
        """One line for each partition that was read."""
        plan = self.plan
        return [
            account.line(TopicPartition(topic, plan.slot), plan.slot, plan.generation, domain=plan.domain)
            for topic, account in self.accounts.items()
            if account.next_offset >= 0
        ]

    def positions(self) -> dict[TopicPartition, int | None]:
        """Offset from which each partition continues; None: from the beginning."""
        return {
            TopicPartition(topic, self.plan.slot): account.next_offset if account.next_offset >= 0 else None
            for topic, account in self.accounts.items()
        }
