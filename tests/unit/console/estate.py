"""A control plane with trouble in it, and a console over its journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aiops.console.access import Access
from aiops.console.parts import ConsoleParts
from aiops.model.errors import TemporaryError
from aiops.model.plans import Oversight
from aiops.model.records import OutRecord
from tests.unit.control.fakes import Loop, settings

TOKENS = {"ann": "a" * 40, "bob": "b" * 40, "console": "c" * 40}


@dataclass
class FakeProducer:
    """Keeps what was sent; can be down."""

    records: list[OutRecord] = field(default_factory=list)
    down: bool = False

    def send(self, records: Iterable[OutRecord]) -> None:
        """Keep."""
        self.records += records

    def flush(self, timeout_seconds: float = 30.0) -> None:
        """Raise when down."""
        if self.down:
            raise TemporaryError("Kafka does not answer")

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class LoopClock:
    """The loop's virtual time, and what a test adds."""

    loop: Loop
    ahead: int = 0

    def now(self) -> int:
        """Ns."""
        return self.loop.at + self.ahead


def waiting(level: Oversight = Oversight.ONE_APPROVER, entity: str = "pay") -> Loop:
    """A loop whose one incident, INC-1, waits for approval."""
    loop = Loop(settings())
    loop.oversight.level = level
    loop.abnormal(entity)
    loop.wait(5)
    return loop


def hand_over(loop: Loop) -> None:
    """Let the orchestrator read its inbox and go on for a minute."""
    loop.runtime.wake()
    loop.wait(60)


def parts_over(loop: Loop, **changes: object) -> ConsoleParts:
    """A console over the loop's journal."""
    control = {"alive_at": loop.at, "error": ""}
    given: dict[str, object] = {
        "inbox": loop.journal,
        "reader": loop.journal,
        "clock": LoopClock(loop),
        "access": Access(TOKENS),
        "status": lambda: {"at": loop.at, "shards": [{"shard": 0, "lag": {"a/0": 3}}], "orchestration": control},
        "ledger": lambda: {"difference": 0},
        "producer": FakeProducer(),
        "most_shards": 4,
    }
    return ConsoleParts(**(given | changes))  # type: ignore[arg-type]
