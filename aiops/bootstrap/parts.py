"""Makes each part inside its own process: agents and the gate. Named by the cluster's actors.

Arguments are settings and names only, so that an actor can be made again anywhere with nothing but them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiops.adapters.blocking_gate import BlockingGate
from aiops.adapters.bundle.loading import bundle_folder, load_bundle
from aiops.adapters.clock import SystemClock, open_clock
from aiops.adapters.cluster.agents import AgentHost
from aiops.adapters.executors.http import HttpExecutor
from aiops.adapters.executors.script import ScriptExecutor
from aiops.adapters.fail_points import open_fail_points
from aiops.adapters.journal.opening import open_journal
from aiops.agents.composition import control_agent
from aiops.driver.dispatcher import share_limits
from aiops.driver.gate import Gate
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Role
from aiops.ports import Executor, Inbox
from aiops.settings import Settings


def make_agent(settings: Settings, role: str) -> AgentHost:
    """One control-plane agent."""
    bundle = load_bundle(bundle_folder(settings))
    return AgentHost(control_agent(Role(role), settings, bundle), open_fail_points(settings))


def executors(settings: Settings) -> dict[str, Executor]:
    """Executors as ``acting.executors`` names them; ``none`` carries nothing out."""
    made: dict[str, Executor] = {}
    for primitive, options in settings.acting.executors.items():
        match options.get("kind"):
            case "http":
                made[primitive] = HttpExecutor(_option(primitive, options, "url"), SystemClock(), options.get("token"))
            case "script":
                made[primitive] = ScriptExecutor(_option(primitive, options, "command").split(), SystemClock())
            case "none":
                continue
            case kind:
                raise PermanentError(f"acting.executors.{primitive}.kind: {kind!r} is none of http, script, none")
    return made


def _option(primitive: str, options: dict[str, str], name: str) -> str:
    if name not in options:
        raise PermanentError(f"acting.executors.{primitive}: {name} is missing")
    return options[name]


def make_gate(settings: Settings) -> BlockingGate:
    """The executors behind their gate; the inbox is all it knows of the control plane."""
    inbox: Inbox = open_journal(settings)
    clock = open_clock(settings)
    return BlockingGate(Gate(inbox, executors(settings), clock), clock, fail_point=open_fail_points(settings))


def limits(settings: Settings) -> Callable[[Iterable[str]], dict[str, float]]:
    """Share of each account that may be spent."""
    return share_limits(settings.acting)
