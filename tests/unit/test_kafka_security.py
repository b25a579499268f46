"""Which settings of the connection to Kafka fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aiops.adapters.bundle.configuration import load_settings
from aiops.kafka_security import FILES, SECRETS, KafkaSecurity
from aiops.model.errors import PermanentError
from aiops.settings import Kafka, Settings

CA, CERTIFICATE, KEY, PASSWORD, TOKEN = (Path(f"/{name}") for name in ("ca", "certificate", "key", "password", "token"))
ENDPOINT = {"token_url": "https://id.example.com/token", "client_id": "aiops", "client_secret_file": PASSWORD}


@pytest.mark.parametrize(
    ("values", "protocol"),
    [
        ({}, "PLAINTEXT"),
        ({"tls": True}, "SSL"),
        ({"tls": True, "ca_file": CA, "certificate_file": CERTIFICATE, "key_file": KEY}, "SSL"),
        ({"sasl": "PLAIN", "username": "ann", "password_file": PASSWORD}, "SASL_PLAINTEXT"),
        ({"tls": True, "sasl": "SCRAM-SHA-512", "username": "ann", "password_file": PASSWORD}, "SASL_SSL"),
        ({"tls": True, "sasl": "OAUTHBEARER", "token_file": TOKEN}, "SASL_SSL"),
        ({"tls": True, "sasl": "OAUTHBEARER", **ENDPOINT}, "SASL_SSL"),
        ({"sasl": "OAUTHBEARER", **ENDPOINT, "token_url": "http://127.0.0.1:8080/token"}, "SASL_PLAINTEXT"),
    ],
)
def test_each_complete_set_is_one_of_kafkas_protocols(values: dict[str, Any], protocol: str) -> None:
    """TLS and SASL are chosen independently."""
    security = KafkaSecurity.model_validate(values)

    assert security.protocol == protocol
    assert security.secured == (protocol != "PLAINTEXT")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"ca_file": CA}, "kafka.ca_file has no effect without kafka.tls: true"),
        ({"certificate_file": CERTIFICATE, "key_file": KEY}, "no effect without kafka.tls"),
        ({"check_server_name": False}, "kafka.check_server_name has no effect without kafka.tls: true"),
        ({"tls": True, "certificate_file": CERTIFICATE}, "both kafka.certificate_file and kafka.key_file"),
        ({"tls": True, "key_file": KEY}, "both kafka.certificate_file and kafka.key_file"),
        ({"tls": True, "key_password_file": PASSWORD}, "kafka.key_password_file needs kafka.key_file"),
        ({"username": "ann"}, "kafka.username has no effect without kafka.sasl"),
        ({"token_file": TOKEN}, "kafka.token_file has no effect without kafka.sasl"),
        ({"sasl": "PLAIN"}, "PLAIN needs kafka.username and kafka.password_file"),
        ({"sasl": "SCRAM-SHA-256", "username": "ann"}, "SCRAM-SHA-256 needs kafka.username and kafka.password_file"),
        ({"sasl": "PLAIN", "username": "", "password_file": PASSWORD}, "needs kafka.username"),
        (
            {"sasl": "PLAIN", "username": "ann", "password_file": PASSWORD, "token_file": TOKEN},
            "kafka.token_file has no effect without kafka.sasl: OAUTHBEARER",
        ),
        ({"sasl": "OAUTHBEARER"}, "either kafka.token_file or kafka.token_url"),
        ({"sasl": "OAUTHBEARER", "token_file": TOKEN, **ENDPOINT}, "either kafka.token_file or kafka.token_url"),
        ({"sasl": "OAUTHBEARER", "token_file": TOKEN, "username": "ann"}, "kafka.username has no effect"),
        ({"sasl": "OAUTHBEARER", "token_file": TOKEN, "client_id": "x"}, "kafka.client_id has no effect without"),
        ({"sasl": "OAUTHBEARER", "token_url": "https://id.example.com/"}, "kafka.client_id and kafka.client_secret_f"),
        ({"sasl": "OAUTHBEARER", **ENDPOINT, "token_url": "http://id.example.com/"}, "must be an https URL"),
        ({"sasl": "OAUTHBEARER", **ENDPOINT, "token_url": "https://u:p@id.example.com/"}, "contains credentials"),
        ({"sasl": "OAUTHBEARER", **ENDPOINT, "token_url": "https://[id/"}, "kafka.token_url: Invalid IPv6 URL"),
        ({"sasl": "GSSAPI"}, "'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512' or 'OAUTHBEARER'"),
        ({"password": "hunter2"}, "Extra inputs are not permitted"),
    ],
)
def test_what_does_not_fit_together_is_one_clear_error(values: dict[str, Any], told: str) -> None:
    """A field without effect is an error: a person who sets ca_file believes that TLS is on."""
    with pytest.raises(ValidationError) as raised:
        KafkaSecurity.model_validate(values)

    assert told in str(raised.value)


def test_every_path_is_listed_as_a_file_and_every_secret_is_a_file() -> None:
    """The lists that check permissions and rotation follow the fields."""
    paths = {name for name, field in KafkaSecurity.model_fields.items() if "Path" in str(field.annotation)}

    assert set(FILES) == paths
    assert set(SECRETS) < paths


def test_the_embedded_broker_has_no_security() -> None:
    """It listens on the loopback address without TLS; settings for another broker are a mistake."""
    with pytest.raises(ValidationError, match=r"need kafka\.bootstrap"):
        Kafka(tls=True)
    assert Kafka(bootstrap="kafka:9093", tls=True).protocol == "SSL"


def test_a_secret_in_the_settings_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """The error names file and line of the unknown field, and not its value."""
    file = tmp_path / "aiops.yaml"
    file.write_text("kafka:\n  bootstrap: kafka:9093\n  password: hunter2\n")

    with pytest.raises(PermanentError) as raised:
        load_settings(file)

    assert f"{file}:3: kafka.password" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_paths_are_absolute_and_links_stay_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Actors run in other folders, and a mounted secret is a link that moves when the secret is rotated."""
    monkeypatch.delenv("AIOPS_KAFKA", raising=False)
    (tmp_path / "old").write_text("old")
    (tmp_path / "password").symlink_to("old")
    file = tmp_path / "aiops.yaml"
    file.write_text("kafka: {bootstrap: 'k:1', sasl: PLAIN, username: ann, password_file: password}\n")

    settings = load_settings(file)

    assert settings.kafka.password_file == tmp_path / "password"


def test_the_environment_sets_the_connection_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As any other setting."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "AIOPS_KAFKA": "kafka:9093",
        "AIOPS_KAFKA__TLS": "true",
        "AIOPS_KAFKA__SASL": "SCRAM-SHA-512",
        "AIOPS_KAFKA__USERNAME": "ann",
        "AIOPS_KAFKA__PASSWORD_FILE": "/etc/aiops/password",
    }.items():
        monkeypatch.setenv(name, value)

    kafka = load_settings().kafka

    assert (kafka.protocol, kafka.username, kafka.password_file) == ("SASL_SSL", "ann", Path("/etc/aiops/password"))
    assert Settings().kafka.protocol == "PLAINTEXT"
