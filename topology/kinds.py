"""Kind of fault that the signals of an entity indicate."""

from __future__ import annotations

from collections.abc import Iterable

from aiops.model.episodes import Signal, SignalDirection
from aiops.model.metric_semantics.semantics import Worse
from topology.hints import Family, Hints
from topology.rankers.scene import strength

UNKNOWN = "unknown"
BAD_DEPLOY = "bad deploy"
BAD_CONFIGURATION = "bad configuration"
SILENT_CAUSE = "silence"
KINDS = {
    Family.CERTIFICATE: "certificate",
    Family.RESTART: "crash",
    Family.DISK: "disk",
    Family.MEMORY: "memory",
    Family.CPU: "saturation",
    Family.QUEUE: "queue",
    Family.ERROR: "error",
    Family.AVAILABILITY: "error",
    Family.LATENCY: "latency",
    Family.NETWORK: "network",
    Family.LOG: "error",
    Family.TRAFFIC: "traffic",
}
"""Kind of fault by family, most specific first. At equal strength the earlier family decides."""
_SPECIFICITY = {family: 1.5 - 0.08 * order for order, family in enumerate(KINDS)}
_BY_CHANGE = {"deploy": BAD_DEPLOY, "config": BAD_CONFIGURATION, "flag": BAD_CONFIGURATION}
SUSPICIOUS = 0.5
"""A change of at least this suspicion decides the kind of fault, unless the signals name one of ``_NOT_BY_CHANGE``."""
_NOT_BY_CHANGE = frozenset({"certificate", "disk", "silence"})


def kind_of(signals: Iterable[Signal], hints: Hints, change: str | None = None, *, suspicion: float = 0.0) -> str:
    """Kind of fault of one entity.

    Args:
        signals: the entity's signals; those about calls to a peer count less.
        hints: semantics of their metrics.
        change: kind of the most suspicious change of the entity; None: there is none.
        suspicion: of that change, in [0, 1].
    """
    scores: dict[str, float] = {}
    for signal in signals:
        kind, weight = _one(signal, hints)
        weight *= strength(signal.score) * (0.3 if signal.peer else 1.0)
        scores[kind] = max(scores.get(kind, 0.0), weight)
    best = min(scores, key=lambda kind: (-scores[kind], kind)) if scores else UNKNOWN
    if change is not None and suspicion >= SUSPICIOUS and best not in _NOT_BY_CHANGE:
        return _BY_CHANGE.get(change.lower(), best)
    return best


def _one(signal: Signal, hints: Hints) -> tuple[str, float]:
    family = hints.family(signal)
    if signal.direction is SignalDirection.SILENT:
        return "crash", 1.6
    if (
        family is Family.TRAFFIC
        and signal.direction is SignalDirection.DOWN
        and signal.value <= 0.02 * abs(signal.expected)
    ):
        return "crash", 1.2
    fell = signal.direction is SignalDirection.DOWN and hints.meaning(signal).worse is not Worse.DOWN
    if family in (Family.CPU, Family.MEMORY, Family.DISK) and fell:
        return KINDS[family], 0.4
    return KINDS.get(family, UNKNOWN), _SPECIFICITY.get(family, 0.3)
