"""What a witness is. Each is a small class without state: a belief, its scores and its words."""

from __future__ import annotations

from typing import Protocol

from aiops.model.prose import Prose
from aiops.model.series_evidence import Floats
from topology.testimony.inquiry import Inquiry


class Witness(Protocol):
    """One belief about where causes are."""

    @property
    def name(self) -> str:
        """The name in the table of weights."""
        ...

    @property
    def source(self) -> str:
        """What it reads, as in ``aiops.model.diagnoses.Evidence.source``."""
        ...

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats for each candidate, up to a factor that is fitted; 0: it has nothing to say."""
        ...

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The observation behind a candidate's score, with figures and units; None: there is none to tell."""
        ...
