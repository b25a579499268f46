"""Acting through HAProxy's runtime API, against a server of it on a Unix socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.adapters.executors.haproxy import HaproxyWay, from_options
from aiops.adapters.executors.haproxy_socket import HaproxySocket, ServerRow
from aiops.adapters.executors.key_ledger import KeyLedger
from aiops.adapters.executors.keyed import KeyedExecutor
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, Observed, Parameter, StepStatus
from tests.executor_targets import FakeHaproxy, TurnedClock, answering, order_of


@pytest.fixture
def fake() -> FakeHaproxy:
    return FakeHaproxy({"cart/cart-1": 100, "cart/cart-2": 100, "web/web-1": 100}, limits={"cart/cart-1": 50})


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def url(fake: FakeHaproxy, tmp_path: Path) -> Iterator[str]:
    with answering(fake, tmp_path) as url:
        yield url


@pytest.fixture
def executor(url: str, clock: TurnedClock, tmp_path: Path) -> KeyedExecutor:
    return KeyedExecutor(HaproxyWay(HaproxySocket(url), shed_map="shed.map"), KeyLedger(tmp_path / "keys"), clock)


def test_servers_are_listed(url: str) -> None:
    """Without frontends and backends; no limit is 0."""
    rows = HaproxySocket(url).servers("cart")
    assert rows == [ServerRow("cart", "cart-1", "UP", 10, 50), ServerRow("cart", "cart-2", "UP", 10, 0)]


@pytest.mark.parametrize(
    ("target", "parameters"), [("cart", {"instance": "cart-2", "keep": 0.0}), ("prod/cart-2", {"keep": 0.0})]
)
def test_a_server_is_drained_and_put_back(
    executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock, target: str, parameters: dict[str, Parameter]
) -> None:
    """Named as an instance of its service, or as the target itself."""
    order = order_of(Action("drain", target, parameters), clock)
    assert executor.run(order).status is StepStatus.DONE
    assert fake.weights == {"cart/cart-1": 100, "cart/cart-2": 0, "web/web-1": 100}
    assert executor.observe(order) is Observed.DONE
    undo = order_of(Action("drain", target, {**parameters, "keep": 1.0}), clock, undo=True)
    assert executor.run(undo).status is StepStatus.DONE
    assert fake.weights["cart/cart-2"] == 100


def test_the_undo_restores_the_weight_that_was_found(
    executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock
) -> None:
    """Somebody had lowered it before."""
    fake.weights["cart/cart-2"] = 50
    executor.run(order_of(Action("drain", "cart-2", {"keep": 0.0}), clock))
    executor.run(order_of(Action("drain", "cart-2", {"keep": 1.0}), clock, undo=True))
    assert fake.weights["cart/cart-2"] == 50


def test_the_last_server_is_not_drained(executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock) -> None:
    """Nobody would take its requests; a lower weight of a single server changes nothing and is let through."""
    outcome = executor.run(order_of(Action("drain", "web-1", {"keep": 0.0}), clock))
    assert (outcome.status, fake.commands) == (StepStatus.FAILED, [])
    assert "no other server of web" in outcome.detail
    fake.weights["cart/cart-1"] = 0
    assert executor.run(order_of(Action("drain", "cart-2", {}), clock, key="b")).status is StepStatus.FAILED


def test_a_share_is_refused_by_the_map(executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock) -> None:
    """A key that the map does not have is added; the undo refuses nothing any more."""
    order = order_of(Action("shed-load", "cart", {"share": 0.3}), clock)
    assert executor.run(order).status is StepStatus.DONE
    assert fake.shares == {"cart": "30"}
    assert executor.observe(order) is Observed.DONE
    assert executor.run(order_of(Action("shed-load", "cart", {"share": 0.0}), clock, undo=True))
    assert fake.shares == {"cart": "0"}
    assert fake.commands == ["add map shed.map cart 30", "set map shed.map cart 0"]


def test_an_undo_needs_no_key_where_its_parameters_say_all(
    executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock
) -> None:
    """The folder of keys was lost: nothing is shed any more all the same."""
    fake.shares["cart"] = "40"
    executor.run(order_of(Action("shed-load", "cart", {"share": 0.0}), clock, undo=True, key="other"))
    assert fake.shares == {"cart": "0"}


def test_limits_are_set_and_restored(executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock) -> None:
    """Connections of each server, and sessions per second of the whole proxy."""
    fake.rate = 500
    order = order_of(Action("limit-load", "cart", {"connections": 20, "rate": 90}), clock)
    assert executor.run(order).status is StepStatus.DONE
    assert (fake.limits, fake.rate) == ({"cart/cart-1": 20, "cart/cart-2": 20}, 90)
    assert executor.run(order_of(Action("limit-load", "cart", {"back": True}), clock, undo=True))
    assert (fake.limits, fake.rate) == ({"cart/cart-1": 50, "cart/cart-2": 0}, 500)


def test_the_undo_of_limits_that_were_never_set_sets_none(
    executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock
) -> None:
    """There is nothing to restore."""
    outcome = executor.run(order_of(Action("limit-load", "cart", {"back": True}), clock, undo=True))
    assert (outcome.status, fake.commands) == (StepStatus.DONE, [])


def test_a_lost_answer_is_found_out_from_the_settings(
    executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock
) -> None:
    """The command took effect, and its answer did not come; the effect is not repeated."""
    fake.mute = True
    order = order_of(Action("shed-load", "cart", {"share": 0.3}), clock)
    assert executor.run(order).status is StepStatus.UNKNOWN
    fake.mute = False
    assert executor.observe(order) is Observed.DONE
    assert executor.run(order).status is StepStatus.DONE
    assert fake.commands == ["add map shed.map cart 30"]


def test_half_of_the_settings_is_unknown(executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock) -> None:
    """Unless a postcondition is asked about, which then does not hold."""
    order = order_of(Action("limit-load", "cart", {"connections": 20}), clock)
    executor.run(order)
    fake.limits["cart/cart-1"] = 50
    assert executor.observe(order) is Observed.UNKNOWN
    wanted = order_of(Action("limit-load", "cart", {"connections": 20}), clock, postcondition="it is limited")
    assert executor.observe(wanted) is Observed.NOT_DONE


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (Action("drain", "checkout", {"keep": 0.0}), "its backends are cart, web"),
        (Action("drain", "cart", {"instance": "cart-9"}), "no backend or server 'cart-9'"),
        (Action("shed-load", "checkout", {"share": 0.3}), "its backends are cart, web"),
        (Action("shed-load", "cart; shutdown", {"share": 0.3}), "other characters"),
        (Action("restart", "cart"), "HAProxy cannot restart"),
    ],
)
def test_what_it_cannot_do_it_refuses(
    executor: KeyedExecutor, fake: FakeHaproxy, clock: TurnedClock, action: Action, why: str
) -> None:
    """Failed and nothing changed."""
    outcome = executor.run(order_of(action, clock))
    assert (outcome.status, fake.commands) == (StepStatus.FAILED, [])
    assert why in outcome.detail


def test_without_a_map_no_load_is_shed(url: str, clock: TurnedClock, tmp_path: Path) -> None:
    """The option is missing, or the configuration does not use the map."""
    for shed_map, why in (("", "shed_map is not set"), ("/none.map", "HAProxy has no map /none.map")):
        executor = from_options({"url": url, "keys": str(tmp_path), "shed_map": shed_map}, clock)
        outcome = executor.run(order_of(Action("shed-load", "cart", {"share": 0.3}), clock))
        assert outcome.status is StepStatus.FAILED
        assert why in outcome.detail


@pytest.mark.parametrize("command", ["show stat; shutdown sessions server a/b", "show\nstat", ""])
def test_one_command_is_one_command(url: str, fake: FakeHaproxy, command: str) -> None:
    """A name cannot smuggle in another one."""
    with pytest.raises(PermanentError, match="do not belong into a command"):
        HaproxySocket(url).order(command)
    assert fake.commands == []


def test_a_refusal_of_haproxy_is_told(url: str) -> None:
    """With its own words."""
    with pytest.raises(PermanentError, match="Unknown command"):
        HaproxySocket(url).order("set server none/none weight 1%")
    with pytest.raises(PermanentError, match="refuses `get weight none/none`"):
        HaproxySocket(url).weight_percent("none", "none")


def test_a_haproxy_that_is_not_there_is_temporary(tmp_path: Path) -> None:
    """It may be back later."""
    with pytest.raises(TemporaryError, match="does not answer"):
        HaproxySocket(f"unix://{tmp_path}/none").servers()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "url is missing"),
        ({"url": "unix:///s"}, "keys is missing"),
        ({"url": "http://127.0.0.1:9999"}, "write unix:///SOCKET or tcp://HOST:PORT"),
        ({"url": "tcp://127.0.0.1"}, "write unix:///SOCKET or tcp://HOST:PORT"),
        ({"url": "unix:///s", "frontend": "x"}, "no option frontend; known: backend, keys, shed_map, url"),
        ({"url": "unix:///s", "backend": "be"}, "it must contain {name}"),
    ],
)
def test_wrong_options_are_clear(clock: TurnedClock, options: dict[str, str], why: str) -> None:
    """`aiops doctor` and `aiops up` show the message."""
    with pytest.raises(PermanentError) as error:
        from_options({"kind": "haproxy", **options}, clock)
    assert why in str(error.value)
