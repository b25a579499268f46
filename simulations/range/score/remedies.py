"""What repairs each kind of fault: the primitives that remove its cause, and the runbooks that say so.

They follow from how the fault is made, not from what the product proposes. A kind without primitives has no repair that
the estate's executors may do; its right runbook is one that asks a person, if there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is right for a kind of fault."""

    primitives: frozenset[str] = frozenset()
    """Each of them on the root, or on the service that the fault was given, repairs it."""
    runbooks: frozenset[str] = frozenset()
    """Ids of the shipped runbooks for it."""


def _remedy(primitives: str = "", runbooks: str = "") -> Remedy:
    return Remedy(frozenset(primitives.split()), frozenset(runbooks.split()))


_ROLL_BACK: Final = _remedy("roll-back", "roll-back-deploy")
_NOTHING: Final = _remedy()
REMEDIES: Final[Mapping[str, Remedy]] = {
    "killed": _remedy("restart", "restart-crashed"),
    "crash-loop": _ROLL_BACK,
    "stopped": _remedy("restart", "restart-crashed"),
    "hog-inside": _ROLL_BACK,
    "hog-beside": _NOTHING,
    "memory-leak": _ROLL_BACK,
    "descriptor-leak": _ROLL_BACK,
    "slow-function": _ROLL_BACK,
    "error-burst": _ROLL_BACK,
    "bad-configuration": _remedy("roll-back", "roll-back-configuration"),
    "slow-query": _NOTHING,
    "row-lock": _remedy("end-blocker"),
    "pool-exhausted": _remedy("end-blocker restart"),
    "database-restarted": _NOTHING,
    "replica-promoted": _NOTHING,
    "cache-flushed": _remedy("", "shed-stampede"),
    "consumer-stuck": _remedy("restart", "restart-crashed drain-backlog"),
    "poison-message": _remedy("set-aside", "ask-poison-message"),
    "slow-disk": _remedy("fail-over", "fail-over-store fail-over-slow-disk"),
    "log-flood": _ROLL_BACK,
    "retry-storm": _remedy("shed-load limit-load", "shed-retry-storm"),
    "traffic-surge": _remedy("scale shed-load limit-load", "scale-saturated"),
    "delay": _remedy("", "ask-network"),
    "bandwidth": _remedy("", "ask-network"),
    "cut": _remedy("", "ask-network"),
    "wrong-clock": _NOTHING,
    "collector-killed": _remedy("restart", "restart-agent"),
    "calm": _NOTHING,
    "harmless-deployment": _NOTHING,
    "harmless-scale-out": _NOTHING,
    "backup": _NOTHING,
}
"""Name of the kind to its remedy."""
MILD: Final = frozenset({"scale", "end-blocker", "cancel-query", "set-aside"})
"""Primitives that take nothing from a healthy target: wrong where they are not needed, and not unsafe."""
