"""Why a broker does not let a client in, and what a person should change."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import PermanentError


class Obstacle(StrEnum):
    """Kinds of mistakes in the set-up of a connection."""

    NO_TLS_HERE = "no-tls-here"
    TLS_NEEDED = "tls-needed"
    UNKNOWN_AUTHORITY = "unknown-authority"
    OTHER_NAME = "other-name"
    EXPIRED = "expired"
    TLS_FAILED = "tls-failed"
    CLIENT_CERTIFICATE_NEEDED = "client-certificate-needed"
    CLIENT_CERTIFICATE_REFUSED = "client-certificate-refused"
    NO_SASL_HERE = "no-sasl-here"
    SASL_NEEDED = "sasl-needed"
    OTHER_MECHANISM = "other-mechanism"
    CREDENTIALS_REFUSED = "credentials-refused"


_WHAT: Final = {
    Obstacle.NO_TLS_HERE: "{place} speaks Kafka without TLS, and kafka.tls is true",
    Obstacle.TLS_NEEDED: "{place} speaks TLS, and kafka.tls is false",
    Obstacle.UNKNOWN_AUTHORITY: "the certificate of {place} was not signed by an authority of {authority}",
    Obstacle.OTHER_NAME: "the certificate of {place} is for another host name",
    Obstacle.EXPIRED: "the certificate of {place} has expired or is not valid yet",
    Obstacle.TLS_FAILED: "TLS with {place} failed",
    Obstacle.CLIENT_CERTIFICATE_NEEDED: "{place} asks for a client certificate",
    Obstacle.CLIENT_CERTIFICATE_REFUSED: "{place} refuses the client certificate {certificate}",
    Obstacle.NO_SASL_HERE: "{place} has no SASL, and kafka.sasl is {mechanism}",
    Obstacle.SASL_NEEDED: "{place} asks for SASL, and kafka.sasl is not set",
    Obstacle.OTHER_MECHANISM: "{place} does not offer kafka.sasl {mechanism}",
    Obstacle.CREDENTIALS_REFUSED: "{place} refuses the {who} with {mechanism}",
}
_DO: Final = {
    Obstacle.NO_TLS_HERE: "set kafka.tls: false, or kafka.bootstrap to the TLS listener",
    Obstacle.TLS_NEEDED: "set kafka.tls: true with kafka.ca_file, or kafka.bootstrap to the plain listener",
    Obstacle.UNKNOWN_AUTHORITY: "set kafka.ca_file to the certificate of the authority that signed it",
    Obstacle.OTHER_NAME: "use a name of the certificate in kafka.bootstrap and in the brokers' advertised.listeners",
    Obstacle.EXPIRED: "renew it at the broker, and compare both clocks",
    Obstacle.TLS_FAILED: "compare the TLS versions and ciphers of the listener with TLS 1.2 and 1.3",
    Obstacle.CLIENT_CERTIFICATE_NEEDED: "set kafka.certificate_file and kafka.key_file",
    Obstacle.CLIENT_CERTIFICATE_REFUSED: "use a certificate that is valid now and that the broker's trust store knows",
    Obstacle.NO_SASL_HERE: "remove kafka.sasl, or set kafka.bootstrap to the listener with SASL",
    Obstacle.SASL_NEEDED: "set kafka.sasl with its user and password file, or with its token",
    Obstacle.OTHER_MECHANISM: "set kafka.sasl to a mechanism that it offers",
    Obstacle.CREDENTIALS_REFUSED: "{credentials}",
}
_MOST_DETAIL: Final = 200


class BrokerRefusedError(PermanentError):
    """A broker does not let this client in.

    Attributes:
        refusal: the kind of mistake.
        what: what is wrong.
        do: what a person should change.
    """

    def __init__(self, refusal: Obstacle, place: str, security: KafkaSecurity, *, detail: str = "") -> None:
        token = security.username is None
        facts = {
            "place": place,
            "mechanism": security.sasl,
            "authority": security.ca_file or "the operating system",
            "certificate": security.certificate_file,
            "who": "token" if token else f"user {security.username!r} or its password",
            "credentials": _token_remedy(security) if token else _password_remedy(security),
        }
        printable = "".join(letter if letter.isprintable() else " " for letter in detail)[:_MOST_DETAIL]
        self.refusal = refusal
        self.what = _WHAT[refusal].format(**facts) + (f" ({printable})" if printable else "")
        self.do = _DO[refusal].format(**facts)
        super().__init__(f"{self.what}; {self.do}")


def _password_remedy(security: KafkaSecurity) -> str:
    return f"correct kafka.username or the password in {security.password_file}, or create the user at the broker"


def _token_remedy(security: KafkaSecurity) -> str:
    if security.token_url is None:
        return f"renew the token in {security.token_file}, and compare its audience and issuer with the broker's"
    return "compare audience and issuer of the tokens of kafka.token_url, and kafka.token_scope, with the broker's"
