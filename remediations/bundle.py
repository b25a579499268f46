"""A loaded and checked configuration bundle: policies, runbooks, change windows and metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiops.model.metric_semantics.table import MetricTable
from remediations.policy import PolicySet
from remediations.runbooks import Catalogue
from remediations.windows import Problem, Windows


@dataclass(frozen=True)
class Bundle:
    """The contents of a configuration bundle. ``aiops.adapters.bundle`` reads one from a folder."""

    policies: PolicySet
    catalogue: Catalogue
    windows: Windows
    metrics: MetricTable = field(default_factory=MetricTable)
    """What metrics mean: the shipped table and the rows of the bundle."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems of its policies, runbooks and calendars."""
        return (*self.policies.problems, *self.catalogue.problems, *self.windows.problems)
