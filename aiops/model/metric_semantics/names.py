"""Names of metrics as lookups need them: folded to one spelling, freed of suffixes, split into words.

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
    """What a name's last part says was computed of the metric."""

    VALUE = "value"
    """Nothing: the metric itself, or a quantile, mean or bucket of it, in its unit."""
    COUNT = "count"
    """How many observations a histogram or summary has."""
    SUM = "sum"
    """The sum of its observations."""
    CREATED = "created"
    """When a counter began, seconds since 1970 (OpenMetrics)."""


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
    """One way to read a name: what is left of it without its suffixes, and what these say."""

    key: str
    statistic: Statistic = Statistic.VALUE
    unit: str = ""
    """UCUM; empty: the name states none."""


def key_of(metric: str) -> str:
    """The name in lower case with one underscore for each run of punctuation: equal for all spellings of one name."""
    return _PUNCTUATION.sub("_", metric.lower()).strip("_")


def spellings(key: str) -> Iterator[Spelling]:
    """Ways to read a folded name, the one that keeps most of it first; the name as it is comes before all."""
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
    """A folded name without any suffix: the last of its spellings with all that they say."""
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
