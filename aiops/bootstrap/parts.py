"""Makes each part inside its own process: shards, orchestration, agents, the gate. Named by the cluster's actors.

Arguments are settings and names only, so that an actor can be made again anywhere with nothing but them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from aiops.agents.analysis import AnalysisAgent
from aiops.agents.oversight import OversightAgent
from aiops.agents.resolution import ResolutionAgent
from aiops.agents.routing import RoutingAgent
from aiops.agents.triage import TriageAgent
from aiops.agents.view import Agent
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Role
from aiops.model.metric_semantics.table import MetricTable
from aiops.ports import Clock, Executor, Inbox, TelemetryConsumer
from aiops.settings import Settings
from aiops.shell.clock import RecordedClock, SystemClock
from aiops.shell.cluster.agents import AgentHost
from aiops.shell.executors.gate import Gate
from aiops.shell.executors.http import HttpExecutor
from aiops.shell.executors.script import ScriptExecutor
from aiops.shell.fail_points import FailPoints
from aiops.shell.journal.engine import sqlite_url
from aiops.shell.journal.journal import SqlJournal
from aiops.shell.kafka.consumer import KafkaPythonConsumer
from aiops.shell.metric_rows import load_metrics
from remediations.policy import PolicySet
from remediations.runbooks import Catalogue
from remediations.windows import Windows

SHIPPED_BINDER = Path(__file__).resolve().parents[2] / "remediations" / "binder"


def open_journal(settings: Settings) -> SqlJournal:
    """The journal of this installation; makes the state folder."""
    settings.state.mkdir(parents=True, exist_ok=True)
    return SqlJournal(settings.control.journal or sqlite_url(settings.state))


def make_clock(settings: Settings) -> Clock:
    """The system's clock, or in a replay the recording's."""
    return SystemClock() if settings.clock is None else RecordedClock(settings.clock)


def binder(settings: Settings) -> Path:
    """The folder with runbooks, policies, windows, services and metrics."""
    return settings.binder or SHIPPED_BINDER


def metric_table(settings: Settings) -> MetricTable:
    """What metrics mean: the shipped table and the rows of the binder's ``metrics.yaml``.

    Raises:
        PermanentError: rows that cannot be used.
    """
    return load_metrics(binder(settings))


def fail_points(settings: Settings) -> Callable[[str], None]:
    """Only where a test asked for them."""
    if not settings.fail_points:
        return lambda _: None
    return FailPoints(settings.state / "fail-points")


def open_consumer(settings: Settings, bootstrap: str, group: str) -> TelemetryConsumer:
    """The data plane's consumer that the settings name."""
    if settings.kafka.client == "kafka-python":
        return KafkaPythonConsumer(bootstrap, group, settings.kafka.poll_bytes)
    if settings.kafka.client == "confluent":
        try:
            from aiops.shell.kafka.confluent import ConfluentConsumer  # noqa: PLC0415 - an extra that may be missing
        except ImportError as error:
            raise PermanentError("kafka.client is confluent: install it with pip install 'aiops[fast]'") from error
        return ConfluentConsumer(bootstrap, group, settings.kafka.poll_bytes)
    raise PermanentError(f"kafka.client: {settings.kafka.client!r} is neither kafka-python nor confluent")


def make_agent(settings: Settings, role: str) -> AgentHost:
    """One control-plane agent."""
    return AgentHost(control_agent(settings, Role(role)), fail_points(settings))


def control_agent(settings: Settings, role: Role) -> Agent:
    """The plain agent of a role, with the binder's runbooks, policies and windows."""
    folder = binder(settings)
    match role:
        case Role.ANALYSIS:
            return AnalysisAgent(settings, metrics=metric_table(settings))
        case Role.ROUTING:
            return RoutingAgent(Catalogue.load(folder / "runbooks"), settings.control)
        case Role.RESOLUTION:
            return ResolutionAgent(settings, Catalogue.load(folder / "runbooks"))
        case Role.OVERSIGHT:
            policies, windows = PolicySet.load(folder / "policies"), Windows.load(folder / "windows")
            return OversightAgent(policies, windows, settings.control.evidence_age_seconds)
        case Role.TRIAGE:
            return TriageAgent()
        case _:
            raise PermanentError(f"{role} is no agent of the control plane")


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


def make_gate(settings: Settings) -> Gate:
    """The executors behind their gate; the inbox is all it knows of the control plane."""
    inbox: Inbox = open_journal(settings)
    return Gate(inbox, executors(settings), make_clock(settings), fail_point=fail_points(settings))


def limits(settings: Settings) -> Callable[[Iterable[str]], dict[str, float]]:
    """Share of each account that may be spent."""
    acting = settings.acting
    return lambda accounts: {
        account: acting.budget_value_share if account.split("/")[-1] == "value" else acting.budget_share
        for account in accounts
    }
