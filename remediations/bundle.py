"""What a configuration bundle says about acting: policies, runbooks and change windows, loaded and checked."""

from __future__ import annotations

from dataclasses import dataclass

from remediations.policy import PolicySet
from remediations.runbooks import Catalogue
from remediations.windows import Problem, Windows


@dataclass(frozen=True)
class Bundle:
    """All that agents need of a bundle. ``aiops.adapters.bundle`` reads one from a folder."""

    policies: PolicySet
    catalogue: Catalogue
    windows: Windows

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong in it."""
        return (*self.policies.problems, *self.catalogue.problems, *self.windows.problems)
