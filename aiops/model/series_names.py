"""Names of series for people: the metric and the few attributes that distinguish it from its siblings.

A series' full name, ``metric{key=value,…}``, has every attribute its sender gave, sorted by key. Most of them are the
same for all series of the metric and entity. People get the ones that differ, three at most. The instrumentation
library (``otel.scope.*``) is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations
from typing import Final

MOST_ATTRIBUTES: Final = 3
"""Most attributes in a display name."""
MOST_CANDIDATES: Final = 24
"""Most differing attributes that are combined; bounds the work for hostile names."""
_SCOPE: Final = "otel.scope."
_KEY: Final = re.compile(r"(?:^([^=]*)|,([^\s,={}]+))=")
"""The first key ends at the first ``=``; later ones follow a comma."""
_INSTANCE: Final = frozenset({"service.instance.id", "k8s.pod.name", "container.name", "host.name"})
_RESOURCE: Final = (
    "cloud.", "container.", "deployment.", "faas.", "host.", "k8s.", "os.", "process.", "resource.", "service.",
    "telemetry.",
)  # fmt: skip
"""OpenTelemetry's namespaces for attributes of the sender."""


def display_name(series: str, siblings: Iterable[str] = ()) -> str:
    """``metric{what distinguishes it}``.

    Siblings that are named with each other get the same keys. Their display names differ whenever at most
    ``MOST_ATTRIBUTES`` attributes (of the first ``MOST_CANDIDATES`` that differ) can tell them apart; otherwise as many
    of them differ as possible. A series without known siblings gets its first attributes, those of the measurement
    before those of the sender.

    Args:
        series: full name, ``metric{key=value,…}`` or ``metric``.
        siblings: full names of other series of the same entity; other metrics and ``series`` itself are ignored.
    """
    metric, own = parse(series)
    family = [own]
    for sibling in set(siblings) - {series}:
        name, attributes = parse(sibling)
        if name == metric and attributes not in family:
            family.append(attributes)
    keys = _distinguishing(family) if len(family) > 1 else sorted(own, key=_rank)[:MOST_ATTRIBUTES]
    inner = ",".join(f"{key}={value}" for key, value in own.items() if key in keys)
    return f"{metric}{{{inner}}}" if inner else metric


def parse(series: str) -> tuple[str, dict[str, str]]:
    """Metric and attributes of a full name, without ``otel.scope.*``.

    Values are not quoted in a full name, so a value may hold ``,`` and ``=``. Keys are sorted and unique, so
    ``,key=`` begins an attribute only if ``key`` sorts after the attribute before it.
    """
    metric, brace, rest = series.partition("{")
    if not brace or not rest.endswith("}"):
        return series, {}
    inner, found = rest[:-1], dict[str, str]()
    starts: list[tuple[str, int, int]] = []
    for match in _KEY.finditer(inner):
        key = match[1] or match[2] or ""
        if not starts or key > starts[-1][0] or key.startswith(_SCOPE):
            starts.append((key, match.start(), match.end()))
    if not starts:
        return series, {}
    ends = [start for _, start, _ in starts[1:]] + [len(inner)]
    for (key, _, begin), end in zip(starts, ends, strict=True):
        if not key.startswith(_SCOPE):
            found.setdefault(key, inner[begin:end])
    return metric, found


def _distinguishing(family: list[dict[str, str]]) -> tuple[str, ...]:
    """The smallest, most readable set of keys under which most of the family differ."""
    differing = [key for key in set().union(*family) if len({one.get(key) for one in family}) > 1]
    differing.sort(key=lambda key: (-len({one.get(key) for one in family}), _rank(key)))
    candidates = _one_of_each(differing, family)[:MOST_CANDIDATES]
    best: tuple[str, ...] = ()
    separated = 1
    for size in range(1, MOST_ATTRIBUTES + 1):
        choices = sorted(combinations(candidates, size), key=lambda keys: sorted(map(_rank, keys)))
        for keys in choices:
            different = len({tuple(one.get(key) for key in keys) for one in family})
            if different > separated:
                best, separated = keys, different
            if separated == len(family):
                return best
    return best


def _one_of_each(keys: list[str], family: list[dict[str, str]]) -> list[str]:
    """Without keys that divide the family as a more readable one does."""
    first: dict[tuple[int, ...], str] = {}
    for key in sorted(keys, key=_rank):
        values = [one.get(key) for one in family]
        first.setdefault(tuple(values.index(value) for value in values), key)
    kept = set(first.values())
    return [key for key in keys if key in kept]


def _rank(key: str) -> tuple[int, str]:
    """Attributes of the measurement first, then names of instances, then the rest of the sender's."""
    if key in _INSTANCE:
        return 1, key
    return (2 if key.startswith(_RESOURCE) else 0), key
