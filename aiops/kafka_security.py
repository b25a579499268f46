"""Settings of the connection to Kafka: TLS, client certificate, and how the runtime proves who it is.

Secrets are never values of settings. They are files, and every new connection reads them again.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, model_validator


class SaslMechanism(StrEnum):
    """How a client proves who it is to a listener with SASL."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    OAUTHBEARER = "OAUTHBEARER"


_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
_OF_TLS: Final = ("ca_file", "certificate_file", "key_file", "key_password_file")
_OF_PASSWORDS: Final = ("username", "password_file")
_OF_TOKENS: Final = ("token_file", "token_url", "token_ca_file", "token_scope", "client_id", "client_secret_file")
_OF_ENDPOINT: Final = ("token_ca_file", "token_scope", "client_id", "client_secret_file")
FILES: Final = (
    *("ca_file", "certificate_file", "key_file", "key_password_file"),
    *("password_file", "token_file", "token_ca_file", "client_secret_file"),
)
"""Fields that name a file."""
SECRETS: Final = ("key_file", "key_password_file", "password_file", "token_file", "client_secret_file")
"""Fields that name a file that nobody else may read."""


class KafkaSecurity(BaseModel):
    """TLS and SASL of every connection to Kafka. It is frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tls: bool = False
    """Encrypt the connection and check the certificate of the broker."""
    ca_file: Path | None = None
    """PEM file of the certificate authority that signed the certificates of the brokers. None: the authorities that the
    operating system trusts."""
    check_server_name: bool = True
    """Refuse a broker whose certificate does not contain the host name of its address."""
    certificate_file: Path | None = None
    """PEM file of the client certificate and its chain, for mutual TLS."""
    key_file: Path | None = None
    """PEM file of the private key of ``certificate_file``."""
    key_password_file: Path | None = None
    """File with the password of ``key_file``. None: the key is not encrypted."""
    sasl: SaslMechanism | None = None
    """SASL mechanism: ``PLAIN``, ``SCRAM-SHA-256``, ``SCRAM-SHA-512`` or ``OAUTHBEARER``. None: no SASL."""
    username: str | None = None
    """User of ``PLAIN`` and ``SCRAM``."""
    password_file: Path | None = None
    """File with the password of ``username``. A line break at its end does not count."""
    token_file: Path | None = None
    """``OAUTHBEARER``: file with the access token, which another program keeps fresh."""
    token_url: str | None = None
    """``OAUTHBEARER``: token endpoint of the identity provider, an ``https`` URL. The runtime requests tokens with the
    client credentials grant and renews them after 80 % of their lifetime."""
    token_ca_file: Path | None = None
    """PEM file of the certificate authority of ``token_url``. None: the authorities that the operating system
    trusts."""
    token_scope: str | None = None
    """Scope that the runtime requests at ``token_url``."""
    client_id: str | None = None
    """Client at ``token_url``."""
    client_secret_file: Path | None = None
    """File with the secret of ``client_id``."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuse fields that would have no effect, and mechanisms without their credentials."""
        if not self.tls:
            self._without(_OF_TLS, "kafka.tls: true")
            if not self.check_server_name:
                raise ValueError("kafka.check_server_name has no effect without kafka.tls: true")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("mutual TLS needs both kafka.certificate_file and kafka.key_file")
        if self.key_password_file is not None and self.key_file is None:
            raise ValueError("kafka.key_password_file needs kafka.key_file")
        if self.sasl is None:
            self._without((*_OF_PASSWORDS, *_OF_TOKENS), "kafka.sasl")
        elif self.sasl is SaslMechanism.OAUTHBEARER:
            self._without(_OF_PASSWORDS, "kafka.sasl PLAIN or SCRAM")
            self._check_token()
        else:
            self._without(_OF_TOKENS, "kafka.sasl: OAUTHBEARER")
            if not self.username or self.password_file is None:
                raise ValueError(f"kafka.sasl: {self.sasl} needs kafka.username and kafka.password_file")
        return self

    def _without(self, fields: tuple[str, ...], needed: str) -> None:
        given = [name for name in fields if getattr(self, name) is not None]
        if given:
            raise ValueError(f"kafka.{given[0]} has no effect without {needed}")

    def _check_token(self) -> None:
        if (self.token_file is None) == (self.token_url is None):
            raise ValueError("kafka.sasl: OAUTHBEARER needs either kafka.token_file or kafka.token_url")
        if self.token_url is None:
            self._without(_OF_ENDPOINT, "kafka.token_url")
            return
        if not self.client_id or self.client_secret_file is None:
            raise ValueError("kafka.token_url needs kafka.client_id and kafka.client_secret_file")
        try:
            url = urlsplit(self.token_url)
        except ValueError as error:
            raise ValueError(f"kafka.token_url: {error}; it must be an https URL") from error
        if url.username or url.password:
            raise ValueError("kafka.token_url contains credentials: use kafka.client_id and kafka.client_secret_file")
        if not url.hostname or (url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOOPBACK)):
            raise ValueError("kafka.token_url must be an https URL: the client secret is sent to it")

    @property
    def secured(self) -> bool:
        """Whether a connection uses TLS or SASL."""
        return self.tls or self.sasl is not None

    @property
    def protocol(self) -> str:
        """Kafka's name of the combination: ``PLAINTEXT``, ``SSL``, ``SASL_PLAINTEXT`` or ``SASL_SSL``."""
        if self.sasl is None:
            return "SSL" if self.tls else "PLAINTEXT"
        return "SASL_SSL" if self.tls else "SASL_PLAINTEXT"

    @property
    def files(self) -> dict[str, Path]:
        """The files that the settings name, by field."""
        return {name: file for name in FILES if (file := getattr(self, name)) is not None}


PLAINTEXT: Final = KafkaSecurity()
"""No TLS and no SASL, as the embedded broker on the loopback address."""
