"""Makes the orchestration inside its actor: journal, control topics, dispatcher, pager, checkpoints."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import replace

from aiops.adapters.checkpoints import CheckpointPublisher, Signing
from aiops.adapters.cluster.agents import ClusterAgents
from aiops.adapters.cluster.cluster import Cluster
from aiops.adapters.cluster.parts import ClusterFleet, ClusterSteps
from aiops.adapters.dispatch import Outside, ThreadedDispatcher
from aiops.adapters.journal.budget import SqlBudgetStore
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.adapters.orchestration import Orchestration, OrchestrationParts, OrchestrationStatus
from aiops.adapters.paging.channels import open_levels
from aiops.adapters.paging.pager import SpoolingPager
from aiops.adapters.paging.spool import Spool, spool_folder
from aiops.adapters.sealing import Seal, encode_letter, open_seal
from aiops.adapters.signing import signing_key
from aiops.bootstrap.parts import fail_points, limits, make_clock, open_journal
from aiops.model.cloudevents import Receipt, Refused, decode
from aiops.model.deadletters import DeadLetter, DeadLetterReason, kept_headers, kept_key
from aiops.model.errors import TemporaryError
from aiops.model.events import Event
from aiops.model.prose import Prose
from aiops.ports import FetchedRecords, TopicPartition
from aiops.settings import Settings


class ControlTopics:
    """Reads records of the control topics; what cannot be used is a dead letter.

    Args:
        settings: for the domain and how much of an original is kept.
        seal: gives people's names as keyed digests.
    """

    def __init__(self, settings: Settings, seal: Seal) -> None:
        self._settings, self._seal = settings, seal

    def __call__(
        self, records: FetchedRecords, place: int, received_at: int
    ) -> tuple[tuple[Event, ...], DeadLetter | None]:
        """Events of one record, or why there are none. Never raises."""
        value = records.values[place]
        read = decode(value, Receipt(received_at, self._seal.pseudonym))
        if not isinstance(read, Refused):
            foreign = {event.domain for event in read} - {self._settings.domain}
            if not foreign:
                return read, None
            here = f"it belongs to domain {min(foreign)!r}, and this is {self._settings.domain!r}"
            read = Refused(DeadLetterReason.UNSUPPORTED, Prose(here))
        kept = self._settings.data.dead_letter_bytes
        return (), DeadLetter(
            topic=records.source.topic,
            partition=records.source.partition,
            offset=records.offsets[place],
            reason=read.reason,
            items=1,
            places=(0,),
            at=records.appended_at[place],
            original=value[:kept],
            cut=len(value) > kept,
            record_key=kept_key(records.keys[place], kept),
            headers=kept_headers(records.headers[place], kept) if records.headers else (),
            detail=read.detail,
            domain=self._settings.domain,
        )


def control_places(settings: Settings, bootstrap: str) -> tuple[TopicPartition, ...]:
    """Every partition of every control topic, as the broker has them."""
    topics = KafkaTopics(bootstrap)
    try:
        found = topics.describe(list(settings.topics.control))
    finally:
        topics.close()
    missing = set(settings.topics.control) - {topic.name for topic in found}
    if missing:
        raise TemporaryError(f"topics are missing: {', '.join(sorted(missing))}", 2.0)
    return tuple(TopicPartition(topic.name, number) for topic in found for number in range(topic.partitions))


class HostedOrchestration:
    """The orchestration with its neighbours, as an actor hosts it."""

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        clock = make_clock(settings)
        cluster = Cluster(settings.ray, settings.domain, "")
        self._journal = open_journal(settings)
        self._producer = KafkaPythonProducer(bootstrap, settings.kafka.max_record_bytes)
        self._burying = KafkaPythonProducer(bootstrap, settings.kafka.max_record_bytes)
        self._settings, self._seal = settings, open_seal(settings.state)
        self._pager = SpoolingPager(
            settings.paging,
            open_levels(settings.paging.levels, clock),
            Spool(spool_folder(settings.state)),
            clock,
        )
        outside = Outside(
            agents=ClusterAgents(cluster),
            steps=ClusterSteps(cluster),
            fleet=ClusterFleet(cluster, None, clock),
            budget=SqlBudgetStore(self._journal.engine),
            limits=limits(settings),
            pager=self._pager,
            producer=self._producer,
            clock=clock,
        )
        self._dispatcher = ThreadedDispatcher(outside, self._offer, fail_points(settings))
        parts = OrchestrationParts(
            journal=self._journal,
            consumer=KafkaPythonConsumer(bootstrap, f"aiops-{settings.domain}-orchestrator"),
            dispatcher=self._dispatcher,
            reader=ControlTopics(settings, self._seal),
            clock=clock,
            bury=self._bury,
            places=control_places(settings, bootstrap),
            fail_point=fail_points(settings),
        )
        self._orchestration = Orchestration(settings, parts, f"{socket.gethostname()}/{os.getpid()}")
        self._checkpoints = CheckpointPublisher(
            Signing(settings.domain, settings.topics.audit, settings.state, signing_key(settings.state)),
            SqlJournalReader(self._journal.engine),
            KafkaPythonProducer(bootstrap),
            clock,
        )

    def start(self) -> None:
        """Pages that were not sent go out first; then the loop begins."""
        self._pager.resume(self._dispatcher.paged)
        self._orchestration.start()
        self._checkpoints.start(self._settings.control.checkpoint_seconds)

    def stop(self) -> None:
        """End after the group at hand."""
        self._orchestration.stop()
        self._checkpoints.stop()
        self._pager.close()
        self._journal.close()

    def wake(self) -> None:
        """Something was written to the inbox."""
        self._orchestration.wake()

    def status(self) -> OrchestrationStatus:
        """The last published view."""
        status, checkpoints = self._orchestration.status(), self._checkpoints
        return replace(status, checkpoint=checkpoints.number, trouble=status.trouble or checkpoints.trouble)

    def _offer(self, *events: Event) -> None:
        self._orchestration.offer(*events)

    def _bury(self, letters: Sequence[DeadLetter]) -> None:
        if not letters:
            return
        topic = self._settings.topics.dead_letters
        self._burying.send(encode_letter(letter, self._seal, topic) for letter in letters)
        self._burying.flush()


def make_orchestration(settings: Settings, bootstrap: str) -> HostedOrchestration:
    """What the orchestrator's actor hosts."""
    return HostedOrchestration(settings, bootstrap)
