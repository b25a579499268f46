"""Opens the consumer that the settings name."""

from __future__ import annotations

from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.model.errors import PermanentError
from aiops.ports import TelemetryConsumer
from aiops.settings import Settings


def open_consumer(settings: Settings, bootstrap: str, group: str) -> TelemetryConsumer:
    """The data plane's consumer.

    Raises:
        PermanentError: ``kafka.client`` is unknown or not installed.
    """
    if settings.kafka.client == "kafka-python":
        return KafkaPythonConsumer(bootstrap, group, settings.kafka.poll_bytes, security=settings.kafka)
    if settings.kafka.client == "confluent":
        try:
            from aiops.adapters.kafka.confluent import ConfluentConsumer  # noqa: PLC0415 - an extra that may be missing
        except ImportError as error:
            raise PermanentError("kafka.client is confluent: install it with pip install 'aiops[fast]'") from error
        return ConfluentConsumer(bootstrap, group, settings.kafka.poll_bytes, security=settings.kafka)
    raise PermanentError(f"kafka.client: {settings.kafka.client!r} is neither kafka-python nor confluent")
