"""One slot: one partition of every telemetry topic, with all state derived from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor.account import DeadLetterWriter, PartitionAccount
from aiops.agents.monitor.calls import take_spans
from aiops.agents.monitor.detection import DEAD, LATENESS, SlotDetection
from aiops.agents.monitor.lines import take_logs, take_rows
from aiops.agents.monitor.log_series import LogSeries, interval_clock
from aiops.agents.monitor.plan import Produced, SlotPlan
from aiops.agents.monitor.points import Longs, PointFeed
from aiops.agents.monitor.routing import PointRouter, RowRouter
from aiops.agents.monitor.span_series import SpanSeries
from aiops.model.deadletters import DeadLetterReason
from aiops.model.durations import MINUTE, SECOND
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import FetchedRecords, TopicPartition
from detectors import rows
from detectors.bank.layout import Ended
from detectors.intervals import INTERVAL
from detectors.revisions import Place
from detectors.watermarks import Watermark, lowest
from detectors.wire import keyed
from detectors.wire.batch import PointBatch, Rejected
from detectors.wire.formats import LogFormat, PointFormat, SpanFormat
from detectors.wire.memory import WireMemory
from detectors.wire.scan import newest
from detectors.wire.series import REFUSED

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
        self.memory = WireMemory(plan.data.series_limit, plan.wire)
        self.transit = WireMemory(_TRANSIT * plan.data.series_limit, plan.wire)
        place = Place(plan.slot, plan.generation, plan.domain)
        self.detection = SlotDetection(plan, self.memory.table, place)
        self.router = PointRouter(plan.slot, plan.slots, topics.keyed, self.transit, self.memory.table)
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
        self._numbers = {topic: number for number, topic in enumerate(sources)}
        self.seen: dict[keyed.Origin, int] = {}
        self.heard: dict[keyed.Origin, int] = {}
        """Newest event time that each origin of keyed records has sent, ns."""
        self.office = DeadLetterWriter(plan.data.dead_letter_bytes, plan.domain)

    # ---------------------------------------------------------------------------------------------- records in

    def handle(self, fetched: FetchedRecords, received_at: int) -> Produced:
        """Process the records of one partition; records that were processed before are skipped."""
        if fetched.refused is not None:
            return self.set_aside(fetched, fetched.refused)
        out = Produced()
        fetched = fetched.after(self.accounts[fetched.source.topic].next_offset)
        for part in fetched.by_minute():
            self._take(part, received_at, out)
        out.episodes += self.detection.taken()
        out.edges += self.spans.taken()
        return out

    def _take(self, fetched: FetchedRecords, received_at: int, out: Produced) -> None:
        topics, topic = self.plan.topics, fetched.source.topic
        self.detection.source = self._numbers[topic]
        # The record's append time, to the minute, decides whether a time is in the far future.
        now = (fetched.appended_at[0] // MINUTE + 1) * MINUTE
        if topic == topics.keyed:
            self._take_keyed(fetched, now, received_at, out=out)
            return
        router = RowRouter(topics.keyed, fetched.source)
        match self.plan.extensions.formats[topic]:
            case LogFormat(decode=decode_logs):
                batch = decode_logs(fetched.values, self.memory, now)
                self._open(fetched, int(batch.items.sum()), batch.rejected, out=out)
                take_logs(self, fetched, batch, router=router)
                self._mark(fetched, batch.at, batch.record, received_at=received_at)
                out.forwards += router.records()
            case SpanFormat(decode=decode_spans):
                found = decode_spans(fetched.values, self.memory, now)
                self._open(fetched, int(found.items.sum()), found.rejected, out=out)
                take_spans(self, fetched, found, router=router)
                self._mark(fetched, found.at + found.duration, found.record, received_at=received_at)
                out.forwards += router.records()
            case PointFormat(decode=decode_points):
                memory = self.transit if self.plan.routed(topic) else self.memory
                while fetched.offsets:
                    points = decode_points(fetched.values, memory, now)
                    done = len(points.items)  # a decoder that bounds its memory stops early
                    self._take_points(fetched.part(0, done), points, received_at, out=out)
                    fetched = fetched.part(done, len(fetched.offsets))

    def take_points(self, source: TopicPartition, batch: PointBatch, received_at: int) -> Produced:
        """Process decoded points as one further record of ``source``: for simulations without a broker.

        The series numbers must be those of this slot's ``memory.table``.
        """
        offset = max(0, self.accounts[source.topic].next_offset)
        fetched = FetchedRecords(source, (offset,), (b"",), (None,), (received_at,))
        out = Produced()
        self.detection.source = self._numbers[source.topic]
        self._open(fetched, int(batch.items.sum()), batch.rejected, out=out)
        self._feed(fetched, batch, out, highest=self._mark(fetched, batch.at, batch.record, received_at=received_at))
        out.episodes += self.detection.taken()
        return out

    def _open(self, fetched: FetchedRecords, items: int, rejected: Sequence[Rejected], *, out: Produced) -> None:
        account = self.accounts[fetched.source.topic]
        account.take(fetched.offsets, items)
        account.end(Ending.DEAD_LETTER, sum(entry.items for entry in rejected))
        out.dead_letters += self.office.letters(fetched, rejected)

    def _take_points(self, fetched: FetchedRecords, batch: PointBatch, received_at: int, *, out: Produced) -> None:
        self._open(fetched, int(batch.items.sum()), batch.rejected, out=out)
        self.accounts[fetched.source.topic].end(Ending.APPLIED, batch.gaps)
        highest: Longs | None = self._mark(fetched, batch.at, batch.record, received_at=received_at)
        if self.plan.routed(fetched.source.topic):
            batch, highest = self._route(fetched, batch, out), None
        self._feed(fetched, batch, out, highest=highest)

    def _route(self, fetched: FetchedRecords, batch: PointBatch, out: Produced) -> PointBatch:
        """Send points of other slots to them; returns the remaining points with own numbers."""
        account = self.accounts[fetched.source.topic]
        foreign = self.router.owners(batch.series) != self.plan.slot
        if foreign.any():
            which = np.flatnonzero(foreign)
            account.forwarded += int(batch.unit[which].sum(dtype=np.int64))
            out.forwards += self.router.forward(batch, which, fetched.source, offsets=fetched.offsets)
            batch = batch.chosen(~foreign)
        series = self.router.own(batch.series)
        batch = replace(batch, series=series)
        for code in np.unique(series[series < 0]).tolist():
            lost = batch.record[(series == code) & (batch.unit == 1)]
            account.end(Ending.DEAD_LETTER, len(lost))
            out.dead_letters += self.office.refused(fetched, lost, REFUSED[code])
        return batch.chosen(series >= 0) if len(series) and int(series.min()) < 0 else batch

    def _feed(self, fetched: FetchedRecords, batch: PointBatch, out: Produced, *, highest: Longs | None = None) -> None:
        self.detection.admit()
        feed = PointFeed(batch.series, batch.at, batch.value, batch.start, highest)
        codes = self.detection.feed(feed, batch.record, fetched.appended_at)
        if self.accounts[fetched.source.topic].end_points(codes, batch.unit):
            refused = (batch.unit == 1) & (codes == int(Ended.REFUSED))
            out.dead_letters += self.office.refused(fetched, batch.record[refused], DeadLetterReason.NOT_A_NUMBER)

    def _take_keyed(self, fetched: FetchedRecords, now: int, received_at: int, *, out: Produced) -> None:
        """Process keyed records, which hold points or rows; runs of one kind are processed together, in order."""
        begin = 0
        for of_rows, run in groupby(fetched.values, key=rows.is_rows):
            end = begin + len(list(run))
            part = fetched.part(begin, end)
            begin = end
            if of_rows:
                take_rows(self, part, received_at, out=out)
                continue
            found = keyed.decode(part.values, self.memory, now, seen=self.seen)
            batch, duplicates = found.points, int(found.duplicates.sum())
            self._open(part, int(batch.items.sum()) + duplicates, batch.rejected, out=out)
            self.accounts[part.source.topic].end(Ending.DUPLICATE, duplicates)
            self.accounts[part.source.topic].end(Ending.APPLIED, batch.gaps)
            highest = self._mark(part, batch.at, batch.record, received_at=received_at)
            for origin, at in zip(found.origins, highest.tolist(), strict=True):
                self.hear(origin, at)
            self._feed(part, batch, out, highest=highest)

    def _mark(self, fetched: FetchedRecords, at: Longs, record: npt.NDArray[np.int32], *, received_at: int) -> Longs:
        """Advance the topic's watermark; returns the newest time of each record, ns, 0 if it has none."""
        mark = self.marks[fetched.source.topic]
        highest = np.zeros(len(fetched.offsets), np.int64)
        newest(at, record, highest)
        filled = highest > 0
        mark.advance(highest[filled], np.array(fetched.appended_at, np.int64)[filled], received_at)
        return highest

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
            self._open(fetched, count, [Rejected(0, reason, count, ())], out=out)
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
            self.detection.silence(self._speaking())
            self.detection.boundary(self.detection.high + max(0, received_at - last))
        return Produced(self.detection.taken(), self.spans.taken())

    def _speaking(self) -> dict[int, int]:
        """Event time up to which each active source has been read, ns, by the source's number."""
        return {
            self._numbers[topic]: self._newest(topic) - self._lateness(topic)
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
