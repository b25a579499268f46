"""Opens the consumer that the settings name."""

from __future__ import annotations

from aiops.adapters.kafka.cautious import CautiousConsumer
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.model.errors import PermanentError
from aiops.ports import TelemetryConsumer
from aiops.settings import Settings


def open_consumer(settings: Settings, bootstrap: str, group: str, *, cautious: bool = False) -> TelemetryConsumer:
    """The data plane's consumer; ``cautious``: what is there now is read with the client that bounds its memory.

    Raises:
        PermanentError: ``kafka.client`` is unknown or not installed.
    """
    if settings.kafka.client == "kafka-python":
        kafka = settings.kafka
        return KafkaPythonConsumer(
            bootstrap, group, kafka.poll_bytes, unpacked_bytes=kafka.unpacked_bytes, security=kafka
        )
    if cautious and settings.kafka.client == "confluent":
        bounded = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"client": "kafka-python"})})
        return CautiousConsumer(
            lambda: open_consumer(bounded, bootstrap, group), lambda: open_consumer(settings, bootstrap, group)
        )
    if settings.kafka.client == "confluent":
        try:
            from aiops.adapters.kafka.confluent import ConfluentConsumer  # noqa: PLC0415 - an extra that may be missing
        except ImportError as error:
            raise PermanentError("kafka.client is confluent: install it with pip install 'aiops[fast]'") from error
        return ConfluentConsumer(bootstrap, group, settings.kafka.poll_bytes, security=settings.kafka)
    raise PermanentError(f"kafka.client: {settings.kafka.client!r} is neither kafka-python nor confluent")
