"""Redis, as a cache: bounded, without files."""

from __future__ import annotations

from simulations.range.estate_plan import HOST, EstatePlan
from simulations.range.run_folder import RunFolder


def configuration(plan: EstatePlan, folder: RunFolder) -> str:
    """Text of ``redis.conf``."""
    return f"""\
bind {HOST}
port {plan.ports.redis}
daemonize no
dir {folder.data("redis")}
save ""
appendonly no
maxmemory 64mb
maxmemory-policy allkeys-lru
"""
