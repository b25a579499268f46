"""RabbitMQ with its management interface, which the Collector's receiver reads, on loopback only."""

from __future__ import annotations

import json

from simulations.range.estate_plan import HOST, EstatePlan
from simulations.range.run_folder import RunFolder

USER = "shop"
PASSWORD = "shop"  # noqa: S105 (of a broker on loopback that lives as long as an estate)
PLUGINS = "[rabbitmq_management].\n"


def configuration(plan: EstatePlan, folder: RunFolder) -> str:
    """Text of ``rabbitmq.conf``."""
    return f"""\
listeners.tcp.1 = {HOST}:{plan.ports.rabbitmq}
management.tcp.ip = {HOST}
management.tcp.port = {plan.ports.rabbitmq_management}
load_definitions = {folder.data("rabbitmq")}/definitions.json
vm_memory_high_watermark.absolute = 256MB
disk_free_limit.absolute = 50MB
collect_statistics_interval = 2000
log.console = true
log.console.level = warning
log.file = false
"""


def definitions(plan: EstatePlan) -> str:
    """Text of ``definitions.json``: user, virtual host, queues."""
    found = {
        "users": [{"name": USER, "password": PASSWORD, "tags": ["administrator"]}],
        "vhosts": [{"name": "/"}],
        "permissions": [{"user": USER, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
        "queues": [
            {"name": name, "vhost": "/", "durable": True, "auto_delete": False, "arguments": {}} for name in plan.queues
        ],
    }
    return json.dumps(found, indent=1) + "\n"


def environment(plan: EstatePlan, folder: RunFolder) -> dict[str, str]:
    """Environment of the broker. Erlang's port mapper is a program of its own, so that none is left behind."""
    home = folder.data("rabbitmq")
    return {
        "HOME": str(home),
        "RABBITMQ_NODENAME": f"range{plan.seed}@localhost",
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_FEATURE_FLAGS_FILE": str(home / "feature_flags"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "generated"),
        "RABBITMQ_DIST_PORT": str(plan.ports.rabbitmq_distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
        "ERL_EPMD_PORT": str(plan.ports.epmd),
        "ERL_EPMD_ADDRESS": HOST,
    }
