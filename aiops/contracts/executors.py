"""Rules for every executor. The subject is an executor whose target accepts the subject's action.

The rules execute actions: run them against a test target.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from aiops.contracts.rule import BrokenContractError, require
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, Capability, Observed, StepDirection, StepOrder, StepOutcome, StepStatus
from aiops.ports import Clock, Executor


@dataclass(frozen=True, slots=True)
class ExecutorSubject:
    """An executor, and an action that it can run."""

    executor: Executor
    action: Action
    """An action that the executor's target accepts."""
    clock: Clock


def order(subject: ExecutorSubject, name: str, seconds: float = 30.0) -> StepOrder:
    """An order for the subject's action with a key made from ``name`` and a deadline in ``seconds``."""
    until = subject.clock.now() + round(seconds * 1e9)
    capability = Capability(
        id=f"contract/{name}",
        work_item="contract",
        key=f"contract/{name}/do",
        action=subject.action,
        direction=StepDirection.DO,
        epoch=1,
        halt_generation=0,
        expires_at=until,
    )
    return StepOrder(capability, until)


def an_order_is_done_and_can_be_seen(subject: ExecutorSubject) -> None:
    """The outcome has the order's key, and ``observe`` then reports that the order was done."""
    wanted = order(subject, "done")
    outcome = _ended(subject.executor.run(wanted))
    require(outcome.status is StepStatus.DONE, f"the order ended {outcome.status}: {outcome.detail}")
    require(outcome.key == wanted.capability.key, f"the outcome has the key {outcome.key}")
    seen = subject.executor.observe(wanted)
    require(seen is Observed.DONE, f"observe reports {seen} for an order that was done")


def what_was_never_asked_is_not_seen_as_done(subject: ExecutorSubject) -> None:
    """``observe`` must not report an order as done that was never given."""
    try:
        seen = subject.executor.observe(order(subject, "never"))
    except (TemporaryError, PermanentError):
        return
    require(seen is not Observed.DONE, "observe reports done for an order that was never given")


def an_order_past_its_deadline_is_not_carried_out(subject: ExecutorSubject) -> None:
    """An order past its deadline raises ``PermanentError``, or its outcome is failed or refused."""
    try:
        outcome = _ended(subject.executor.run(order(subject, "late", -1.0)))
    except PermanentError:
        return
    except Exception as error:
        raise BrokenContractError(f"a late order raises {error!r}, and must raise PermanentError") from error
    _changed_nothing(outcome)


def _ended(result: StepOutcome | Future[StepOutcome]) -> StepOutcome:
    """The outcome, at once or from a future within 60 s."""
    return result.result(60.0) if isinstance(result, Future) else result


def _changed_nothing(outcome: StepOutcome) -> None:
    fine = outcome.status in (StepStatus.FAILED, StepStatus.REFUSED)
    require(fine, f"a late order ended {outcome.status}, and must not be carried out")


RULES: Final = (
    an_order_is_done_and_can_be_seen,
    what_was_never_asked_is_not_seen_as_done,
    an_order_past_its_deadline_is_not_carried_out,
)
"""Run each rule on a new target, or on a target that separates orders by key."""
