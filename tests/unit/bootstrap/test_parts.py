"""The factories that actors call: an agent by its role, the gate over the journal, the limits of the budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.blocking_gate import BlockingGate
from aiops.adapters.cluster.agents import AgentHost
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.bootstrap.parts import limits, make_agent, make_gate
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Role
from aiops.model.journal import HaltState
from aiops.model.plans import Action, Capability, Observed, StepDirection, StepOrder, StepStatus
from aiops.model.prose import Prose
from aiops.ports import ORCHESTRATOR
from aiops.settings import Acting, Settings

FAR = 4_000_000_000_000_000_000
"""Nanoseconds: an expiry in the year 2096."""


def order(epoch: int, halt: int = 0) -> StepOrder:
    """A restart that has all the time in the world."""
    return StepOrder(
        Capability("c1", "INC-1", "plan/1/do", Action("restart", "web"), StepDirection.DO, epoch, halt, FAR), FAR
    )


def gate(folder: Path) -> tuple[BlockingGate, SqlJournal, int]:
    """The gate of the executors' actor, the journal beside it, and the newest epoch; no executor is set."""
    folder.mkdir(exist_ok=True)
    made = make_gate(Settings(state=folder))
    journal = SqlJournal(sqlite_url(folder))
    return made, journal, journal.claim(ORCHESTRATOR, "here")


# ----------------------------------------------------------------------------------------------------------- agents


@pytest.mark.parametrize("role", [Role.ANALYSIS, Role.ROUTING, Role.RESOLUTION, Role.OVERSIGHT, Role.TRIAGE])
def test_every_agent_of_the_control_plane_can_be_made_by_its_name(role: Role, tmp_path: Path) -> None:
    """With the shipped bundle and nothing else."""
    host = make_agent(Settings(state=tmp_path / "state"), role.value)
    assert isinstance(host, AgentHost)
    assert not (tmp_path / "state").exists()


def test_a_role_that_does_not_exist_is_a_mistake() -> None:
    """An actor is named by the runtime, not by a person."""
    with pytest.raises(ValueError, match="'barber' is not a valid Role"):
        make_agent(Settings(), "barber")


@pytest.mark.parametrize("role", [Role.MONITORING, Role.ORCHESTRATOR])
def test_the_shards_and_the_orchestrator_are_no_such_agents(role: Role) -> None:
    """They have factories of their own."""
    with pytest.raises((PermanentError, KeyError, ValueError, AssertionError)):
        make_agent(Settings(), role.value)


def test_oversight_over_a_bundle_that_is_not_there_can_be_made(tmp_path: Path) -> None:
    """It permits nothing, and the doctor says why: an actor that died again and again would say less."""
    host = make_agent(Settings(bundle=tmp_path / "missing"), Role.OVERSIGHT.value)
    assert isinstance(host, AgentHost)


# ------------------------------------------------------------------------------------------------------------- gate


def test_without_an_executor_nothing_runs_and_nothing_is_used_up(tmp_path: Path) -> None:
    """The refusal names the setting."""
    made, journal, epoch = gate(tmp_path / "state")
    outcome = made.run(order(epoch))
    assert outcome.status is StepStatus.REFUSED
    assert "acting.executors" in outcome.detail
    assert not journal.has("attempt/c1")


def test_the_gate_reads_epoch_and_halt_from_the_journal(tmp_path: Path) -> None:
    """Whoever wrote them, from whichever process."""
    made, journal, epoch = gate(tmp_path / "state")
    assert "epoch" in made.run(order(epoch - 1)).detail
    journal.set_halt(HaltState(0, halted=True, who="ann", reason=Prose("storm")))
    assert made.run(order(epoch)).detail == "ann halted all actions (storm)"


def test_an_order_that_was_never_begun_is_seen_not_to_be_done(tmp_path: Path) -> None:
    """And can never begin: its row is in the journal."""
    made, journal, epoch = gate(tmp_path / "state")
    observed, _ = made.observe(order(epoch))
    assert observed is Observed.NOT_DONE
    assert journal.has("attempt/c1")


# ----------------------------------------------------------------------------------------------------------- limits


def test_each_account_has_its_limit() -> None:
    """Business value has one of its own; all else is capacity."""
    found = limits(Settings(acting=Acting(budget_share=0.2, budget_value_share=0.6)))
    assert found(["zone-a", "value", "payments/value", "values"]) == {
        "zone-a": 0.2,
        "value": 0.6,
        "payments/value": 0.6,
        "values": 0.2,
    }
    assert found([]) == {}
