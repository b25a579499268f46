"""Real servers, each started once for the whole run and kept apart from the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from aiops.adapters.broker.artifacts import BrokerError
from aiops.adapters.broker.embedded import EmbeddedBroker
from tests.secured_broker import SecuredBroker, running_secured_broker
from tests.servers import missing, running_postgresql

MakeTopic = Callable[..., str]


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """The run's broker itself, for tests that kill it; they must start it again."""
    broker = EmbeddedBroker(tmp_path_factory.mktemp("broker"))
    try:
        broker.start()
    except BrokerError as error:
        missing("Apache Kafka", str(error))
    yield broker
    broker.stop()


@pytest.fixture
def broker(embedded: EmbeddedBroker) -> str:
    """The address of a real Kafka that runs, as host:port; the same one for all tests of a run."""
    return embedded.start()


@pytest.fixture
def topics(broker: str, request: pytest.FixtureRequest) -> MakeTopic:
    """A maker of topics whose names no other test has: takes a name, partitions and configs, returns the name."""
    made = 0

    def make(name: str = "topic", partitions: int = 1, configs: dict[str, str] | None = None) -> str:
        nonlocal made
        made += 1
        plain = "".join(letter if letter.isalnum() else "-" for letter in request.node.nodeid)[-120:]
        full = f"{name}.{plain}.{id(request):x}.{made}"
        admin = KafkaAdminClient(bootstrap_servers=broker)
        try:
            admin.create_topics(
                [NewTopic(full, num_partitions=partitions, replication_factor=1, topic_configs=configs)]
            )
        finally:
            admin.close()
        return full

    return make


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The SQLAlchemy URL of a real PostgreSQL with fsync on; tests that write use a schema or database of their own."""
    with running_postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """A real Kafka with a listener for each kind of security, and with ACLs; the same one for all tests of a run."""
    with running_secured_broker(tmp_path_factory.mktemp("secured")) as broker:
        yield broker
