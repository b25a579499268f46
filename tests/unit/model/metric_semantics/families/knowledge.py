"""Facts about metrics as lines of text, and what a family of the table says of the same metrics.

A line is ``name{attribute=value,…} unit role way limit # note``; ``-`` is no direction; attributes and limit are
optional.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops.model.metric_semantics.rows import MetricFamily
from aiops.model.metric_semantics.semantics import MetricRole, Worse
from aiops.model.metric_semantics.shipped import semantics_of

_WAYS = {"up": Worse.UP, "down": Worse.DOWN, "-": Worse.NEITHER}


@dataclass(frozen=True)
class Fact:
    """What is known of a metric, or of those of its series that have an attribute."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    unit: str
    role: MetricRole
    worse: Worse
    full: float | None

    def __str__(self) -> str:
        return self.name + "".join(f"-{value}" for _, value in self.attributes)

    def told_by(self, family: MetricFamily) -> Fact:
        """The same as the family's row says it."""
        (row,) = [row for row in family.rows if row.name == self.name]
        found = semantics_of(family, row).in_state(self.attributes)
        return Fact(row.name, self.attributes, found.unit.symbol, found.role, found.worse, found.full)


def facts(text: str) -> list[Fact]:
    """The facts of all lines."""
    return [_fact(line) for line in text.splitlines() if line.strip()]


def _fact(line: str) -> Fact:
    named, unit, role, way, *full = line.partition("#")[0].split()
    name, _, held = named.rstrip("}").partition("{")
    pairs = (pair.partition("=") for pair in held.split(",") if pair)
    attributes = tuple((attribute, value) for attribute, _, value in pairs)
    return Fact(name, attributes, unit, MetricRole(role), _WAYS[way], float(full[0]) if full else None)
