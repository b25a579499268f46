"""The embedded broker as people meet it: started, killed, started again, and in trouble."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from aiops.adapters.broker.artifacts import BrokerError
from aiops.adapters.broker.embedded import BrokerState, EmbeddedBroker
from aiops.adapters.broker.readiness import answers

_RECORDS = 2_000


@pytest.fixture
def own(tmp_path: Path, embedded: EmbeddedBroker) -> Iterator[EmbeddedBroker]:
    """A broker for one test; the run's broker has fetched the files before."""
    assert embedded.status().state is BrokerState.RUNNING
    broker = EmbeddedBroker(tmp_path / "a broker", heap_mb=256)  # a space in the path, as homes may have
    yield broker
    broker.kill()


def produce(bootstrap: str, topic: str, values: range) -> None:
    """Write the numbers as records, all acknowledged."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    for value in values:
        producer.send(topic, str(value).encode(), timestamp_ms=1_000)
    producer.flush(timeout=60)
    producer.close()


def consume(bootstrap: str, topic: str) -> list[int]:
    """All records of the topic's only partition, as numbers."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    values = []
    while consumer.position(partition) < end:
        for records in consumer.poll(timeout_ms=1_000).values():
            values += [int(record.value) for record in records]
    consumer.close()
    return values


def make_topic(bootstrap: str, topic: str) -> None:
    """Make a topic of one partition."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()


def test_an_id_that_begins_with_a_dash_is_no_option(
    own: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids of clusters are random, and one in 64 looks like an option of Kafka's own tool."""
    monkeypatch.setattr("aiops.adapters.broker.embedded.uuid.uuid4", lambda: uuid.UUID(bytes=b"\xfb" + bytes(15)))
    own.start()
    assert own.status().state is BrokerState.RUNNING
    assert '"cluster_id": "-' in (tmp_path / "a broker" / "node.json").read_text()


def test_kill_keeps_address_and_every_acknowledged_record(own: EmbeddedBroker) -> None:
    """After SIGKILL it starts again at the same address with every acknowledged record, and takes more."""
    bootstrap = own.start()
    make_topic(bootstrap, "numbers")
    produce(bootstrap, "numbers", range(_RECORDS))
    killed = own.status().pid
    own.kill()
    assert own.status().state is BrokerState.STOPPED

    again = own.start()

    assert again == bootstrap
    assert own.status().pid != killed
    produce(again, "numbers", range(_RECORDS, _RECORDS + 10))
    assert consume(again, "numbers") == list(range(_RECORDS + 10))


def test_start_is_idempotent_also_at_the_same_time(own: EmbeddedBroker) -> None:
    """Four callers at once get one process and one address."""
    with ThreadPoolExecutor(4) as pool:
        addresses = list(pool.map(lambda _: own.start(), range(4)))

    assert len(set(addresses)) == 1
    assert own.status().state is BrokerState.RUNNING


def test_stop_ends_it_and_says_whether_there_was_one(own: EmbeddedBroker) -> None:
    """Stop ends the process once; a second stop finds nothing."""
    own.start()

    assert own.stop() is True
    assert own.stop() is False
    assert own.status().pid is None


def test_it_outlives_the_process_that_started_it(own: EmbeddedBroker) -> None:
    """A broker started by a command that has ended still runs and is found by its folder."""
    folder = own.status().folder
    program = (
        "import sys, pathlib; from aiops.adapters.broker.embedded import EmbeddedBroker as B; "
        "print(B(pathlib.Path(sys.argv[1]), heap_mb=256).start())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True, timeout=90
    )

    status = own.status()

    assert status.state is BrokerState.RUNNING
    assert status.bootstrap == done.stdout.strip()


def test_only_loopback_is_listened_on(embedded: EmbeddedBroker) -> None:
    """Every listening socket of the broker is on 127.0.0.1."""
    pid = embedded.status().pid
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # the broker closed it since the folder was listed
            inodes.add(link.readlink().name.removeprefix("socket:[").removesuffix("]"))
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                listening.append(fields[1].split(":")[0])

    assert len(listening) >= 2
    assert set(listening) <= {"0100007F", "0000000000000000FFFF00000100007F"}


def test_records_carry_the_time_of_their_writing(embedded: EmbeddedBroker) -> None:
    """An old timestamp is replaced by the broker's, so that retention does not delete a replayed recording."""
    bootstrap = embedded.start()
    make_topic(bootstrap, "append-time")
    produce(bootstrap, "append-time", range(1))
    consumer = KafkaConsumer("append-time", bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    record = next(consumer)
    consumer.close()

    assert abs(record.timestamp / 1_000 - time.time()) < 60


def test_unknown_topics_are_not_made(embedded: EmbeddedBroker) -> None:
    """A typing error in a topic's name makes no topic."""
    admin = KafkaAdminClient(bootstrap_servers=embedded.start())
    consumer = KafkaConsumer("no-such-topic", bootstrap_servers=embedded.start())
    consumer.poll(timeout_ms=500)
    consumer.close()

    assert "no-such-topic" not in admin.list_topics()
    admin.close()


def test_a_taken_port_is_named_with_the_way_out(own: EmbeddedBroker) -> None:
    """When another program has the remembered port, the error says which and what to do."""
    bootstrap = own.start()
    own.stop()
    port = int(bootstrap.rpartition(":")[2])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(BrokerError, match=f"{bootstrap}.*AIOPS_KAFKA=host:port"),
    ):
        own.start()


def test_a_death_at_the_start_shows_its_last_words(own: EmbeddedBroker) -> None:
    """When Kafka refuses its data, the error shows what it said."""
    own.start()
    folder = own.status().folder
    own.stop()
    properties = folder / "data" / "meta.properties"
    properties.write_text(properties.read_text().replace("node.id=1", "node.id=2"))

    with pytest.raises(BrokerError, match=r"(?s)ended as it started.*node.id.*AIOPS_KAFKA=host:port"):
        own.start()


def test_a_stale_pid_file_does_not_point_at_a_stranger(own: EmbeddedBroker) -> None:
    """A pid that now belongs to another program is neither taken for the broker nor ended."""
    own.start()
    folder = own.status().folder
    own.kill()
    remembered = json.loads((folder / "pid.json").read_text())
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (folder / "pid.json").write_text(json.dumps(remembered | {"pid": stranger.pid}))

        assert own.status().state is BrokerState.STOPPED
        assert own.stop() is False
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_that_is_not_kafka_does_not_answer() -> None:
    """An open port alone is not a broker."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not answers(f"127.0.0.1:{server.getsockname()[1]}")
