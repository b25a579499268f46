"""What Kafka is told: a single node in KRaft's combined mode, on loopback, sized for a laptop."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
_LOG_FILE_MIB: Final = 8

_PROPERTIES: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENTS",
    "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # One node: every internal topic has one copy, and few partitions, so that a start is quick.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Topics are created by the product with their settings; a typing error must not make one.
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(MAX_MESSAGE_BYTES),
    "replica.fetch.max.bytes": str(MAX_MESSAGE_BYTES),
    # Event time is inside our records. The broker's own time makes retention go by when a record was written, so
    # that a replayed recording from last year is not deleted as it arrives.
    "log.message.timestamp.type": "LogAppendTime",
    "log.retention.hours": "48",
    "log.retention.bytes": str(2 * 1024**3),
    "log.segment.bytes": str(128 * 1024**2),
    "log.index.size.max.bytes": str(2 * 1024**2),
    # A consumer group has nobody to wait for on one machine.
    "group.initial.rebalance.delay.ms": "0",
    # After a kill the old registration must lapse before the new one is accepted: keep that short.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    # The heap is small: the defaults are meant for a server.
    "log.cleaner.dedupe.buffer.size": str(16 * 1024**2),
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
}

_LOG4J: Final = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {folder}/kafka.log
appender.file.filePattern = {folder}/kafka.log.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %m (%c{{1}})%n%ex{{8}}
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = {size} MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
logger.server.name = kafka.server
logger.server.level = info
logger.configuration.name = org.apache.kafka.common.config
logger.configuration.level = warn
"""


def server_properties(data: Path, port: int, controller_port: int) -> str:
    """The text of server.properties for a node that keeps its records in `data`."""
    listeners = {
        "log.dirs": str(data),
        "listeners": f"CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"CLIENTS://127.0.0.1:{port}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
    }
    return "".join(f"{key}={_escaped(value)}\n" for key, value in (_PROPERTIES | listeners).items())


def log_properties(folder: Path) -> str:
    """The text of log4j2.properties: warnings and what the server says of itself, at most 16 MiB in `folder`."""
    return _LOG4J.format(folder=_escaped(str(folder)), size=_LOG_FILE_MIB)


def java_options(folder: Path, heap_mb: int) -> list[str]:
    """Options of the Java runtime: a small heap, no files outside `folder`."""
    return [
        "-Xms64m",
        f"-Xmx{heap_mb}m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        f"-XX:ErrorFile={folder}/java-error.log",
        f"-Djava.io.tmpdir={folder}",
        "-Djava.awt.headless=true",
        "--enable-native-access=ALL-UNNAMED",
        f"-Dlog4j2.configurationFile={folder}/log4j2.properties",
        # Kafka's measures are read through its protocol, so the bean server needs no port; this only quiets log4j.
        "-Dlog4j2.disable.jmx=true",
    ]


def _escaped(value: str) -> str:
    """A value as Java's properties format reads it: a backslash stands for itself only when doubled."""
    return value.replace("\\", "\\\\")
