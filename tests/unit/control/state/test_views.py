"""What agents see of entities that CMDB, changes and callers name less specifically than telemetry."""

from __future__ import annotations

from dataclasses import replace

from aiops.agents.view import AgentView
from aiops.control.state.views import view_of
from aiops.model.entities import Criticality, Item
from aiops.model.events import ChangeReported, EpisodeReported, ItemReported
from aiops.model.reports import Change
from tests.unit.control.fakes import START, Loop, episode, settings

ITEM = Item("web", criticality=Criticality.CRITICAL, attributes={"data_class": "phi"})


def _view(loop: Loop) -> AgentView:
    loop.wait(1)
    return view_of(loop.runtime.orchestrator.state, "INC-1", loop.at)


def _loop(*items: Item) -> Loop:
    loop = Loop(settings())
    for item in items:
        loop.runtime.offer(ItemReported(id=f"item {item.id}", at=START, item=item))
    return loop


def test_a_protected_item_is_protected_in_every_environment() -> None:
    """Also after the names of its entities became more specific."""
    loop = _loop(ITEM)
    loop.abnormal("prod/web")
    assert _view(loop).items["prod/web"] == replace(ITEM, id="prod/web")


def test_the_item_of_one_environment_is_not_that_of_another() -> None:
    """What nobody described has no item."""
    loop = _loop(replace(ITEM, id="staging/web"))
    loop.abnormal("prod/web")
    assert _view(loop).items == {}


def test_a_change_of_a_service_is_a_change_in_every_environment() -> None:
    """Under the name of the entity that is looked at, and a line in its story."""
    loop = _loop(ITEM)
    loop.abnormal("prod/web")
    change = Change("chg-1", "web", loop.at, "deploy")
    loop.runtime.offer(ChangeReported(id="change", at=loop.at, change=change))
    assert _view(loop).changes == (replace(change, entity="prod/web"),)
    assert "deploy of web" in loop.story()


def test_the_other_end_of_a_call_is_known_by_its_address() -> None:
    """Signals name it as the graph does."""
    loop = _loop(Item("prod/pay"), Item("test/pay"))
    held = episode("prod/web", loop.at)
    called = replace(held.signals[0], peer="pay")
    loop.runtime.offer(EpisodeReported(id="e", at=loop.at, episode=replace(held, signals=(called,))))
    assert [signal.peer for signal in _view(loop).episodes[0].signals] == ["prod/pay"]
