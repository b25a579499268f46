"""RabbitMQ's configuration."""

from __future__ import annotations

import json

from simulations.range.configuration.rabbitmq import configuration, definitions, environment
from tests.unit.simulations.range.runs import FOLDER, PLAN


def test_it_listens_on_loopback_only() -> None:
    """Queue, management, distribution and the port mapper."""
    text, variables = configuration(PLAN, FOLDER), environment(PLAN, FOLDER)
    assert f"listeners.tcp.1 = 127.0.0.1:{PLAN.ports.rabbitmq}\n" in text
    assert "management.tcp.ip = 127.0.0.1\n" in text
    assert variables["ERL_EPMD_ADDRESS"] == "127.0.0.1"
    assert "inet_dist_use_interface {127,0,0,1}" in variables["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]


def test_the_queues_of_the_plan_are_there_from_the_start() -> None:
    """They survive a restart, so a message is not lost with the broker."""
    queues = json.loads(definitions(PLAN))["queues"]
    assert [queue["name"] for queue in queues] == list(PLAN.queues)
    assert all(queue["durable"] for queue in queues)


def test_services_may_use_all_queues() -> None:
    """One user, one virtual host."""
    found = json.loads(definitions(PLAN))
    assert found["users"][0]["name"] == found["permissions"][0]["user"] == "shop"


def test_two_estates_have_two_nodes() -> None:
    """Name, port mapper and folders are the estate's own."""
    variables = environment(PLAN, FOLDER)
    assert variables["RABBITMQ_NODENAME"] == "range7@localhost"
    assert variables["ERL_EPMD_PORT"] == str(PLAN.ports.epmd)
    own = str(FOLDER.data("rabbitmq"))
    assert all(variables[name].startswith(own) for name in ("HOME", "RABBITMQ_MNESIA_BASE", "RABBITMQ_CONFIG_FILE"))
