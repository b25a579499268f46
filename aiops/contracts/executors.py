"""What every executor must do. The subject is an executor whose target accepts the action of ``order``.

The rules act: run them against a test target.
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
    """An executor, and what it can be told to do."""

    executor: Executor
    action: Action
    """One that its target accepts."""
    clock: Clock


def order(subject: ExecutorSubject, name: str, seconds: float = 30.0) -> StepOrder:
    """An order for the subject's action with a key made from ``name``; it must end within ``seconds``."""
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
    """The outcome carries the order's key, and the target says afterwards that it happened."""
    wanted = order(subject, "done")
    outcome = _ended(subject.executor.run(wanted))
    require(outcome.status is StepStatus.DONE, f"the order ended {outcome.status}: {outcome.detail}")
    require(outcome.key == wanted.capability.key, f"the outcome carries the key {outcome.key}")
    seen = subject.executor.observe(wanted)
    require(seen is Observed.DONE, f"observe says {seen} of an order that was done")


def what_was_never_asked_is_not_seen_as_done(subject: ExecutorSubject) -> None:
    """An order in doubt must not look as if it had happened."""
    try:
        seen = subject.executor.observe(order(subject, "never"))
    except (TemporaryError, PermanentError):
        return
    require(seen is not Observed.DONE, "observe says done of an order that was never given")


def an_order_past_its_deadline_is_not_carried_out(subject: ExecutorSubject) -> None:
    """It raises PermanentError, or refuses: late is never."""
    try:
        outcome = _ended(subject.executor.run(order(subject, "late", -1.0)))
    except PermanentError:
        return
    except Exception as error:
        raise BrokenContractError(f"a late order raises {error!r}, and must raise PermanentError") from error
    _changed_nothing(outcome)


def _ended(result: StepOutcome | Future[StepOutcome]) -> StepOutcome:
    """The outcome of an executor that answers at once, or within a minute."""
    return result.result(60.0) if isinstance(result, Future) else result


def _changed_nothing(outcome: StepOutcome) -> None:
    fine = outcome.status in (StepStatus.FAILED, StepStatus.REFUSED)
    require(fine, f"a late order ended {outcome.status}, and must not be carried out")


RULES: Final = (
    an_order_is_done_and_can_be_seen,
    what_was_never_asked_is_not_seen_as_done,
    an_order_past_its_deadline_is_not_carried_out,
)
"""Run each on a new target, or on one that keeps keys apart."""
