"""Files of the connection's settings: what is read, and what a person is told when it cannot be."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from aiops.adapters.kafka.secrets import fingerprint, secret_in, tls_context
from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import PermanentError
from tests.secured_broker import Certificates, locked_key, make_certificates


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), {"ann": "ann", "bob": "bob"})


def mutual(made: Certificates, **changes: object) -> KafkaSecurity:
    """Mutual TLS as ann."""
    files = {"ca_file": made.authority, "certificate_file": made.certificate("ann"), "key_file": made.key("ann")}
    return KafkaSecurity.model_validate({"tls": True, **files, **changes})


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_line_break_of_an_editor_is_no_part_of_a_secret(tmp_path: Path, ending: str) -> None:
    """Spaces inside and around are."""
    file = tmp_path / "password"
    file.write_bytes(f" two words {ending}".encode())

    assert secret_in(file, "kafka.password_file") == " two words "


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot read"),
        (b"", "contains no secret"),
        (b"\n", "contains no secret"),
        (b"a\0b", "contains no secret"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"x" * 70_000, "more than 65536 bytes"),
    ],
)
def test_a_file_without_a_secret_is_named_with_its_setting(tmp_path: Path, content: bytes | None, told: str) -> None:
    """The content never stands in the error."""
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(PermanentError, match=told) as raised:
        secret_in(file, "kafka.password_file")

    assert str(raised.value).startswith(f"kafka.password_file: {file}" if content is not None else "kafka.password_fi")
    assert raised.value.__cause__ is None or isinstance(raised.value.__cause__, OSError)


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    """A mount point that was named instead of the file in it."""
    with pytest.raises(PermanentError, match="Is a directory"):
        secret_in(tmp_path, "kafka.password_file")


def test_server_names_are_checked_unless_somebody_turns_it_off(made: Certificates) -> None:
    """The certificate itself is always checked."""
    assert tls_context(mutual(made)).check_hostname
    lax = tls_context(mutual(made, check_server_name=False))
    assert not lax.check_hostname
    assert lax.verify_mode is ssl.CERT_REQUIRED
    assert lax.minimum_version is ssl.TLSVersion.TLSv1_2


def test_an_encrypted_key_is_opened_with_its_password_file(made: Certificates, tmp_path: Path) -> None:
    """Without the file, or with a wrong one, the error says so; nobody is asked at the terminal."""
    key = locked_key(made.key("ann"), "sesame", tmp_path / "locked.key")
    (tmp_path / "right").write_text("sesame\n")
    (tmp_path / "wrong").write_text("simsim\n")

    tls_context(mutual(made, key_file=key, key_password_file=tmp_path / "right"))
    with pytest.raises(PermanentError, match=r"is encrypted; set kafka\.key_password_file"):
        tls_context(mutual(made, key_file=key))
    with pytest.raises(PermanentError, match=r"cannot be opened with the password of .*wrong") as raised:
        tls_context(mutual(made, key_file=key, key_password_file=tmp_path / "wrong"))
    assert "simsim" not in str(raised.value)


def test_each_wrong_certificate_file_is_named(made: Certificates, tmp_path: Path) -> None:
    """Missing, of another kind, or of another pair."""
    (tmp_path / "empty").write_text("no certificate\n")
    missing = tmp_path / "missing.pem"
    cases = {
        f"kafka.ca_file: cannot read {missing}": {"ca_file": missing},
        f"kafka.ca_file: {tmp_path}/empty has no PEM certificate": {"ca_file": tmp_path / "empty"},
        f"kafka.certificate_file: cannot read {missing}": {"certificate_file": missing},
        f"kafka.key_file: cannot read {missing}": {"key_file": missing},
        "is not the key of the certificate": {"key_file": made.key("bob")},
        "are not a PEM certificate and its PEM key": {"certificate_file": tmp_path / "empty"},
    }
    for told, change in cases.items():
        with pytest.raises(PermanentError) as raised:
            tls_context(mutual(made, **change))
        assert told in str(raised.value)


def test_a_replaced_file_changes_the_fingerprint(tmp_path: Path) -> None:
    """Also when the file is a link that now leads to another file of the same length."""
    (tmp_path / "1").write_text("old")
    (tmp_path / "2").write_text("new")
    link = tmp_path / "password"
    link.symlink_to("1")
    security = KafkaSecurity.model_validate({"sasl": "PLAIN", "username": "ann", "password_file": link})
    before = fingerprint(security)

    assert fingerprint(security) == before
    link.unlink()
    link.symlink_to("2")
    assert fingerprint(security) != before
    link.unlink()
    assert fingerprint(security) == {}
