"""The reply of a port's call: its value, or its error."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """The call raised ``error``."""

    error: Exception


Reply: TypeAlias = T | Failure


def attempted(call: Callable[[], T]) -> Reply[T]:
    """The value of ``call``, or its error. The effect boundary: no error of a port escapes."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - the effect boundary: a plug-in's error must not look like success
        return Failure(error)


def reply_of(future: Future[T]) -> Reply[T]:
    """The value or error of a completed future."""
    return attempted(future.result)


def settle(future: Future[T], reply: Reply[T]) -> None:
    """Complete ``future`` with a reply."""
    if isinstance(reply, Failure):
        future.set_exception(reply.error)
    else:
        future.set_result(reply)
