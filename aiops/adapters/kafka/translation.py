"""Translates kafka-python's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka.errors import AuthorizationError, KafkaError, RetriableError

from aiops.model.errors import PermanentError, TemporaryError


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Retriable errors become ``TemporaryError``; others become ``PermanentError`` with what a person must do."""
    try:
        yield
    except RetriableError as error:
        raise TemporaryError(f"cannot {what} now: {error}; is the broker up and reachable?", 1.0) from error
    except AuthorizationError as error:
        raise PermanentError(f"cannot {what}: {error}; grant the user the rights of docs/deploy.md") from error
    except KafkaError as error:
        if getattr(error, "retriable", False):
            raise TemporaryError(f"cannot {what} now: {error}", 1.0) from error
        raise PermanentError(f"cannot {what}: {error}; check the address, the topic and the permissions") from error
    except (OSError, ValueError) as error:
        raise TemporaryError(f"cannot {what} now: {error}; is the broker up and reachable?", 1.0) from error
