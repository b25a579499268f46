"""Which way a figure is worse, and from when anybody feels it, as far as its name and unit say: hints, never a need."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_WORSE_UP = (
    "error", "fail", "latency", "duration", "p50", "p90", "p95", "p99", "timeout", "queue", "lag", "restart", "throttl",
    "retr", "drop", "reject", "pending", "wait", "burn", "cpu", "memory", "saturation", "exception", "load_average",
)  # fmt: skip
_WORSE_DOWN = ("availability", "success", "healthy", "available", "ready")
_TRAFFIC = (".count", ".total", ".rate", "requests")
"""How much there is to do: more may be good or bad news, and so may less."""


@lru_cache(maxsize=65_536)
def detrimental(metric: str) -> int:
    """+1 where higher is worse, -1 where lower is, 0 where the name does not say."""
    name = metric.lower()
    if name.endswith(("uptime", *_TRAFFIC)) and "error" not in name:
        return 0
    if name == "up" or name.endswith((".up", "_up")) or any(hint in name for hint in _WORSE_DOWN):
        return -1
    return 1 if any(hint in name for hint in _WORSE_UP) else 0


class Burden(IntEnum):
    """What kind of figure it is, for ``felt``."""

    PLAIN = 0
    """Errors, readiness, silence, and whatever the name does not say: each departure counts at once."""
    LOAD = 1
    """How much there is to do, and how much waits."""
    DURATION = 2
    SHARE = 3
    """How full something is that can be full."""


FELT_RATIO = 3.0
"""A load or duration is felt from this many times its usual value on, or from that fraction of it downwards."""
FELT_SECONDS = 0.1
"""Nobody notices a delay that grew by less than a tenth of a second (Miller 1968; Nielsen 1993)."""
FELT_SHARE = 0.8
"""Below this share something that can be full serves as well as ever."""
LEAST_COUNT = 1.0
"""A count or rate below one is compared with one."""

_PLAIN = (
    "error", "fail", "timeout", "restart", "throttl", "retr", "drop", "reject", "exception", "burn", "redeliver",
    "unavailable", ".ratio", "_ratio", "loss", *_WORSE_DOWN,
)  # fmt: skip
_DURATION = ("latency", "duration", "delay", "response_time", "p50", "p90", "p95", "p99", ".wait", "_wait")
_LOAD = (
    *_TRAFFIC, "cpu", "memory", "load", "queue", "lag", "wait", "pending", "active", "connection", "backlog", "message",
    "backends", "thread", "pool", "heap", "throughput", "hits", "misses", "uptime",
)  # fmt: skip
_FULL = ("utilization", "usage", "used", "saturation")
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@lru_cache(maxsize=65_536)
def burden(metric: str, unit: str) -> tuple[Burden, float]:
    """Kind of a figure, and what one of its unit is in seconds (durations) or wholes (shares); 0: not known."""
    name = metric.lower()
    if any(hint in name for hint in _PLAIN):
        return Burden.PLAIN, 0.0
    if name.endswith(_FULL) and unit in {"1", "%"}:
        return Burden.SHARE, 1.0 if unit == "1" else 0.01
    if any(hint in name for hint in _DURATION) and not name.endswith(_TRAFFIC):
        return Burden.DURATION, _SECONDS.get(unit, 0.0)
    return (Burden.LOAD if any(hint in name for hint in _LOAD) else Burden.PLAIN), 0.0


def felt(
    kinds: npt.NDArray[np.uint8],
    scales: npt.NDArray[np.float32],
    values: npt.NDArray[np.float64],
    expected: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """(n,) whether what left its usual range can be felt by anybody, all arguments of shape (n,)."""
    least = np.where(kinds == Burden.LOAD, LEAST_COUNT, 0.0)
    now, usual = np.maximum(np.abs(values), least), np.maximum(np.abs(expected), least)
    far = (now >= FELT_RATIO * usual) | (now * FELT_RATIO <= usual)
    long = far & ((scales == 0.0) | ((values - expected) * scales >= FELT_SECONDS))
    full = values * scales >= FELT_SHARE
    by_kind = [kinds == Burden.LOAD, kinds == Burden.DURATION, kinds == Burden.SHARE]
    return np.select(by_kind, [far, long, full], default=True)
