"""Units as senders write them (UCUM, or the words that some receivers use), their dimension and their factor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Dimension(StrEnum):
    """The quantity that a unit measures."""

    TIME = "time"
    DATA = "data"
    SHARE = "share"
    """A part of a whole: ``1`` or ``%``. Senders also write ``1`` for plain counts; the table's row decides."""
    COUNT = "count"
    RATE = "rate"
    """Something a second."""
    PHYSICAL = "physical"
    """Temperature, power, voltage, frequency and the like."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement."""

    symbol: str
    """As the sender wrote it."""
    dimension: Dimension
    factor: float = 1.0
    """Size of the unit in base units: seconds for time, bytes for data, 1 for a share; other dimensions: 1."""


_BASE = {
    Dimension.TIME: {
        "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0,
        "nanoseconds": 1e-9, "microseconds": 1e-6, "milliseconds": 1e-3, "seconds": 1.0, "minutes": 60.0,
        "hours": 3600.0, "days": 86_400.0,
    },
    Dimension.DATA: {
        "bit": 0.125, "By": 1.0, "by": 1.0, "byte": 1.0, "bytes": 1.0, "kBy": 1e3, "MBy": 1e6, "GBy": 1e9, "TBy": 1e12,
        "KiBy": 2.0**10, "MiBy": 2.0**20, "GiBy": 2.0**30, "TiBy": 2.0**40,
        "kibibytes": 2.0**10, "mebibytes": 2.0**20, "gibibytes": 2.0**30,
    },
    Dimension.SHARE: {"1": 1.0, "%": 0.01, "ratio": 1.0, "percent": 0.01},
    Dimension.PHYSICAL: dict.fromkeys(
        ("Cel", "celsius", "V", "volts", "A", "amperes", "W", "watts", "J", "joules", "Hz", "hertz", "rpm", "m"), 1.0
    ),
}  # fmt: skip
_KNOWN = {symbol: (dimension, factor) for dimension, units in _BASE.items() for symbol, factor in units.items()}
_PER_SECOND = re.compile(r"/s(?:ec(?:ond)?)?$")
NO_UNIT = Unit("", Dimension.UNKNOWN)
COUNTED = Unit("1", Dimension.COUNT)
"""The unit of a number of observations, as OTLP histograms have it."""
SHARE = Unit("1", Dimension.SHARE)
PERCENT = Unit("%", Dimension.SHARE, 0.01)


@lru_cache(maxsize=4096)
def unit_of(symbol: str) -> Unit:
    """The unit behind a symbol; what is no symbol of ours counts things: ``{request}``, ``requests``. Never raises."""
    text = symbol.strip()
    if not text:
        return NO_UNIT
    amount = _PER_SECOND.sub("", text)
    bare = amount[1:-1] if amount.startswith("{") and amount.endswith("}") else amount
    dimension, factor = _KNOWN.get(bare, (Dimension.COUNT, 1.0))
    return Unit(symbol, dimension if amount == text else Dimension.RATE, factor)
