"""Each kind of fault has a remedy, in words that the product knows."""

from __future__ import annotations

from pathlib import Path

import yaml

import remediations
from remediations.primitives.shipped import shipped
from simulations.range.faults.registry import KINDS
from simulations.range.score.remedies import MILD, REMEDIES

RUNBOOKS = Path(remediations.__file__).parent / "default_bundle" / "runbooks"


def test_every_kind_of_fault_has_a_remedy() -> None:
    """And no other word."""
    assert set(REMEDIES) == set(KINDS)


def test_runbooks_are_those_that_are_shipped() -> None:
    """A runbook that is renamed is renamed here."""
    known = {yaml.safe_load(path.read_text()).get("id") for path in RUNBOOKS.glob("*.yaml")}
    assert {name for remedy in REMEDIES.values() for name in remedy.runbooks} <= known


def test_primitives_are_those_that_are_shipped() -> None:
    """The same for what is done."""
    assert {name for remedy in REMEDIES.values() for name in remedy.primitives} | MILD <= {*shipped()}


def test_harmless_events_need_nothing() -> None:
    """Whatever is done about them is wrong."""
    assert not any(REMEDIES[name].primitives for name, kind in KINDS.items() if kind.harmless)
