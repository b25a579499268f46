"""A small run of an estate for tests: thirty minutes with one request a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aiops.model.diagnoses import Diagnosis, Hypothesis
from aiops.model.durations import SECOND
from aiops.model.incidents import Incident, IncidentState
from simulations.range.faults.registry import KINDS
from simulations.range.faults.targets import targets
from simulations.range.faults.truth import FaultEnd, FaultTruth, truth_of
from simulations.range.generation import generate
from simulations.range.score.evidence import DoneAction, Evidence
from simulations.range.score.grades import Measured
from simulations.range.score.names import EntityNames
from simulations.range.score.requests import Requests, of_rows

PLAN: Final = generate(7)
NAMES: Final = EntityNames(PLAN, "machine")
ROOT: Final = targets(KINDS["killed"], PLAN)[0]
"""A service that users ask."""
ONSET: Final = 600
"""Of the first fault, seconds."""


def fault(name: str = "killed", onset: int = ONSET, seconds: float = 120.0, target: str = "") -> FaultTruth:
    """The truth about a fault; its onset in seconds."""
    kind = KINDS[name]
    return truth_of(kind, target or targets(kind, PLAN)[0], PLAN, onset=onset * SECOND, seconds=seconds)


def ended(one: FaultTruth) -> FaultEnd:
    """It was undone when its time was over."""
    return FaultEnd(one.id, one.onset + round(one.seconds * SECOND), healed=False)


def incident(at: int, *causes: tuple[str, float], kind: str = "crash", entities: tuple[str, ...] = (ROOT,)) -> Incident:
    """An incident that opened at a second, with its ranked causes."""
    hypotheses = tuple(Hypothesis(entity, share, kind, ()) for entity, share in causes)
    found = Diagnosis("x", 1, 0, 0, hypotheses, 0.0, 0.0, (), (), unknown=False) if causes else None
    opened = at * SECOND
    return Incident(f"INC-{at}", IncidentState.OPEN, opened, opened, opened, entities, (), (), diagnosis=found)


def requests(failing: Callable[[int], bool] = lambda _: False, seconds: int = 1800) -> Requests:
    """Two requests a second, of two kinds of users; those of the seconds that fail fail both."""
    rows = [
        (second * SECOND + number, 20.0, failing(second), "/a", user)
        for second in range(seconds)
        for number, user in enumerate(("client", "visitor"))
    ]
    return of_rows(rows)


def action(at: int, primitive: str = "restart", target: str = ROOT, *, undo: bool = False) -> DoneAction:
    """An action that was done at a second."""
    return DoneAction(at * SECOND, "INC-1", primitive, target, undo)


def evidence(*incidents: Incident, actions: tuple[DoneAction, ...] = (), **runbooks: tuple[str, ...]) -> Evidence:
    """What the product reported and did."""
    named = {name.replace("_", "-"): found for name, found in runbooks.items()}
    return Evidence(incidents, named, actions)


def measured(*faults: FaultTruth, **fields: Any) -> Measured:
    """A run of thirty minutes from zero."""
    content: dict[str, Any] = {
        "since": 0,
        "until": 1800 * SECOND,
        "faults": faults,
        "ends": {one.id: ended(one) for one in faults},
        "requests": requests(),
        "evidence": evidence(),
        "control_alerts": None,
    }
    return Measured(**(content | fields))
