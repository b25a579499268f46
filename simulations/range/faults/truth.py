"""The truth about faults: ``truth.jsonl``, one JSON object a line, written before each fault happens.

A line has ``record`` ``fault``, or ``end`` with the id of a fault. The runtime never reads the file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from aiops.model.errors import PermanentError
from simulations.range.estate_plan import EstatePlan
from simulations.range.faults.impact import felt_at, root_entity
from simulations.range.faults.kind import FaultKind, Harm


@dataclass(frozen=True, slots=True)
class FaultTruth:
    """What happens, before it happens."""

    id: str
    fault: str
    """Name of the kind."""
    target: str
    root: str
    """Entity that is the cause."""
    kind: Harm
    """In the words of hypotheses; empty: it is harmless."""
    onset: int
    """ns."""
    seconds: float
    """After which it is undone, unless it was healed before."""
    felt_at: tuple[str, ...]
    """Services at which users feel it, in call order."""
    change: str = ""
    """Id of the change that is published with it; empty: none."""


@dataclass(frozen=True, slots=True)
class FaultEnd:
    """How a fault ended."""

    id: str
    at: int
    """ns."""
    healed: bool
    """Nothing of it was left to undo."""


def truth_of(kind: FaultKind, target: str, plan: EstatePlan, *, onset: int, seconds: float) -> FaultTruth:
    """The truth about a fault. Its id names the estate, the kind and the onset."""
    name = f"{plan.name}/{kind.name}/{onset}"
    return FaultTruth(
        id=name,
        fault=kind.name,
        target=target,
        root=root_entity(kind, target, plan),
        kind=kind.harm,
        onset=onset,
        seconds=seconds,
        felt_at=felt_at(kind, target, plan),
        change=f"change/{name}" if kind.change else "",
    )


def line(record: FaultTruth | FaultEnd) -> str:
    """A line of the file."""
    word = "fault" if isinstance(record, FaultTruth) else "end"
    return json.dumps({"record": word, **asdict(record)}) + "\n"


def read(text: str) -> tuple[list[FaultTruth], dict[str, FaultEnd]]:
    """All faults in the order of their lines, and the ends by id. A last line that was cut is left out.

    Raises:
        PermanentError: a line is no record; the message has its number.
    """
    faults: list[FaultTruth] = []
    ends: dict[str, FaultEnd] = {}
    lines = text.splitlines(keepends=True)
    for number, words in enumerate(lines, 1):
        if not words.endswith("\n"):
            break
        try:
            found: dict[str, Any] = json.loads(words)
            match found.pop("record"):
                case "fault":
                    found |= {"kind": Harm(found["kind"]), "felt_at": tuple(found["felt_at"])}
                    faults.append(FaultTruth(**found))
                case "end":
                    end = FaultEnd(**found)
                    ends[end.id] = end
                case word:
                    raise PermanentError(f"truth.jsonl:{number}: no record is called {word!r}")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise PermanentError(f"truth.jsonl:{number}: no record of a fault: {error!r}") from error
    return faults, ends
