"""From a wish and the settings of an installation to an estate that can be started."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiops
from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.apps.range.estate import Estate, users
from aiops.apps.range.estate_files import short_folder
from aiops.apps.range.install import installed
from aiops.model import cloudevents
from aiops.model.errors import PermanentError
from aiops.model.records import OutRecord
from aiops.ports import Producer
from aiops.settings import Settings
from aiops.topic_names import Topics
from simulations.range import inventory
from simulations.range.estate_plan import Language
from simulations.range.generation import generate
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import RunSettings

Report = Callable[[str], None]
_PRODUCT: Final = Path(aiops.__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Options of `aiops range up`."""

    seed: int
    size: int | None = None
    languages: tuple[Language, ...] = tuple(Language)
    kafka: str | None = None
    """HOST:PORT; None: of the settings, else the embedded broker."""
    interval_ms: int = 2_000
    keyed: bool = True
    restarts: bool = False
    load: bool = True
    cmdb_missing: float = 0.0
    cmdb_wrong: float = 0.0


def prepare(wanted: Wanted, settings: Settings, report: Report, *, place: Path | None = None) -> Estate:
    """The estate as it is wanted, not started. The broker runs and has its topics.

    Args:
        wanted: options.
        settings: of the installation.
        report: told what takes time.
        place: the cache of installed parts; None: the default one.

    Raises:
        PermanentError: a part is not installed.
        TemporaryError: the broker does not answer.
    """
    if settings.kafka.secured:
        raise PermanentError("the range's Collector writes without TLS and SASL: name another broker with --config")
    programs = installed(place)
    plan = generate(wanted.seed, size=wanted.size, languages=wanted.languages)
    kafka = wanted.kafka or settings.kafka.bootstrap or EmbeddedBroker(settings.state / "broker", report=report).start()
    topics = KafkaTopics(kafka, patient=False, security=settings.kafka)
    topics.ensure(settings)
    topics.close()
    root = settings.state.absolute() / "range" / str(wanted.seed)
    short = short_folder(root)
    run = RunSettings(
        short=str(short),
        kafka=kafka,
        topics=settings.topics,
        programs=programs,
        users=users(),
        host=socket.gethostname(),
        product=str(_PRODUCT),
        interpreter=sys.executable,
        interval_ms=wanted.interval_ms,
        keyed=wanted.keyed,
        restarts=wanted.restarts,
        load=wanted.load,
        cmdb_missing=wanted.cmdb_missing,
        cmdb_wrong=wanted.cmdb_wrong,
    )
    return Estate(plan, RunFolder(root, short), run)


def publish(estate: Estate, settings: Settings) -> int:
    """Write the estate's configuration items to their topic; the number of items."""
    producer = KafkaPythonProducer(estate.run.kafka, security=settings.kafka)
    try:
        return send_inventory(estate, producer, time.time_ns())
    finally:
        producer.close()


def send_inventory(estate: Estate, producer: Producer, at: int) -> int:
    """Send what the CMDB holds of the estate; the number of items."""
    run = estate.run
    held = inventory.recorded(estate.plan, run.host, missing=run.cmdb_missing, wrong=run.cmdb_wrong)
    found = inventory.events(held, at)
    send(found, producer, run.topics)
    return len(found)


def send(events: list[dict[str, Any]], producer: Producer, topics: Topics) -> None:
    """Send CloudEvents to the topics of their types, keyed by their subjects, and wait for the broker."""
    places = {cloudevents.ITEM: topics.cmdb, cloudevents.CHANGE: topics.changes}
    producer.send(
        [
            OutRecord(places[event["type"]], str(event["subject"]).encode(), cloudevents.encode(event))
            for event in events
        ]
    )
    producer.flush()
