"""Both clients over every kind of TLS and SASL, against a real broker; and what they say when the set-up is wrong."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from aiops.adapters.kafka.confluent import ConfluentConsumer
from aiops.adapters.kafka.connection import confluent_options
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.probe import probe
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.refusals import BrokerRefusedError, Obstacle
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.records import OutRecord, TopicPartition
from aiops.ports import TelemetryConsumer
from tests.secured_broker import PASSWORD, SESSION_SECONDS, Right, SecuredBroker, locked_key, make_certificates
from tests.unit.adapters.kafka.test_tokens import Endpoint

CLIENTS: list[Callable[..., TelemetryConsumer]] = [KafkaPythonConsumer, ConfluentConsumer]
Way = Callable[["SecuredBroker"], dict[str, Any]]


def by_password(mechanism: str, *, tls: bool) -> Way:
    return lambda broker: (_tls(broker) if tls else {}) | _user(broker, mechanism)


OPEN: dict[str, Way] = {
    "tls": lambda broker: {"tls": True, "ca_file": broker.certificates.authority},
    "mutual-tls": lambda broker: _tls(broker) | _certificate(broker),
    "token-file": lambda broker: _tls(broker) | _token(broker),
}
for _mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
    OPEN |= {_mechanism: by_password(_mechanism, tls=False), f"{_mechanism}-tls": by_password(_mechanism, tls=True)}
LISTENERS = {"tls": "tls", "mutual-tls": "mtls", "token-file": "sasl_tls"}


def _tls(broker: SecuredBroker) -> dict[str, Any]:
    return OPEN["tls"](broker)


def _certificate(broker: SecuredBroker) -> dict[str, Any]:
    """Ann's, with a key that needs a password."""
    key = locked_key(broker.certificates.key("ann"), "sesame", broker.folder / "ann.locked.key")
    password = broker.secret("key-password", "sesame\n")
    certificate = broker.certificates.certificate("ann")
    return {"certificate_file": certificate, "key_file": key, "key_password_file": password}


def _user(broker: SecuredBroker, mechanism: str, password: str = PASSWORD) -> dict[str, Any]:
    file = broker.secret(f"password-{len(password)}", f"{password}\n")
    return {"sasl": mechanism, "username": "ann", "password_file": file}


def _token(broker: SecuredBroker) -> dict[str, Any]:
    return {"sasl": "OAUTHBEARER", "token_file": broker.secret("token", broker.issuer.token("ann"))}


def security(values: dict[str, Any]) -> KafkaSecurity:
    return KafkaSecurity.model_validate(values)


def listener(way: str) -> str:
    return LISTENERS.get(way, "sasl_tls" if way.endswith("-tls") else "sasl")


@pytest.fixture
def topic(secured: SecuredBroker, request: pytest.FixtureRequest) -> str:
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[-200:]
    with closing(KafkaTopics(secured.at("clients"))) as topics:
        topics.create({name: (1, {})})
    return name


def written(broker: str, way: KafkaSecurity, topic: str, value: bytes) -> None:
    with closing(KafkaPythonProducer(broker, security=way)) as producer:
        producer.send([OutRecord(topic, b"k", value)])
        producer.flush()


def read(consumer: TelemetryConsumer, topic: str, count: int) -> list[bytes]:
    if not consumer.positions():
        consumer.assign({TopicPartition(topic, 0): None})
    found: list[bytes] = []
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        found += [value for records in consumer.poll(0.2, 1 << 20) for value in records.values]
    return found


@pytest.mark.parametrize("way", OPEN)
def test_both_clients_write_and_read(secured: SecuredBroker, topic: str, way: str) -> None:
    """The same settings open an administration client, two producers and both consumers."""
    broker, chosen = secured.at(listener(way)), security(OPEN[way](secured))
    with closing(KafkaTopics(broker, patient=False, security=chosen)) as topics:
        assert [found.name for found in topics.describe([topic])] == [topic]
    written(broker, chosen, topic, b"python")
    producer = Producer({"bootstrap.servers": broker, **confluent_options(chosen)})
    producer.produce(topic, b"confluent")
    assert producer.flush(20) == 0
    for make in CLIENTS:
        consumer = make(broker, "security", security=chosen)
        with closing(consumer):
            assert read(consumer, topic, 2) == [b"python", b"confluent"]


@pytest.fixture
def endpoint(secured: SecuredBroker) -> Iterator[Endpoint]:
    made = Endpoint()
    made.answers = [(200, {"access_token": secured.issuer.token("ann"), "expires_in": 300}) for _ in range(20)]
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_both_clients_get_tokens_from_an_endpoint(secured: SecuredBroker, topic: str, endpoint: Endpoint) -> None:
    """With the client credentials grant; a client asks once for all of its connections."""
    secret = secured.secret("client-secret", "open sesame")
    values = {"token_url": endpoint.url, "client_id": "aiops", "client_secret_file": secret}
    chosen = security(_tls(secured) | {"sasl": "OAUTHBEARER"} | values)
    written(secured.at("sasl_tls"), chosen, topic, b"1")
    for make in CLIENTS:
        consumer = make(secured.at("sasl_tls"), "security", security=chosen)
        with closing(consumer):
            assert read(consumer, topic, 1) == [b"1"]
    assert {asked for asked, _ in endpoint.asked} == {"aiops:open sesame"}


WRONG: Mapping[Obstacle, tuple[str, Callable[[SecuredBroker, Path], dict[str, Any]]]] = {
    Obstacle.NO_TLS_HERE: ("clients", lambda b, _: _tls(b)),
    Obstacle.TLS_NEEDED: ("tls", lambda _, __: {}),
    Obstacle.UNKNOWN_AUTHORITY: (
        "tls",
        lambda _, f: {"tls": True, "ca_file": make_certificates(f, {}).authority},
    ),
    Obstacle.OTHER_NAME: ("misnamed", lambda b, _: _tls(b)),
    Obstacle.EXPIRED: ("expired", lambda b, _: _tls(b)),
    Obstacle.CLIENT_CERTIFICATE_NEEDED: ("mtls", lambda b, _: _tls(b)),
    Obstacle.CLIENT_CERTIFICATE_REFUSED: ("mtls", lambda b, f: _tls(b) | _foreign(f)),
    Obstacle.NO_SASL_HERE: ("clients", lambda b, _: _user(b, "PLAIN")),
    Obstacle.SASL_NEEDED: ("sasl_tls", lambda b, _: _tls(b)),
    Obstacle.OTHER_MECHANISM: ("scram_only", lambda b, _: _user(b, "PLAIN")),
    Obstacle.CREDENTIALS_REFUSED: ("sasl", lambda b, _: _user(b, "SCRAM-SHA-512", "not the password")),
}


def _foreign(folder: Path) -> dict[str, Any]:
    made = make_certificates(folder, {"ann": "ann"})
    return {"certificate_file": made.certificate("ann"), "key_file": made.key("ann")}


@pytest.mark.parametrize("make", [*CLIENTS, KafkaPythonProducer, KafkaTopics], ids=lambda make: make.__name__)
@pytest.mark.parametrize("refusal", WRONG, ids=lambda refusal: refusal.value)
def test_a_wrong_setup_is_one_clear_error_of_every_client(
    secured: SecuredBroker, tmp_path: Path, make: Callable[..., Any], refusal: Obstacle
) -> None:
    """With what is wrong and what to do; a client alone would wait for its time-out and name no reason."""
    place, wrong = WRONG[refusal]
    chosen = security(wrong(secured, tmp_path))
    arguments = ("g",) if make in CLIENTS else ()

    with pytest.raises(BrokerRefusedError) as raised:
        make(secured.at(place), *arguments, security=chosen)

    assert raised.value.refusal is refusal
    assert secured.at(place) in raised.value.what
    assert raised.value.do


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_refused_password_is_nowhere_to_be_read(
    secured: SecuredBroker, mechanism: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the error and its causes nor in what the clients log, at any level but their byte dumps."""
    chosen = security(_tls(secured) | _user(secured, mechanism, "hunter2-hunter2"))
    caplog.set_level(logging.INFO)

    with pytest.raises(BrokerRefusedError) as raised:
        probe(secured.at("sasl_tls"), chosen)

    error: BaseException | None = raised.value
    while error is not None:
        assert "hunter2" not in f"{error!r}"
        error = error.__cause__ or error.__context__
    assert "hunter2" not in caplog.text
    assert "hunter2" not in repr(chosen) + chosen.model_dump_json()


def test_a_forged_or_old_token_is_refused(secured: SecuredBroker) -> None:
    """The broker refuses a wrong signature; an expired token is not even sent."""
    forged = secured.secret("forged", secured.issuer.token("ann")[:-8] + "AAAAAAAA")
    old = secured.secret("old", secured.issuer.token("ann", seconds=-60))

    with pytest.raises(BrokerRefusedError, match=r"refuses the token with OAUTHBEARER.*renew the token"):
        probe(secured.at("sasl_tls"), security(_tls(secured) | {"sasl": "OAUTHBEARER", "token_file": forged}))
    with pytest.raises(PermanentError, match=r"expired 6. s ago"):
        probe(secured.at("sasl_tls"), security(_tls(secured) | {"sasl": "OAUTHBEARER", "token_file": old}))


def test_an_address_that_lets_in_is_enough(secured: SecuredBroker) -> None:
    """One broker with a wrong certificate among several does not keep the runtime out."""
    both = f"{secured.at('misnamed')},{secured.at('tls')}"

    probe(both, security(_tls(secured)))
    with pytest.raises(BrokerRefusedError):
        probe(f"127.0.0.1:1,{secured.at('misnamed')}", security(_tls(secured)))
    with pytest.raises(TemporaryError):
        probe("127.0.0.1:1", security(_tls(secured)))


@pytest.mark.parametrize("make", CLIENTS, ids=["kafka-python", "confluent"])
def test_a_rotated_password_is_read_again(
    secured: SecuredBroker, topic: str, make: Callable[..., TelemetryConsumer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker ends the session after three seconds; the consumer goes on with the new password of the file."""
    monkeypatch.setattr("aiops.adapters.kafka.confluent._LOOK_SECONDS", 0.1)
    user = f"rotated-{make.__name__}"
    file = secured.secret(user, "first")
    secured.set_password(user, "first")
    secured.allow([Right(user, "topic", topic, "Read"), Right(user, "group", "security", "Read")])
    values = {"sasl": "SCRAM-SHA-512", "username": user, "password_file": file}
    admin = security({})
    consumer = make(secured.at("sasl_tls"), "security", security=security(_tls(secured) | values))
    with closing(consumer):
        written(secured.at("clients"), admin, topic, b"1")
        assert read(consumer, topic, 1) == [b"1"]

        secured.set_password(user, "second")
        file.write_text("second")

        ends = time.monotonic() + SESSION_SECONDS + 1
        while time.monotonic() < ends:  # until the session with the first password is over
            assert consumer.poll(0.2, 1 << 20) == []
        written(secured.at("clients"), admin, topic, b"2")
        assert read(consumer, topic, 1) == [b"2"]
