"""What a data set amounts to here: labelled cases, fault-free windows, and the protocols that make sense for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from aiops.model.durations import SECOND
from topology.cases.case import Case


@dataclass(frozen=True, slots=True, eq=False)
class LabelledCase:
    """A case with its truth, which no ranker is shown."""

    case: Case
    """``onset`` and ``detected_at`` are set by the protocol and not by the loader, except in fault-free windows."""
    truth: frozenset[str]
    """Any of these entities is a right answer; empty: the window has no fault."""
    onset: int | None
    """When the fault began, ns; None: the data set has no times."""
    kind: str = ""
    symptom_metric: str | None = None
    """The metric that raised the alarm, where the data set states it."""


class OnsetSource(StrEnum):
    """Who states the onset."""

    GIVEN = "given"
    """The case states the true onset."""
    FOUND = "found"
    """The case states only when the trouble was detected; the ranker finds the onset."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """How much of the truth about time a case is given."""

    source: OnsetSource
    shift: int = 0
    """Seconds from the true onset to the stated time."""

    @property
    def name(self) -> str:
        """``given``, or ``found+60`` for a detection 60 s after the onset."""
        return self.source.value if self.source is OnsetSource.GIVEN else f"{self.source.value}{self.shift:+d}"

    def stated(self, labelled: LabelledCase) -> int | None:
        """The time that the case states, ns: the onset itself, or the detection. None: the data set has no times."""
        return None if labelled.onset is None else labelled.onset + self.shift * SECOND

    def apply(self, labelled: LabelledCase) -> Case:
        """The case as a ranker sees it."""
        stated = self.stated(labelled)
        if self.source is OnsetSource.GIVEN:
            return replace(labelled.case, onset=stated, detected_at=stated)
        return replace(labelled.case, onset=None, detected_at=stated)


GIVEN = Protocol(OnsetSource.GIVEN)


def shifted(*seconds: int) -> tuple[Protocol, ...]:
    """The onset given, and found with a detection shifted by each of ``seconds``."""
    return (GIVEN, *(Protocol(OnsetSource.FOUND, shift) for shift in seconds))


def _none() -> Iterator[LabelledCase]:
    return iter(())


@dataclass(frozen=True, slots=True, eq=False)
class CaseSet:
    """One data set."""

    name: str
    cases: Callable[[], Iterator[LabelledCase]]
    protocols: tuple[Protocol, ...]
    normal: Callable[[], Iterator[LabelledCase]] = _none
    """Windows without a fault; their ``onset`` is the time at which a false detection is stated."""
    synthetic: bool = False
    """Whether the cases are made by a seed; weights must not be fitted on such sets alone."""
    alerts_only: bool = False
    """Whether its cases hold alerts and no series."""
