"""Converts values to JSON and back: one typed, strict codec per dataclass, for the journal and for CloudEvents.

Pydantic reads and writes the plain dataclasses. The ``type`` field discriminates the members of a union. Reading
raises ``pydantic.ValidationError``, whose text names the invalid field.
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
    """Compact JSON of a dataclass; equal values give equal texts if their maps have the same order."""
    return adapter(type(value)).dump_json(value, by_alias=True).decode()


def decode(kind: type[T], text: str | bytes) -> T:
    """The value of type ``kind`` from ``encode``'s text; raises ``pydantic.ValidationError``."""
    return adapter(kind).validate_json(text)
