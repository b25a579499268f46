"""Factories of the agents and the gate. The cluster's actors name them and call them in their own process.

Arguments are settings and names only: an actor can be made again on any node from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiops.adapters.blocking_gate import BlockingGate
from aiops.adapters.bundle.loading import bundle_folder, load_bundle
from aiops.adapters.clock import SystemClock, open_clock
from aiops.adapters.cluster.agents import AgentHost
from aiops.adapters.executors.factory import open_executors
from aiops.adapters.fail_points import open_fail_points
from aiops.adapters.journal.factory import open_journal
from aiops.adapters.plugins import installed
from aiops.agents.composition import control_agent
from aiops.driver.dispatcher import share_limits
from aiops.driver.gate import Gate
from aiops.model.handoffs import Role
from aiops.ports import Inbox
from aiops.settings import Settings


def make_agent(settings: Settings, role: str) -> AgentHost:
    """One control-plane agent."""
    plugins = installed()
    bundle = load_bundle(bundle_folder(settings), plugins)
    return AgentHost(control_agent(Role(role), settings, bundle, plugins=plugins), open_fail_points(settings))


def make_gate(settings: Settings) -> BlockingGate:
    """The gate with its executors. Of the control plane it uses the inbox alone."""
    inbox: Inbox = open_journal(settings)
    clock = open_clock(settings)
    executors = open_executors(settings, installed(), SystemClock())
    return BlockingGate(Gate(inbox, executors, clock), clock, fail_point=open_fail_points(settings))


def limits(settings: Settings) -> Callable[[Iterable[str]], dict[str, float]]:
    """The function from accounts to the share of each that may be spent."""
    return share_limits(settings.acting)
