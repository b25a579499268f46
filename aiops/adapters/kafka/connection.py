"""The options of both Kafka clients for one connection's settings. Nothing else in the product translates them."""

from __future__ import annotations

from typing import Any

from kafka.net.sasl import register_sasl_mechanism
from kafka.net.sasl.oauth import AbstractTokenProvider
from kafka.net.sasl.plain import SaslMechanismPlain
from kafka.net.sasl.scram import SaslMechanismScram

from aiops.adapters.kafka.secrets import key_password, secret_in, tls_context
from aiops.adapters.kafka.tokens import TokenSource
from aiops.kafka_security import KafkaSecurity, SaslMechanism


def check(security: KafkaSecurity) -> None:
    """Read every file once, so that a mistake is one clear error before a client hides it behind a time-out.

    Raises:
        PermanentError: a file is missing or not usable.
        TemporaryError: the token endpoint does not answer.
    """
    if security.tls:
        tls_context(security)
    if security.password_file is not None:
        _password(security)
    if security.sasl is SaslMechanism.OAUTHBEARER:
        TokenSource(security).token()


def kafka_python_options(security: KafkaSecurity) -> dict[str, Any]:
    """Options of a client of kafka-python. Every connection reads certificates, password and token anew."""
    options: dict[str, Any] = {"security_protocol": security.protocol}
    if security.tls:
        options |= {
            "ssl_check_hostname": security.check_server_name,
            "ssl_cafile": _text(security.ca_file),
            "ssl_certfile": _text(security.certificate_file),
            "ssl_keyfile": _text(security.key_file),
            "ssl_password": lambda: key_password(security),
        }
    if security.sasl is SaslMechanism.OAUTHBEARER:
        options |= {"sasl_mechanism": security.sasl.value, "sasl_oauth_token_provider": _Tokens(security)}
    elif security.sasl is not None:
        _read_passwords_late()
        options |= {
            "sasl_mechanism": security.sasl.value,
            "sasl_plain_username": security.username,
            "sasl_plain_password": _Password(security),
        }
    return options


def confluent_options(security: KafkaSecurity) -> dict[str, Any]:
    """Options of a client of confluent-kafka, with certificates and password as they are now.

    librdkafka keeps them: open the client anew when ``secrets.fingerprint`` changes. It requests tokens by itself.
    """
    options: dict[str, Any] = {"security.protocol": security.protocol}
    if security.tls:
        files = {
            "ssl.ca.location": security.ca_file,
            "ssl.certificate.location": security.certificate_file,
            "ssl.key.location": security.key_file,
        }
        options |= {name: str(file) for name, file in files.items() if file is not None}
        options["ssl.endpoint.identification.algorithm"] = "https" if security.check_server_name else "none"
        if security.key_password_file is not None:
            options["ssl.key.password"] = key_password(security)
    if security.sasl is SaslMechanism.OAUTHBEARER:
        source = TokenSource(security)
        options |= {"sasl.mechanism": security.sasl.value, "oauth_cb": lambda _: _pair(source)}
    elif security.sasl is not None:
        options |= {
            "sasl.mechanism": security.sasl.value,
            "sasl.username": security.username,
            "sasl.password": _password(security),
        }
    return options


def _text(file: object) -> str | None:
    return None if file is None else str(file)


def _password(security: KafkaSecurity) -> str:
    assert security.password_file is not None
    return secret_in(security.password_file, "kafka.password_file")


def _pair(source: TokenSource) -> tuple[str, float]:
    token = source.token()
    return token.value, token.expires_at


class _Password:
    """A password that is read when a connection needs it, and that prints as nothing."""

    def __init__(self, security: KafkaSecurity) -> None:
        self._security = security

    def read(self) -> str:
        return _password(self._security)

    def __repr__(self) -> str:
        return "<password>"


class _Tokens(AbstractTokenProvider):
    """Tokens for kafka-python, which asks at each connection and when a session ends."""

    def __init__(self, security: KafkaSecurity) -> None:
        super().__init__()
        self._source = TokenSource(security)

    def token(self) -> str:
        return self._source.token().value


def _late(options: dict[str, Any]) -> dict[str, Any]:
    password = options.get("sasl_plain_password")
    return options | {"sasl_plain_password": password.read()} if isinstance(password, _Password) else options


class _Plain(SaslMechanismPlain):
    """PLAIN with a password that is read for this connection."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_late(options))


class _Scram(SaslMechanismScram):
    """SCRAM with a password that is read for this connection, and a user name as RFC 5802, section 5.1 writes it."""

    def __init__(self, **options: Any) -> None:
        name = str(options["sasl_plain_username"]).replace("=", "=3D").replace(",", "=2C")
        super().__init__(**_late(options) | {"sasl_plain_username": name})


def _read_passwords_late() -> None:
    """Replace kafka-python's mechanisms in this process. A password that is a text works as before."""
    register_sasl_mechanism(SaslMechanism.PLAIN.value, _Plain, overwrite=True)
    register_sasl_mechanism(SaslMechanism.SCRAM_SHA_256.value, _Scram, overwrite=True)
    register_sasl_mechanism(SaslMechanism.SCRAM_SHA_512.value, _Scram, overwrite=True)
