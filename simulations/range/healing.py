"""The executors that repair an estate: what `acting.executors` has to be for it."""

from __future__ import annotations

from collections.abc import Mapping

from simulations.range.configuration import haproxy, postgresql, rabbitmq
from simulations.range.estate_plan import HOST, EstatePlan
from simulations.range.run_folder import RunFolder


def executors(plan: EstatePlan, folder: RunFolder) -> dict[str, dict[str, str]]:
    """Primitive to kind and options. Keys are in the run folder, so they are gone with the estate.

    ``fail-over`` has none: the services know the primary by its port, and a promoted replica would not be asked.
    """
    keys = {"keys": str(folder.root / "keys")}
    supervised = {
        "kind": "supervisord",
        "url": f"unix://{folder.supervisord_socket}",
        **keys,
        "group": "{name}-[0-9]*",
        "release_link": f"{folder.root}/services/{{name}}/current",
        "configuration_link": f"{folder.root}/services/{{name}}/current",
    }
    proxied = {
        "kind": "haproxy",
        "url": f"unix://{folder.haproxy_socket}",
        **keys,
        "shed_map": str(haproxy.shed_map(folder)),
    }
    database = {
        "kind": "postgresql",
        "url": f"postgresql://{postgresql.USER}@{HOST}:{plan.ports.postgresql}/{postgresql.DATABASE}",
        **keys,
    }
    queue = {
        "kind": "rabbitmq",
        "url": f"amqp://{rabbitmq.USER}@{HOST}:{plan.ports.rabbitmq}/",
        "password_file": password_file(folder),
        **keys,
    }
    found: dict[str, Mapping[str, str]] = {
        **dict.fromkeys(("restart", "scale", "stop", "roll-back"), supervised),
        **dict.fromkeys(("drain", "limit-load", "shed-load"), proxied),
        **dict.fromkeys(("end-blocker", "cancel-query"), database),
        "set-aside": queue,
        "*": {"kind": "none"},
    }
    return {primitive: dict(options) for primitive, options in found.items()}


def password_file(folder: RunFolder) -> str:
    """Path of the file with RabbitMQ's password."""
    return str(folder.root / "rabbitmq.password")
