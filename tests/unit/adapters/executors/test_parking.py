"""Setting a poison message aside, over queues in memory: it is kept, once, whatever breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.adapters.executors.key_ledger import KeyLedger
from aiops.adapters.executors.keyed import KeyedExecutor
from aiops.adapters.executors.parking import KEY_HEADER, MOST_HELD, ORIGIN_HEADER, HeldMessage, ParkingWay, came_back
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, Observed, StepStatus
from tests.executor_targets import FakeBroker, TurnedClock, order_of

SET_ASIDE = Action("set-aside", "shop/jobs")
BACK = Action("set-aside", "shop/jobs", {"back": True})


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def broker() -> FakeBroker:
    """The first message came back five times, the others did not."""
    poison: tuple[dict[str, object], str, bool] = ({"x-delivery-count": 5, "tenant": "a"}, "poison", True)
    return FakeBroker({"jobs": [poison, ({}, "good", False)]})


def executor_of(broker: FakeBroker, clock: TurnedClock, folder: Path) -> KeyedExecutor:
    return KeyedExecutor(ParkingWay(broker.connected), KeyLedger(folder), clock)


def test_the_poison_message_is_parked_and_kept(broker: FakeBroker, clock: TurnedClock, tmp_path: Path) -> None:
    """With its own headers, the order's key and the queue that it came from."""
    executor = executor_of(broker, clock, tmp_path)
    order = order_of(SET_ASIDE, clock)
    assert executor.run(order).status is StepStatus.DONE
    assert (broker.bodies("jobs"), broker.bodies("jobs.parked")) == (["good"], ["poison"])
    headers = broker.queues["jobs.parked"][0][0]
    assert (headers["tenant"], headers[KEY_HEADER], headers[ORIGIN_HEADER]) == ("a", "plan/step/do", "jobs")
    assert executor.observe(order) is Observed.DONE


def test_the_undo_puts_it_back(broker: FakeBroker, clock: TurnedClock, tmp_path: Path) -> None:
    """Only the message of its own step, with its own headers."""
    executor = executor_of(broker, clock, tmp_path)
    broker.queues["jobs.parked"] = [({KEY_HEADER: "earlier/step/do"}, "earlier", False)]
    executor.run(order_of(SET_ASIDE, clock))
    undo = order_of(BACK, clock, undo=True)
    assert executor.run(undo).status is StepStatus.DONE
    assert (broker.bodies("jobs"), broker.bodies("jobs.parked")) == (["good", "poison"], ["earlier"])
    assert broker.queues["jobs"][1][0] == {"tenant": "a"}
    assert executor.observe(undo) is Observed.DONE


def test_the_undo_of_nothing_moves_nothing(broker: FakeBroker, clock: TurnedClock, tmp_path: Path) -> None:
    """The step never began."""
    assert executor_of(broker, clock, tmp_path).run(order_of(BACK, clock, undo=True)).status is StepStatus.DONE
    assert broker.bodies("jobs") == ["poison", "good"]


def test_a_message_that_somebody_took_out_of_the_parking_queue_is_not_put_back(
    broker: FakeBroker, clock: TurnedClock, tmp_path: Path
) -> None:
    """The undo is done, and says so."""
    executor = executor_of(broker, clock, tmp_path)
    executor.run(order_of(SET_ASIDE, clock))
    broker.queues["jobs.parked"].clear()
    outcome = executor.run(order_of(BACK, clock, undo=True))
    assert outcome.status is StepStatus.DONE
    assert "0 put back" in outcome.detail


@pytest.mark.parametrize(
    ("redelivered", "headers", "back"),
    [
        (True, {"x-delivery-count": 3}, True),
        (True, {"x-delivery-count": 2}, False),
        (True, {}, True),
        (True, {"x-delivery-count": "many"}, False),
        (False, {"x-delivery-count": 9}, False),
        (False, {}, False),
    ],
)
def test_a_message_came_back_by_its_count_or_its_flag(
    *, redelivered: bool, headers: dict[str, object], back: bool
) -> None:
    """A header that the sender wrote counts only beside the broker's own flag."""
    assert came_back(HeldMessage(1, redelivered, headers, ""), 3) is back


def test_several_are_set_aside_if_the_runbook_says_so(clock: TurnedClock, tmp_path: Path) -> None:
    """At most as many as it says; the undo puts all of them back."""
    poison: list[tuple[dict[str, object], str, bool]] = [({}, f"poison {n}", True) for n in range(4)]
    broker = FakeBroker({"jobs": [*poison, ({}, "good", False)]})
    executor = executor_of(broker, clock, tmp_path)
    three = Action("set-aside", "jobs", {"at_most": 3})
    assert executor.run(order_of(three, clock)).status is StepStatus.DONE
    assert (broker.bodies("jobs"), len(broker.bodies("jobs.parked"))) == (["poison 3", "good"], 3)
    executor.run(order_of(BACK, clock, undo=True))
    assert sorted(broker.bodies("jobs")) == ["good", *(f"poison {n}" for n in range(4))]


def test_the_search_ends_when_nothing_comes_any_more(clock: TurnedClock) -> None:
    """Fewer came back than the runbook permits."""
    broker = FakeBroker({"jobs": [({}, "poison", True)]})
    way = ParkingWay(broker.connected)
    order = order_of(Action("set-aside", "jobs", {"at_most": 9}), clock)
    way.act(order, way.before(order, None), clock.deadline(30.0))
    assert broker.bodies("jobs.parked") == ["poison"]
    assert clock.now() < order.deadline_at


def test_fresh_messages_before_it_stay(clock: TurnedClock, tmp_path: Path) -> None:
    """The consumer holds the poison message for a time; what is met meanwhile goes back to its place."""
    broker = FakeBroker({"jobs": [({}, "good", False), ({}, "poison", True), ({}, "better", False)]})
    assert executor_of(broker, clock, tmp_path).run(order_of(SET_ASIDE, clock)).status is StepStatus.DONE
    assert (broker.bodies("jobs"), broker.bodies("jobs.parked")) == (["good", "better"], ["poison"])


def test_a_queue_without_a_poison_message_is_left_as_it_is(clock: TurnedClock, tmp_path: Path) -> None:
    """As many messages are held as may be; nothing was changed."""
    count = MOST_HELD + 10
    broker = FakeBroker({"jobs": [({}, f"good {n}", False) for n in range(count)]})
    outcome = executor_of(broker, clock, tmp_path).run(order_of(SET_ASIDE, clock))
    assert outcome.status is StepStatus.FAILED
    assert broker.bodies("jobs") == [f"good {n}" for n in range(count)]
    assert "jobs.parked" not in broker.queues


def test_a_queue_that_is_not_there_is_refused(broker: FakeBroker, clock: TurnedClock, tmp_path: Path) -> None:
    """And so is another primitive."""
    executor = executor_of(broker, clock, tmp_path)
    for action in (Action("set-aside", "mails"), Action("clear-cache", "jobs"), Action("set-aside", "a\nb")):
        assert executor.run(order_of(action, clock, key=action.primitive)).status is StepStatus.FAILED


def test_an_empty_queue_is_looked_at_until_the_deadline(clock: TurnedClock) -> None:
    """Its consumer may hold the message; nothing was moved in the end."""
    way = ParkingWay(FakeBroker({"jobs": []}).connected)
    order = order_of(SET_ASIDE, clock)
    with pytest.raises(PermanentError, match="no message was moved"):
        way.act(order, way.before(order, None), clock.deadline(1.0))


@settings(max_examples=30)
@given(call=st.sampled_from(["put", "remove"]), behind=st.integers(0, 3))
def test_a_connection_that_breaks_loses_no_message(
    tmp_path_factory: pytest.TempPathFactory, call: str, behind: int
) -> None:
    """It is in one of the two queues or, between the two steps, in both; the repetition parks no second one."""
    clock = TurnedClock()
    poison: tuple[dict[str, object], str, bool] = ({}, "poison", True)
    broker = FakeBroker({"jobs": [poison, *(({}, f"good {n}", False) for n in range(behind))]}, dies_before=call)
    executor = executor_of(broker, clock, tmp_path_factory.mktemp("keys"))
    order = order_of(SET_ASIDE, clock)
    way = ParkingWay(broker.connected)
    before = way.before(order, None)
    with pytest.raises((TemporaryError, PermanentError)):
        way.act(order, before, clock.deadline(1.0))
    assert "poison" in broker.bodies("jobs") + broker.bodies("jobs.parked")
    assert way.seen(order, before) is (Observed.DONE if call == "remove" else Observed.NOT_DONE)
    broker.dies_before = ""
    executor.run(order_of(SET_ASIDE, clock, key="again"))
    assert broker.bodies("jobs") == [f"good {n}" for n in range(behind)]


def test_a_broker_that_is_down_cannot_be_observed(broker: FakeBroker, clock: TurnedClock, tmp_path: Path) -> None:
    """It must be asked again later."""
    executor = executor_of(broker, clock, tmp_path)
    order = order_of(SET_ASIDE, clock)
    executor.run(order)
    broker.down = True
    with pytest.raises(TemporaryError):
        executor.observe(order)
