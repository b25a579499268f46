"""Fakes of the paging tests: a clock, channels that fail on order, threads and time that run when told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from aiops.model.errors import AiopsError
from aiops.model.incidents import Priority
from aiops.model.pages import Delivery, Page
from aiops.model.prose import Prose


def page(key: str = "incident-1/stuck/0", level: int = 0) -> Page:
    return Page(
        key=key,
        work_item="incident-1",
        level=level,
        at=1_700_000_000_000_000_000,
        priority=Priority.P1,
        title=Prose("checkout is abnormal: probably bad deploy of cart (71%)"),
        broken=Prose("checkout; worst: errors of checkout went up to 0.4 (usual 0.01)"),
        matters=Prose("shop: 1,200 a minute at stake."),
        affected=(Prose("shop: calls checkout"),),
        causes=(
            Prose("cart, bad deploy (71%): for: errors began 20 s after the change [e1]"),
            Prose("db, crash (10%)"),
        ),
        tried=(Prose("roll-back (plan-1): failed, unhealthy"),),
        asks=Prose("Approve the roll back: aiops approve plan-1, or reject it: aiops reject plan-1"),
        answer_by=1_700_000_300_000_000_000,
    )


class FixedClock:
    """Now is what it was set to, ns."""

    def __init__(self, at: int = 7) -> None:
        self.at = at

    def now(self) -> int:
        return self.at


@dataclass
class FakeChannel:
    """Raises its errors one after another, then delivers."""

    name: str = "fake"
    errors: list[AiopsError | Exception] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def send(self, page: Page) -> Delivery:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(page.key)
        return Delivery(page.key, self.name, delivered=True, at=0)


class AtOnce(Executor):
    """Runs what it is given, then and there."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@dataclass
class FakeLater:
    """Keeps what shall happen later, until told to go on."""

    waiting: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def __call__(self, seconds: float, action: Callable[[], None]) -> None:
        self.waiting.append((seconds, action))

    def go_on(self) -> None:
        """Let everything that waits happen, until nothing waits."""
        while self.waiting:
            seconds, action = self.waiting.pop(0)
            self.waited.append(seconds)
            action()
