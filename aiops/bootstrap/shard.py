"""Factory of a shard, called inside its actor."""

from __future__ import annotations

import secrets

from aiops.adapters.allocation import keep_freed_memory
from aiops.adapters.attempts import FileAttempts
from aiops.adapters.bundle.loading import bundle_folder
from aiops.adapters.bundle.metric_rows import load_metrics
from aiops.adapters.bundle.services import objectives
from aiops.adapters.clock import open_clock
from aiops.adapters.encryption import open_seal
from aiops.adapters.fail_points import open_fail_points
from aiops.adapters.journal.factory import open_journal
from aiops.adapters.kafka.consumer_factory import open_consumer
from aiops.adapters.kafka.following_consumer import FollowingConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.adapters.memory_limit import limit_memory
from aiops.adapters.monitoring_records import PublishingAgent
from aiops.adapters.plugins import installed
from aiops.adapters.shard import Shard
from aiops.adapters.shard_parts import ShardParts, ShardRhythm
from aiops.adapters.short_lives import short_lives
from aiops.adapters.snapshots.opening import open_snapshots
from aiops.agents.monitoring import MonitoringAgent
from aiops.settings import Settings


def make_shard(settings: Settings, bootstrap: str, number: int) -> Shard:
    """The shard of an actor. From the start it owns the slots that the assignment gives it."""
    keep_freed_memory()
    limit_memory(settings.data.memory_bytes)
    deaths = settings.state / "deaths"
    died_soon = short_lives(deaths / settings.domain / f"shard-{number}.lives") > 0
    clock, topics, data = open_clock(settings), settings.topics, settings.data
    folder = bundle_folder(settings)
    goals = objectives(folder / "services", settings.domain)
    agent = MonitoringAgent(
        settings, number, goals, metrics=load_metrics(folder), plugins=installed(), secret=secrets.token_bytes(16)
    )
    consumer = FollowingConsumer(
        open_consumer(settings, bootstrap, f"aiops-{settings.domain}", cautious=died_soon),
        KafkaTopics(bootstrap, security=settings.kafka),
        slots=settings.kafka.partitions,
    )
    parts = ShardParts(
        consumer=consumer,
        topics=consumer,
        producer=KafkaPythonProducer(bootstrap, settings.kafka.max_record_bytes, security=settings.kafka),
        store=open_snapshots(settings),
        agent=PublishingAgent(agent, settings, open_seal(settings.state), clock=clock),
        clock=clock,
        attempts=FileAttempts(deaths, settings.domain),
        domain=settings.domain,
    )
    rhythm = ShardRhythm(snapshot_seconds=data.snapshot_seconds, poll_bytes=settings.kafka.poll_bytes)
    journal = open_journal(settings)
    assigned = journal.assignment(settings.domain)
    journal.close()
    mine = {slot: generation for slot, (shard, generation) in assigned.items() if shard == number}
    everything = (*topics.telemetry, topics.keyed)
    return Shard(number, parts, everything, rhythm=rhythm, slots=mine, fail_point=open_fail_points(settings))
