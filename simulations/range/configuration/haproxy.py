"""HAProxy in front of the instances: one frontend for users, one for each service.

Users' requests go to the service whose id begins the path. Two maps, empty at first, hold what an operator sets through
the runtime socket for a service: ``shed.map`` the share of its requests to refuse with status 503, in percent, and
``rate.map`` the most requests a second, above which requests are refused with status 429.
"""

from __future__ import annotations

from pathlib import Path

from simulations.range.estate_plan import HOST, EstatePlan, Service
from simulations.range.run_folder import RunFolder

UNLIMITED = 1_000_000
"""Requests a second of a service without a limit."""


def shed_map(folder: RunFolder) -> Path:
    """Percent of requests to refuse, by service."""
    return folder.program("haproxy") / "shed.map"


def rate_map(folder: RunFolder) -> Path:
    """Most requests a second, by service."""
    return folder.program("haproxy") / "rate.map"


def configuration(plan: EstatePlan, folder: RunFolder) -> str:
    """Text of ``haproxy.cfg``."""
    parts = [_global(plan, folder), _public(plan)]
    for service in plan.services:
        parts += [_frontend(service), _backend(service, folder)]
    return "\n".join(parts)


def _global(plan: EstatePlan, folder: RunFolder) -> str:
    return f"""\
global
    log stdout format raw local0 info
    nbthread 1
    maxconn 2000
    stats socket {folder.haproxy_socket} mode 600 level admin

defaults
    mode http
    log global
    option httplog
    option dontlog-normal
    option http-keep-alive
    timeout connect 1s
    timeout client 15s
    timeout server 10s
    timeout http-keep-alive 15s
    timeout queue 2s
    retries 1

frontend stats
    bind {HOST}:{plan.ports.haproxy_stats}
    stats enable
    stats uri /stats
"""


def _public(plan: EstatePlan) -> str:
    rules = "".join(f"    use_backend {entry.id} if {{ path_beg /{entry.id} }}\n" for entry in plan.entries)
    return f"frontend public\n    bind {HOST}:{plan.ports.public}\n{rules}"


def _frontend(service: Service) -> str:
    return f"frontend to-{service.id}\n    bind {HOST}:{service.port}\n    default_backend {service.id}\n"


def _backend(service: Service, folder: RunFolder) -> str:
    servers = "".join(
        f"    server {instance.id} {HOST}:{instance.port} check{' disabled' if instance.spare else ''}\n"
        for instance in service.instances
    )
    return f"""\
backend {service.id}
    balance roundrobin
    http-request set-var(txn.shed) str({service.id}),map_str_int({shed_map(folder)},0)
    http-request set-var(txn.over) rand(100),sub(txn.shed)
    http-request deny deny_status 503 if {{ var(txn.over) -m int lt 0 }}
    http-request set-var(txn.rate) str({service.id}),map_str_int({rate_map(folder)},{UNLIMITED})
    stick-table type string len 32 size 10 expire 10s store gpc0,gpc0_rate(1s)
    http-request track-sc0 str({service.id})
    http-request set-var(txn.served) sc_gpc0_rate(0)
    http-request set-var(txn.room) var(txn.rate),sub(txn.served)
    http-request deny deny_status 429 if {{ var(txn.room) -m int le 0 }}
    http-request sc-inc-gpc0(0)
    option httpchk GET /health
    http-check expect status 200
    default-server inter 2s fall 2 rise 1
{servers}"""
