"""Factory of the orchestration in its actor: journal, control topics, dispatcher, pager, checkpoints."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import replace

from aiops.adapters.agent_conversation import Asking
from aiops.adapters.checkpoint_signatures import signing_key
from aiops.adapters.checkpoints import CheckpointPublisher, Signing
from aiops.adapters.clock import open_clock
from aiops.adapters.cluster.agents import ClusterAgents
from aiops.adapters.cluster.cluster import RayCluster
from aiops.adapters.cluster.parts import ClusterFleet, ClusterSteps
from aiops.adapters.control_records import ControlTopics, control_places
from aiops.adapters.dispatch import ThreadedDispatcher
from aiops.adapters.encryption import encode_letter, open_seal
from aiops.adapters.fail_points import open_fail_points
from aiops.adapters.journal.budget import SqlBudgetStore
from aiops.adapters.journal.factory import open_journal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.following_consumer import FollowingConsumer
from aiops.adapters.kafka.origin_file import control_origins
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.adapters.orchestration import Orchestration, OrchestrationParts, OrchestrationStatus
from aiops.adapters.paging.channels import open_levels
from aiops.adapters.paging.pager import SpoolingPager
from aiops.adapters.paging.spool import Spool, spool_folder
from aiops.bootstrap.parts import limits
from aiops.driver.dispatcher import Outside
from aiops.model.deadletters import DeadLetter
from aiops.model.events import Event
from aiops.settings import Settings


class HostedOrchestration:
    """The orchestration with its dependencies, as an actor hosts it."""

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        clock, self._settings, self._seal = open_clock(settings), settings, open_seal(settings.state)
        cluster = RayCluster(settings.ray, settings.domain, "")
        self._journal = open_journal(settings)
        self._producer = KafkaPythonProducer(bootstrap, settings.kafka.max_record_bytes, security=settings.kafka)
        self._burying = KafkaPythonProducer(bootstrap, settings.kafka.max_record_bytes, security=settings.kafka)
        self._pager = SpoolingPager(
            settings.paging,
            open_levels(settings.paging.levels, clock),
            Spool(spool_folder(settings.state)),
            clock=clock,
        )
        outside = Outside(
            asker=Asking(ClusterAgents(cluster), self._offer, clock),
            steps=ClusterSteps(cluster),
            fleet=ClusterFleet(cluster, None, clock),
            budget=SqlBudgetStore(self._journal.engine),
            limits=limits(settings),
            pager=self._pager,
            producer=self._producer,
            clock=clock,
        )
        self._dispatcher = ThreadedDispatcher(outside, self._offer, open_fail_points(settings))
        parts = OrchestrationParts(
            journal=self._journal,
            consumer=(consumer := control_consumer(settings, bootstrap)),
            topics=consumer,
            dispatcher=self._dispatcher,
            reader=ControlTopics(settings, self._seal),
            clock=clock,
            bury=self._bury,
            places=control_places(settings, bootstrap),
            fail_point=open_fail_points(settings),
        )
        self._orchestration = Orchestration(settings, parts, f"{socket.gethostname()}/{os.getpid()}")
        self._checkpoints = CheckpointPublisher(
            Signing(settings.domain, settings.topics.audit, settings.state, signing_key(settings.state)),
            SqlJournalReader(self._journal.engine),
            KafkaPythonProducer(bootstrap, security=settings.kafka),
            clock=clock,
        )

    def start(self) -> None:
        """Send the spooled pages, then start the loop."""
        self._pager.resume(self._dispatcher.paged)
        self._orchestration.start()
        self._checkpoints.start(self._settings.control.checkpoint_seconds)

    def stop(self) -> None:
        """Stop after the current group of events."""
        self._orchestration.stop()
        self._checkpoints.stop()
        self._pager.close()
        self._journal.close()

    def wake(self) -> None:
        """Read the inbox now: a row was written."""
        self._orchestration.wake()

    def status(self) -> OrchestrationStatus:
        """The last published status."""
        status, checkpoints = self._orchestration.status(), self._checkpoints
        return replace(status, checkpoint=checkpoints.number, error=status.error or checkpoints.error)

    def _offer(self, *events: Event) -> None:
        self._orchestration.offer(*events)

    def _bury(self, letters: Sequence[DeadLetter]) -> None:
        if not letters:
            return
        topic = self._settings.topics.dead_letters
        self._burying.send(encode_letter(letter, self._seal, topic) for letter in letters)
        self._burying.flush()


def control_consumer(settings: Settings, bootstrap: str) -> FollowingConsumer:
    """The reader of the control topics; it knows the topics that the journal's positions belong to."""
    kept = control_origins(settings.state, settings.domain)
    inner = KafkaPythonConsumer(bootstrap, f"aiops-{settings.domain}-orchestrator", security=settings.kafka)
    consumer = FollowingConsumer(inner, KafkaTopics(bootstrap, security=settings.kafka), keep=kept.write)
    consumer.recall(kept.read())
    return consumer


def make_orchestration(settings: Settings, bootstrap: str) -> HostedOrchestration:
    """The orchestration of the orchestrator's actor."""
    return HostedOrchestration(settings, bootstrap)
