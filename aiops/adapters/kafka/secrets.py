"""Reads the files of the connection's settings. A secret is read again for each connection and stored nowhere."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import PermanentError

_MOST_BYTES = 64 * 1024
"""Larger than any password or token; a larger file is a mistake."""

Fingerprint = Mapping[str, tuple[int, int, int]]


def secret_in(file: Path, setting: str) -> str:
    """The text of a secret file without the line break at its end.

    Args:
        file: the file.
        setting: name of the setting that names it, for errors. An error never contains the text.

    Raises:
        PermanentError: the file is missing, unreadable, empty, too large or not text.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise PermanentError(
            f"{setting}: cannot read {file}: {error.strerror}; create it or correct the path"
        ) from error
    if len(data) > _MOST_BYTES:
        raise PermanentError(f"{setting}: {file} has more than {_MOST_BYTES} bytes; it must contain only the secret")
    try:
        text = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise PermanentError(f"{setting}: {file} is not UTF-8 text; it must contain only the secret") from None
    if not text or "\0" in text:
        raise PermanentError(f"{setting}: {file} contains no secret; write the secret into it")
    return text


def tls_context(security: KafkaSecurity) -> ssl.SSLContext:
    """The TLS context that the settings describe, made from the files as they are now.

    Raises:
        PermanentError: a file is missing or not usable; the message names setting, file and remedy.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = security.check_server_name
    if security.ca_file is None:
        context.load_default_certs()
    else:
        trust(context, security.ca_file, "kafka.ca_file")
    if security.certificate_file is not None and security.key_file is not None:
        _own_certificate(context, security)
    return context


def trust(context: ssl.SSLContext, file: Path, setting: str) -> None:
    """Trust the certificate authorities of a PEM file.

    Raises:
        PermanentError: the file is missing or has no certificate.
    """
    try:
        context.load_verify_locations(file)
    except ssl.SSLError as error:
        raise PermanentError(f"{setting}: {file} has no PEM certificate; name the authority's certificate") from error
    except OSError as error:
        raise PermanentError(
            f"{setting}: cannot read {file}: {error.strerror}; create it or correct the path"
        ) from error


def key_password(security: KafkaSecurity) -> str:
    """The password of the private key, when the key asks for one.

    Raises:
        PermanentError: the key is encrypted and there is no password file.
    """
    if security.key_password_file is None:
        raise PermanentError(f"kafka.key_file: {security.key_file} is encrypted; set kafka.key_password_file")
    return secret_in(security.key_password_file, "kafka.key_password_file")


def _own_certificate(context: ssl.SSLContext, security: KafkaSecurity) -> None:
    certificate, key = security.certificate_file, security.key_file
    assert certificate is not None
    assert key is not None
    for setting, file in (("kafka.certificate_file", certificate), ("kafka.key_file", key)):
        secret_in(file, setting)
    try:
        context.load_cert_chain(certificate, key, password=lambda: key_password(security))
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            why = f"kafka.key_file: {key} is not the key of the certificate {certificate}; name the pair"
        elif security.key_password_file is not None:
            why = f"kafka.key_file: {key} cannot be opened with the password of {security.key_password_file}"
        else:
            why = f"kafka.certificate_file: {certificate} and {key} are not a PEM certificate and its PEM key"
        raise PermanentError(why) from error


def fingerprint(security: KafkaSecurity) -> Fingerprint:
    """Inode, size and modification time (ns) of each file, to see that one was replaced; a missing file is left out."""
    found = {}
    for name, file in security.files.items():
        try:
            state = file.stat()
        except OSError:
            continue
        found[name] = (state.st_ino, state.st_size, state.st_mtime_ns)
    return found
