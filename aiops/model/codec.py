"""Between values and JSON: one typed, strict codec per value, for the journal and for CloudEvents.

Pydantic reads and writes our plain dataclasses; unions are told apart by their ``type`` field. Reading rejects what
does not fit with ``pydantic.ValidationError``, whose text names the place.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter

from aiops.model.effects import Effect
from aiops.model.events import Event

T = TypeVar("T")

EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])
EFFECT: TypeAdapter[Effect] = TypeAdapter(Annotated[Effect, Field(discriminator="type")])

_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """The codec of one dataclass, built once."""
    found = _ADAPTERS.get(kind)
    if found is None:
        found = _ADAPTERS[kind] = TypeAdapter(kind)
    return found


def encode(value: Any) -> str:
    """Compact JSON of a dataclass; the same value gives the same text (maps keep their order)."""
    return adapter(type(value)).dump_json(value).decode()


def decode(kind: type[T], text: str | bytes) -> T:
    """The value behind ``encode``'s text."""
    return adapter(kind).validate_json(text)
