"""Which way a figure is worse, as far as its name says: a hint, never a need."""

from __future__ import annotations

from functools import lru_cache

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
