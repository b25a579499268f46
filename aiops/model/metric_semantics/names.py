"""Normalises names of metrics for lookups: folds them to one spelling, removes suffixes, splits them into words.

The same metric is ``http.server.request.duration`` in OTLP, ``http_server_request_duration_seconds_bucket`` in
Prometheus, and ``http.server.request.duration.p99`` once the decoder has made a quantile of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

_PUNCTUATION = re.compile(r"[^a-z0-9]+")
_WORD = re.compile(
    r"""
      [1-5][xX]{2}            # 5xx
    | [pP]\d{2,3}(?!\d)       # p99
    | [xX]509 | [kK]8[sS]
    | [A-Z]+(?![a-z])         # CPU in CPUUsage, GC
    | [A-Z]?[a-z]+            # Usage, total
    | \d+
    """,
    re.VERBOSE,
)


class Statistic(StrEnum):
    """The statistic of a metric that the last part of its name states."""

    VALUE = "value"
    """No statistic: the metric itself, or a quantile, mean or bucket of it, in its unit."""
    COUNT = "count"
    """Number of observations of a histogram or summary."""
    SUM = "sum"
    """Sum of the observations of a histogram or summary."""
    CREATED = "created"
    """Start time of a counter, seconds since 1970 (OpenMetrics)."""


_STATISTIC = re.compile(
    r"_(?:(count)|(sum)|(created)|bucket|p\d{1,3}(?:_\d+)?|\d{1,2}p|quantile|mean|avg|average|median|max|min)$"
)
_UNITS = (
    ("_bytes_per_second", "By/s"), ("_per_second", "1/s"), ("_milliseconds", "ms"), ("_microseconds", "us"),
    ("_nanoseconds", "ns"), ("_seconds", "s"), ("_minutes", "min"), ("_hours", "h"), ("_days", "d"),
    ("_kibibytes", "KiBy"), ("_mebibytes", "MiBy"), ("_gibibytes", "GiBy"), ("_bytes", "By"), ("_ratio", "1"),
    ("_percent", "%"), ("_celsius", "Cel"), ("_volts", "V"), ("_amperes", "A"), ("_watts", "W"), ("_joules", "J"),
    ("_hertz", "Hz"), ("_ms", "ms"), ("_usec", "us"), ("_sec", "s"),
)  # fmt: skip
"""Ends of names that state a unit, as Prometheus' conventions and OpenTelemetry's translation to them write it."""
_TOTAL = "_total"


class Spelling(NamedTuple):
    """One reading of a name: its key without suffixes, and the statistic and unit that the suffixes state."""

    key: str
    statistic: Statistic = Statistic.VALUE
    unit: str = ""
    """UCUM; empty: the name states none."""


def key_of(metric: str) -> str:
    """The name in lower case with one underscore for each run of punctuation: equal for all spellings of one name."""
    return _PUNCTUATION.sub("_", metric.lower()).strip("_")


def spellings(key: str) -> Iterator[Spelling]:
    """Readings of a folded name: first the unchanged name, then the one that keeps most of it, and so on."""
    stem, statistic = _without_statistic(key)
    begins = {key: Statistic.VALUE, stem: statistic}
    for begin, what in begins.items():
        yield Spelling(begin, what)
    for begin, what in begins.items():
        bare = begin.removesuffix(_TOTAL)
        if bare != begin:
            yield Spelling(bare, what)
        for end, unit in _UNITS:
            if bare.endswith(end) and len(bare) > len(end):
                yield Spelling(bare.removesuffix(end), what, unit)
                break


def reading(key: str) -> Spelling:
    """A folded name without any suffix: the last of its spellings, with all that the suffixes state."""
    stem, statistic = _without_statistic(key)
    unit = next((unit for end, unit in _UNITS if stem.removesuffix(_TOTAL).endswith(end)), "")
    return Spelling(stem, statistic, unit)


def _without_statistic(key: str) -> tuple[str, Statistic]:
    found = _STATISTIC.search(key)
    if found is None or found.start() == 0:
        return key, Statistic.VALUE
    count, total, created = found.groups()
    what = Statistic.COUNT if count else Statistic.SUM if total else Statistic.CREATED if created else Statistic.VALUE
    return key[: found.start()], what


def words_of(metric: str) -> tuple[str, ...]:
    """The words of a name in lower case, split at case, punctuation and digits; ``5xx``, ``p99`` and ``x509`` stay."""
    return tuple(word.lower() for word in _WORD.findall(metric))
