"""Acts on RabbitMQ: sets poison messages aside (``aiops.adapters.executors.parking``). Needs the extra ``rabbitmq``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from aiops.adapters.executors.key_ledger import KeyLedger
from aiops.adapters.executors.keyed import KeyedExecutor
from aiops.adapters.executors.options import check_known, secret, template, wanted
from aiops.adapters.executors.parking import MOST_HELD, Broker, HeldMessage, ParkingWay
from aiops.model.errors import PermanentError, TemporaryError
from aiops.ports import Clock

if TYPE_CHECKING:
    from pika.adapters.blocking_connection import BlockingChannel

_OPTIONS: Final = ("url", "password_file", "keys", "parking")
_CALL_SECONDS: Final = 5.0
_DEFAULT_PORT: Final = 5672
_PERSISTENT: Final = 2
_BEFORE_OTHERS: Final = 1000
"""Consumer priority: RabbitMQ delivers to lower ones only while this one cannot take more."""
_WAIT_SECONDS: Final = 0.1


def from_options(options: Mapping[str, str], clock: Clock) -> KeyedExecutor:
    """The executor of ``kind: rabbitmq``: ``url`` and ``keys``; optional ``password_file`` and ``parking``."""
    check_known(options, _OPTIONS)
    try:
        import pika  # noqa: F401, PLC0415 - the extra is not installed everywhere
    except ImportError as error:
        raise PermanentError("the kind rabbitmq needs the extra: pip install 'aiops[rabbitmq]'") from error
    server = RabbitServer(wanted(options, "url"), secret(options, "password_file") or "")
    way = ParkingWay(server.connected, template(options, "parking", "{name}.parked"))
    return KeyedExecutor(way, KeyLedger(Path(wanted(options, "keys")).expanduser()), clock)


class RabbitServer:
    """A server of AMQP 0.9.1.

    Args:
        url: ``amqp://USER@HOST:PORT/VHOST``.
        password: of the user.

    Raises:
        PermanentError: the URL is another, or has a password.
    """

    def __init__(self, url: str, password: str) -> None:
        parts = urlsplit(url)
        self._shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        if parts.scheme != "amqp" or not parts.hostname:
            raise PermanentError(f"url is {self._shown!r}: write amqp://USER@HOST:PORT/VHOST")
        if parts.password is not None:
            raise PermanentError("url has a password: put it into a file and set password_file")
        self._host, self._port = parts.hostname, parts.port or _DEFAULT_PORT
        self._user, self._password = unquote(parts.username or "guest"), password or "guest"
        self._vhost = unquote(parts.path.removeprefix("/")) or "/"

    @contextmanager
    def connected(self) -> Iterator[Broker]:
        """A connection with confirmed publishing. What is held goes back to its queue at the end.

        Raises:
            TemporaryError: the server does not answer.
            PermanentError: it refuses the user or the virtual host, or a queue does not exist.
        """
        import pika  # noqa: PLC0415 - the extra is not installed everywhere
        from pika import exceptions as errors  # noqa: PLC0415 - the same

        parameters = pika.ConnectionParameters(
            host=self._host,
            port=self._port,
            virtual_host=self._vhost,
            credentials=pika.PlainCredentials(self._user, self._password),
            socket_timeout=_CALL_SECONDS,
            stack_timeout=_CALL_SECONDS,
            blocked_connection_timeout=_CALL_SECONDS,
        )
        try:
            with pika.BlockingConnection(parameters) as connection:
                channel = connection.channel()
                channel.confirm_delivery()
                yield _Channel(channel)
        except (errors.ProbableAuthenticationError, errors.ProbableAccessDeniedError) as error:
            raise PermanentError(
                f"RabbitMQ at {self._shown} refuses the user or the virtual host: {error!r}"
            ) from error
        except (errors.ChannelClosedByBroker, errors.UnroutableError, errors.NackError) as error:
            raise PermanentError(f"RabbitMQ refuses: {error}") from error
        except (errors.AMQPError, OSError) as error:
            raise TemporaryError(f"RabbitMQ does not answer at {self._shown}: {error!r}") from error


class _Channel:
    """``Broker`` over a channel of pika."""

    def __init__(self, channel: BlockingChannel) -> None:
        self._channel = channel
        self._consumer: Any = None

    def take(self, queue: str) -> HeldMessage | None:
        return self._held(*self._channel.basic_get(queue))

    def take_first(self, queue: str) -> HeldMessage | None:
        if self._consumer is None:
            self._channel.basic_qos(prefetch_count=MOST_HELD)
            first = {"x-priority": _BEFORE_OTHERS}
            self._consumer = self._channel.consume(queue, arguments=first, inactivity_timeout=_WAIT_SECONDS)
        return self._held(*next(self._consumer))

    def _held(self, got: Any, properties: Any, body: Any) -> HeldMessage | None:
        if got is None:
            return None
        headers = dict(properties.headers or {})
        return HeldMessage(got.delivery_tag, bool(got.redelivered), headers, (properties, body))

    def make(self, queue: str) -> None:
        self._channel.queue_declare(queue, durable=True)

    def put(self, queue: str, message: HeldMessage, headers: Mapping[str, object]) -> None:
        content: Any = message.content
        properties, body = content
        properties.headers = dict(headers)
        properties.delivery_mode = _PERSISTENT
        properties.expiration = None  # it is kept until a person has looked at it
        self._channel.basic_publish("", queue, body, properties, mandatory=True)

    def remove(self, message: HeldMessage) -> None:
        self._channel.basic_ack(message.tag)
