"""An executor: writes each order into a folder, a file a key, as a stand-in for a real target."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aiops.model.codec import encode
from aiops.model.errors import PermanentError
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.ports import Clock


class LedgerExecutor:
    """The target is a folder: an order is done when its file is there."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock

    def run(self, order: StepOrder) -> StepOutcome:
        """Write it, once."""
        if self._clock.now() > order.deadline_at:
            raise PermanentError("its deadline has passed; nothing was written")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file(order).write_text(encode(order), encoding="utf-8")
        return StepOutcome(order.capability.key, StepStatus.DONE, self._clock.now(), Prose("written"), order.domain)

    def observe(self, order: StepOrder) -> Observed:
        """Is the file there?"""
        return Observed.DONE if self._file(order).exists() else Observed.NOT_DONE

    def _file(self, order: StepOrder) -> Path:
        return self._folder / f"{order.capability.key.replace('/', '_')}.json"


def from_options(options: Mapping[str, str], clock: Clock) -> LedgerExecutor:
    """``kind: ledger`` with ``folder``."""
    if "folder" not in options:
        raise PermanentError("folder is missing")
    return LedgerExecutor(Path(options["folder"]), clock)
