"""Connects to a broker once and names what is wrong. The clients retry until a time-out and hide the reason.

The steps are those of a client: connect, TLS handshake, ApiVersions, SASL. A step that fails is compared with what the
listener speaks instead. If the reason is not certain, no error is raised: the client then tries with its own patience.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kafka.errors import KafkaProtocolError
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from aiops.adapters.kafka.connection import check, kafka_python_options
from aiops.adapters.kafka.refusals import BrokerRefusedError, Obstacle
from aiops.adapters.kafka.secrets import tls_context
from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import PermanentError, TemporaryError

_CONNECT_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 5.0
_MOST_BYTES: Final = 1 << 20
"""Larger than any answer that is asked for here."""
_NO_TOPICS: Final[list[Any]] = []
_MECHANISM_ERROR, _STATE_ERROR, _SASL_ERROR = 33, 34, 58
_NAME_CODES: Final = {62, 64}
"""X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH."""
_TIME_CODES: Final = {9, 10}
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED."""
_CLIENT_ALERTS: Final = (
    *("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "UNKNOWN_CA"),
    *("CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED", "UNSUPPORTED_CERTIFICATE", "HANDSHAKE_FAILURE"),
)


class _EndedError(Exception):
    """The broker ended the connection or sent something that is not Kafka."""


def probe(bootstrap: str, security: KafkaSecurity) -> None:
    """Return if a broker lets a client in, or if it is not certain why it does not.

    Args:
        bootstrap: ``host:port[,host:port]``; the first address that lets the client in ends the search.
        security: settings of the connection.

    Raises:
        PermanentError: an address is malformed, or a file of the settings is not usable.
        RefusedError: a broker refuses the connection.
        TemporaryError: no address accepts a connection, or the token endpoint does not answer.
    """
    check(security)
    why: Exception | None = None
    refused: BrokerRefusedError | None = None
    for address in bootstrap.split(","):
        host, port = _parsed(address)
        try:
            _connect((host, port), security)
        except BrokerRefusedError as error:
            refused = refused or error
        except (OSError, UnicodeError) as error:  # no such host, or nobody listens
            why = error
        except (_EndedError, KafkaProtocolError, ValueError, KeyError):  # the last two: answers of no SASL server
            return
        else:
            return
    if refused is not None:
        raise refused
    raise TemporaryError(f"Kafka does not answer at {bootstrap}: {why}; start it, or set AIOPS_KAFKA=host:port", 1.0)


def refuse_if_certain(bootstrap: str, security: KafkaSecurity) -> None:
    """As ``probe``, for a client that waits by itself for a broker that does not answer.

    Raises:
        PermanentError: as ``probe``; a ``BrokerRefusedError`` is one.
    """
    try:
        probe(bootstrap, security)
    except TemporaryError:
        return


def _parsed(address: str) -> tuple[str, int]:
    host, _, port = address.strip().rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise PermanentError(f"{address!r} is not a broker's address: AIOPS_KAFKA and kafka.bootstrap are host:port")
    return host.strip("[]"), int(port)


def _connect(address: tuple[str, int], security: KafkaSecurity) -> None:
    place = f"{address[0]}:{address[1]}"
    with _connected(address) as plain:
        if not security.tls:
            _over_plain(plain, address, security)
            return
        with _handshake(plain, address, security) as sock:
            try:
                talk = _Talk(sock)
                talk.ask(ApiVersionsRequest(version=0))
            except ssl.SSLError as error:
                raise _alert(error, place, security) from error
            except (_EndedError, ConnectionError) as error:
                if security.certificate_file is None:  # what TLS 1.3 servers do when they miss a client certificate
                    raise BrokerRefusedError(Obstacle.CLIENT_CERTIFICATE_NEEDED, place, security) from error
                raise BrokerRefusedError(Obstacle.CLIENT_CERTIFICATE_REFUSED, place, security) from error
            _prove(talk, address, security)


def _over_plain(sock: socket.socket, address: tuple[str, int], security: KafkaSecurity) -> None:
    talk = _Talk(sock)
    try:
        talk.ask(ApiVersionsRequest(version=0))
    except (_EndedError, KafkaProtocolError, ConnectionError) as error:
        if _speaks_tls(address):
            raise BrokerRefusedError(Obstacle.TLS_NEEDED, f"{address[0]}:{address[1]}", security) from error
        raise _EndedError from error
    _prove(talk, address, security)


@contextmanager
def _handshake(plain: socket.socket, address: tuple[str, int], security: KafkaSecurity) -> Iterator[ssl.SSLSocket]:
    place = f"{address[0]}:{address[1]}"
    try:
        sock = tls_context(security).wrap_socket(plain, server_hostname=address[0])
    except ssl.SSLCertVerificationError as error:
        kind = Obstacle.UNKNOWN_AUTHORITY
        if error.verify_code in _NAME_CODES:
            kind = Obstacle.OTHER_NAME
        elif error.verify_code in _TIME_CODES:
            kind = Obstacle.EXPIRED
        raise BrokerRefusedError(kind, place, security, detail=error.verify_message) from error
    except (ssl.SSLError, ConnectionError) as error:
        if _speaks_kafka(address):
            raise BrokerRefusedError(Obstacle.NO_TLS_HERE, place, security) from error
        if isinstance(error, ssl.SSLError):
            raise _alert(error, place, security) from error
        raise
    with sock:
        yield sock


def _alert(error: ssl.SSLError, place: str, security: KafkaSecurity) -> BrokerRefusedError:
    """The refusal that a TLS alert of the broker means."""
    reason = error.reason or ""
    if any(alert in reason for alert in _CLIENT_ALERTS):
        missing = security.certificate_file is None
        kind = Obstacle.CLIENT_CERTIFICATE_NEEDED if missing else Obstacle.CLIENT_CERTIFICATE_REFUSED
        return BrokerRefusedError(kind, place, security)
    return BrokerRefusedError(Obstacle.TLS_FAILED, place, security, detail=reason)


def _prove(talk: _Talk, address: tuple[str, int], security: KafkaSecurity) -> None:
    """Authenticate; without SASL, ask for something that a listener with SASL does not answer."""
    place = f"{address[0]}:{address[1]}"
    if security.sasl is None:
        try:
            talk.ask(MetadataRequest(version=4, topics=_NO_TOPICS, allow_auto_topic_creation=False))
        except (_EndedError, ConnectionError) as error:
            raise BrokerRefusedError(Obstacle.SASL_NEEDED, place, security) from error
        return
    answer = talk.ask(SaslHandshakeRequest(version=1, mechanism=security.sasl.value))
    if answer.error_code == _STATE_ERROR:
        raise BrokerRefusedError(Obstacle.NO_SASL_HERE, place, security)
    if answer.error_code == _MECHANISM_ERROR:
        offered = "it offers " + ", ".join(answer.mechanisms)
        raise BrokerRefusedError(Obstacle.OTHER_MECHANISM, place, security, detail=offered)
    options = kafka_python_options(security)
    mechanism = get_sasl_mechanism(security.sasl.value)(host=address[0], **options)
    while not mechanism.is_done():
        answer = talk.ask(SaslAuthenticateRequest(version=0, auth_bytes=mechanism.auth_bytes()))
        if answer.error_code == _SASL_ERROR:
            raise BrokerRefusedError(Obstacle.CREDENTIALS_REFUSED, place, security, detail=answer.error_message or "")
        if answer.error_code:
            raise _EndedError
        mechanism.receive(answer.auth_bytes)


@contextmanager
def _connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, _CONNECT_SECONDS) as sock:
        sock.settimeout(_ANSWER_SECONDS)
        yield sock


def _speaks_tls(address: tuple[str, int]) -> bool:
    """Whether the listener answers a TLS handshake. Nothing is sent over the connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with _connected(address) as plain, context.wrap_socket(plain, server_hostname=address[0]):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except OSError:
        return False


def _speaks_kafka(address: tuple[str, int]) -> bool:
    """Whether the listener answers a request of Kafka without TLS."""
    try:
        with _connected(address) as plain:
            _Talk(plain).ask(ApiVersionsRequest(version=0))
    except (_EndedError, KafkaProtocolError, OSError):
        return False
    return True


class _Talk:
    """Requests and answers over one socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._protocol = KafkaProtocol(client_id="aiops", receive_message_max_bytes=_MOST_BYTES)

    def ask(self, request: Any) -> Any:
        """The answer to a request.

        Raises:
            OSError: the connection broke or timed out.
            KafkaProtocolError: the answer is not Kafka's.
            _EndedError: the broker closed the connection.
        """
        self._protocol.send_request(request)
        self._sock.sendall(self._protocol.send_bytes())
        while True:
            data = self._sock.recv(65_536)
            if not data:
                raise _EndedError
            answers = self._protocol.receive_bytes(data)
            if answers:
                return answers[0][1]
