"""What the doctor says about a connection that works, but that others can read, use or take over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiops.apps import doctor_connection
from aiops.apps.doctor_connection import check_connection
from aiops.apps.doctor_findings import Level
from aiops.kafka_security import KafkaSecurity
from tests.servers import free_port


@pytest.fixture
def lets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker is there and lets everybody in."""
    monkeypatch.setattr(doctor_connection, "probe", lambda bootstrap, security: None)


def secret(folder: Path, name: str, mode: int = 0o600) -> Path:
    file = folder / name
    file.write_text("secret")
    file.chmod(mode)
    return file


def told(bootstrap: str, values: dict[str, Any]) -> list[str]:
    findings = list(check_connection(bootstrap, KafkaSecurity.model_validate(values)))
    assert all(finding.level is Level.WARN and finding.do for finding in findings)
    return [finding.what for finding in findings]


@pytest.mark.usefixtures("lets_in")
def test_an_open_broker_is_told(tmp_path: Path) -> None:
    """Anybody may write to its topics, and anybody on the way may read."""
    everybody, readable = told("kafka-1:9092,kafka-2:9092", {})
    assert "lets in everybody" in everybody
    assert "not encrypted" in readable

    (alone,) = told("kafka:9093", {"tls": True})
    assert "lets in everybody" in alone
    password = secret(tmp_path, "password")
    (alone,) = told("kafka:9093", {"sasl": "PLAIN", "username": "ann", "password_file": password})
    assert "credentials can be read on the way" in alone
    (alone,) = told(
        "kafka:9093",
        {"tls": True, "check_server_name": False, "sasl": "PLAIN", "username": "a", "password_file": password},
    )
    assert "kafka.check_server_name is false" in alone


@pytest.mark.usefixtures("lets_in")
@pytest.mark.parametrize("bootstrap", ["127.0.0.1:9092", "localhost:9092", "[::1]:9092,localhost:9093"])
def test_this_machine_alone_is_no_network(bootstrap: str) -> None:
    """As the embedded broker."""
    assert told(bootstrap, {}) == []


@pytest.mark.usefixtures("lets_in")
def test_a_tight_connection_is_not_told(tmp_path: Path) -> None:
    """TLS with a user, or with a client certificate."""
    password, key = secret(tmp_path, "password"), secret(tmp_path, "key")
    assert told("k:1", {"tls": True, "sasl": "SCRAM-SHA-512", "username": "a", "password_file": password}) == []
    assert told("k:1", {"tls": True, "certificate_file": secret(tmp_path, "crt", 0o644), "key_file": key}) == []


@pytest.mark.usefixtures("lets_in")
def test_a_secret_that_everybody_can_read_is_told_with_the_command(tmp_path: Path) -> None:
    """A certificate may be read by all, its key not; the secret itself is not shown."""
    certificate, key = secret(tmp_path, "crt", 0o644), secret(tmp_path, "key", 0o644)
    security = KafkaSecurity(tls=True, ca_file=certificate, certificate_file=certificate, key_file=key)

    (finding,) = check_connection("kafka:9093", security)

    assert (finding.what, finding.do) == (f"kafka.key_file: everybody can read {key}", f"chmod 640 {key}")


def test_a_broker_that_is_away_and_a_missing_file_fail(tmp_path: Path) -> None:
    """One line each."""
    (away,) = check_connection(f"127.0.0.1:{free_port()}", KafkaSecurity())
    (missing,) = check_connection("k:1", KafkaSecurity(tls=True, ca_file=tmp_path / "ca.crt"))

    assert (away.level, missing.level) == (Level.FAIL, Level.FAIL)
    assert "does not answer" in away.what
    assert "kafka.ca_file: cannot read" in missing.what
