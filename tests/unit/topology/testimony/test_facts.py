"""Witnesses that read changes and names."""

from __future__ import annotations

from aiops.model.durations import MINUTE
from aiops.model.reports import Change
from tests.unit.topology.evidence.recorded import ONSET, inquiry, recorded
from topology.testimony.facts import BareAddress, RecentChange

LEVELS = {(name, "latency_ms"): (10.0, 20.0) for name in ("web", "store", "store-1", "db.eu-1.example.com")}


def deploy(entity: str, minutes: float, *instances: str) -> Change:
    return Change("c1", entity, ONSET - round(minutes * MINUTE), "deploy", instances=instances)


def scores(*changes: Change) -> dict[str, float]:
    asked = inquiry(recorded(LEVELS, changes=changes))
    return dict(zip(asked.names, RecentChange().scores(asked).tolist(), strict=True))


def test_a_change_just_before_the_onset_is_suspicious() -> None:
    """An older one less, one after the onset not at all."""
    assert scores(deploy("store", 1))["store"] > scores(deploy("store", 30))["store"] > 0.0
    assert scores(deploy("store", -10))["store"] == 0.0
    assert scores(deploy("store", 1))["web"] == 0.0


def test_the_changed_instances_count_too() -> None:
    """Many instances share the suspicion."""
    found = scores(deploy("store", 1, "store-1"))
    assert found["store-1"] > 0.0
    assert scores(deploy("store", 1, "store-1", "store-2"))["store-1"] < found["store-1"]


def test_a_change_elsewhere_is_left_out() -> None:
    """Its entity has no evidence."""
    assert not any(scores(deploy("nobody", 1)).values())


def test_the_change_is_told() -> None:
    """With its age."""
    asked = inquiry(recorded(LEVELS, changes=(deploy("store", 5),)))
    assert RecentChange().says(asked, asked.number["store"]) == "deploy of store 5 min before the onset"
    assert RecentChange().says(asked, asked.number["web"]) is None


def test_an_address_is_no_item() -> None:
    """A host name of four labels; a plain name is none."""
    asked = inquiry(recorded(LEVELS))
    found = dict(zip(asked.names, BareAddress().scores(asked).tolist(), strict=True))
    assert found["db.eu-1.example.com"] == -1.0
    assert found["web"] == found["store-1"] == 0.0
    assert BareAddress().says(asked, asked.number["db.eu-1.example.com"]) is not None
    assert BareAddress().says(asked, asked.number["web"]) is None
