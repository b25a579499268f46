"""Acting through supervisord, against a server of its XML-RPC interface on a Unix socket."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import pytest

from aiops.adapters.executors.key_ledger import KeyLedger
from aiops.adapters.executors.keyed import KeyedExecutor
from aiops.adapters.executors.supervisord import SupervisordWay, from_options
from aiops.adapters.supervisord import ProcessState, Supervisord
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, Observed, StepStatus
from tests.executor_targets import FakeSupervisord, TurnedClock, order_of, served

STATES = {"cart:cart-1": 20, "cart:cart-2": 20, "cart:cart-3": 20, "cart:cart-4": 0, "web:web": 20}


@pytest.fixture
def fake() -> FakeSupervisord:
    return FakeSupervisord(STATES)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def way(fake: FakeSupervisord, tmp_path: Path) -> Iterator[SupervisordWay]:
    """Releases 41 and 42 of cart, and configurations a and b, each with a link to the second."""
    for kind, names in (("releases", ("41", "42")), ("configurations", ("a", "b"))):
        for age, name in zip((2_000, 1_000), names, strict=True):
            (tmp_path / kind / name).mkdir(parents=True)
            os.utime(tmp_path / kind / name, (10**9 - age, 10**9 - age))
    (tmp_path / "cart").symlink_to("releases/42")
    (tmp_path / "cart.conf").symlink_to("configurations/b")
    links = {"release": f"{tmp_path}/{{name}}", "configuration": f"{tmp_path}/{{name}}.conf"}
    with served(fake, tmp_path) as url:
        yield SupervisordWay(Supervisord.at(url), links=links)


@pytest.fixture
def executor(way: SupervisordWay, clock: TurnedClock, tmp_path: Path) -> KeyedExecutor:
    return KeyedExecutor(way, KeyLedger(tmp_path / "keys"), clock)


def test_processes_are_listed(fake: FakeSupervisord, tmp_path: Path) -> None:
    """With group, name, state, pid and start."""
    with served(fake, tmp_path) as url:
        first = Supervisord.at(url).processes()[0]
    assert (first.full_name, first.state, first.pid, first.since) == ("cart:cart-1", ProcessState.RUNNING, 100, 1_000)


def test_a_restart_is_rolling_and_leaves_spare_processes_alone(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock
) -> None:
    """A third of the processes at a time."""
    order = order_of(Action("restart", "prod/shop/cart"), clock)
    outcome = executor.run(order)
    assert outcome.status is StepStatus.DONE
    one_by_one = [f"{verb} cart:cart-{n}" for n in (1, 2, 3) for verb in ("stop", "start")]
    assert fake.calls == one_by_one
    assert executor.observe(order) is Observed.DONE


def test_a_restart_at_once_stops_all_first(executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock) -> None:
    """The runbook asked for it."""
    executor.run(order_of(Action("restart", "cart", {"at_once": True}), clock))
    assert fake.calls[:3] == ["stop cart:cart-1", "stop cart:cart-2", "stop cart:cart-3"]


@pytest.mark.parametrize("state", [100, 200, 30])
def test_a_dead_process_is_started(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock, state: int
) -> None:
    """Exited, fatal or in its back-off: it has no pid, and a later start."""
    fake.table["web:web"] = [state, 0, 900]
    order = order_of(Action("restart", "web"), clock)
    if state == 30:
        fake.table["web:web"][0] = 100  # supervisord takes it out of its back-off when it is stopped
    assert executor.run(order).status is StepStatus.DONE
    assert fake.running() >= {"web:web"}


def test_a_single_process_can_be_the_target(executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock) -> None:
    """An instance of a service is an entity of its own."""
    assert executor.run(order_of(Action("restart", "cart-2"), clock)).status is StepStatus.DONE
    assert fake.calls == ["stop cart:cart-2", "start cart:cart-2"]


def test_several_groups_can_be_one_target(clock: TurnedClock, tmp_path: Path) -> None:
    """Programs without a group are groups of one; the name itself still stands for one process."""
    fake = FakeSupervisord({"cart-1:cart-1": 20, "cart-2:cart-2": 100, "cart-old:cart-old": 20})
    with served(fake, tmp_path) as url:
        options = {"url": url, "keys": str(tmp_path / "keys"), "group": "{name}-[0-9]*"}
        executor = from_options(options, clock)
        assert executor.run(order_of(Action("restart", "cart"), clock, key="a")).status is StepStatus.DONE
        assert executor.run(order_of(Action("restart", "cart-1"), clock, key="b")).status is StepStatus.DONE
    assert {call.split()[1] for call in fake.calls} == {"cart-1:cart-1", "cart-2:cart-2"}


def test_a_group_that_is_stopped_is_started_whole(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock
) -> None:
    """No process of it is spare then."""
    for name in fake.table:
        fake.table[name] = [0, 0, 1_000]
    executor.run(order_of(Action("restart", "cart"), clock))
    assert fake.running() == {name for name in STATES if name.startswith("cart:")}


def test_more_processes_run_and_fewer_again(executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock) -> None:
    """The undo stops exactly what the step started."""
    order = order_of(Action("scale", "cart", {"replicas": 4}), clock)
    assert executor.run(order).status is StepStatus.DONE
    assert fake.calls == ["start cart:cart-4"]
    assert executor.observe(order) is Observed.DONE
    undo = order_of(Action("scale", "cart", {"replicas": 3}), clock, undo=True)
    assert executor.run(undo).status is StepStatus.DONE
    assert fake.calls == ["start cart:cart-4", "stop cart:cart-4"]


def test_more_than_the_group_has_cannot_be_started(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock
) -> None:
    """The detail says what to configure."""
    outcome = executor.run(order_of(Action("scale", "cart", {"replicas": 5}), clock))
    assert outcome.status is StepStatus.FAILED
    assert "autostart=false" in outcome.detail
    assert fake.calls == []


def test_a_stop_and_its_undo(executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock) -> None:
    """What ran before runs again; what was stopped stays stopped."""
    order = order_of(Action("stop", "cart"), clock)
    assert executor.run(order).status is StepStatus.DONE
    assert fake.running() == {"web:web"}
    assert executor.observe(order) is Observed.DONE
    assert executor.run(order_of(Action("stop", "cart", {"back": True}), clock, undo=True)).status is StepStatus.DONE
    assert fake.running() == {"web:web", "cart:cart-1", "cart:cart-2", "cart:cart-3"}


def test_the_undo_of_a_stop_that_never_began_starts_nothing(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock
) -> None:
    """Nothing is known that ran before."""
    assert executor.run(order_of(Action("stop", "cart", {"back": True}), clock, undo=True)).status is StepStatus.DONE
    assert fake.calls == []


@pytest.mark.parametrize(
    ("parameters", "link", "then"),
    [({}, "cart", "41"), ({"version": "41"}, "cart", "41"), ({"part": "configuration"}, "cart.conf", "a")],
)
def test_a_roll_back_switches_the_link_and_restarts(
    executor: KeyedExecutor,
    fake: FakeSupervisord,
    clock: TurnedClock,
    tmp_path: Path,
    parameters: dict[str, str],
    link: str,
    then: str,
) -> None:
    """Release or configuration; the undo restores the link that the step found."""
    was = (tmp_path / link).readlink()
    order = order_of(Action("roll-back", "cart", parameters), clock)
    assert executor.run(order).status is StepStatus.DONE
    assert (tmp_path / link).readlink().name == then
    assert "start cart:cart-3" in fake.calls
    assert executor.observe(order) is Observed.DONE
    undo = order_of(Action("roll-back", "cart", {"back": True}), clock, undo=True)
    assert executor.run(undo).status is StepStatus.DONE
    assert (tmp_path / link).readlink() == was


@pytest.mark.parametrize(
    ("parameters", "why"),
    [({"version": "39"}, "it has 41, 42"), ({"part": "colour"}, "for the part 'colour'")],
)
def test_a_roll_back_to_nowhere_is_refused(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock, parameters: dict[str, str], why: str
) -> None:
    """Nothing was changed."""
    outcome = executor.run(order_of(Action("roll-back", "cart", parameters), clock))
    assert outcome.status is StepStatus.FAILED
    assert why in outcome.detail
    assert fake.calls == []


def test_half_a_restart_is_neither_done_nor_not_done(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock
) -> None:
    """Supervisord refused in the middle: a person must look, and nothing is repeated."""
    fake.dies_at = "stop cart:cart-2"
    order = order_of(Action("restart", "cart"), clock)
    assert executor.run(order).status is StepStatus.UNKNOWN
    assert executor.observe(order) is Observed.UNKNOWN
    calls = list(fake.calls)
    assert executor.run(order).status is StepStatus.UNKNOWN
    assert fake.calls == calls


def test_a_restart_that_never_reached_a_process_may_run_again(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock
) -> None:
    """All pids and starts are as before."""
    fake.dies_at = "stop cart:cart-1"
    order = order_of(Action("restart", "cart"), clock)
    assert executor.run(order).status is StepStatus.UNKNOWN
    assert executor.observe(order) is Observed.NOT_DONE
    fake.dies_at = ""
    assert executor.run(order).status is StepStatus.DONE


def test_a_process_that_supervisord_gave_up_ends_the_wait(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock
) -> None:
    """It will not run before the deadline either."""
    fake.started_as = 200
    outcome = executor.run(order_of(Action("restart", "web"), clock))
    assert outcome.status is StepStatus.UNKNOWN
    assert "gave up starting web:web" in outcome.detail


def test_a_postcondition_wants_the_processes_ready(
    executor: KeyedExecutor, fake: FakeSupervisord, clock: TurnedClock
) -> None:
    """They were started since, and one has died again: the restart happened, its condition does not hold."""
    order = order_of(Action("restart", "cart"), clock)
    executor.run(order)
    fake.table["cart:cart-1"][:2] = [100, 0]
    assert executor.observe(order) is Observed.DONE
    wanted = order_of(Action("restart", "cart"), clock, postcondition="all instances are ready")
    assert executor.observe(wanted) is Observed.NOT_DONE


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (Action("restart", "checkout"), "no group 'checkout' or process 'checkout', but cart, web"),
        (Action("restart", "cart; rm -rf /"), "other characters"),
        (Action("restart", "../cart"), ""),
        (Action("clear-cache", "cart"), "supervisord cannot clear-cache"),
    ],
)
def test_what_it_cannot_do_it_refuses(
    executor: KeyedExecutor, clock: TurnedClock, fake: FakeSupervisord, action: Action, why: str
) -> None:
    """Failed and nothing changed; the last part of the name counts."""
    outcome = executor.run(order_of(action, clock, dry_run=True))
    if action.target == "../cart":
        assert outcome.status is StepStatus.DONE
    else:
        assert outcome.status is StepStatus.FAILED
        assert why in outcome.detail
    assert fake.calls == []


def test_a_supervisord_that_is_not_there_changed_nothing(clock: TurnedClock, tmp_path: Path) -> None:
    """The order failed; an observation must be repeated."""
    options = {"url": f"unix://{tmp_path}/none.sock", "keys": str(tmp_path / "keys")}
    executor = from_options(options, clock)
    outcome = executor.run(order_of(Action("restart", "cart"), clock))
    assert outcome.status is StepStatus.FAILED
    assert "does not answer" in outcome.detail


def test_a_supervisord_answers_over_tcp_to_its_user(fake: FakeSupervisord) -> None:
    """The password is in the header of each request."""
    seen: list[str] = []

    class Handler(SimpleXMLRPCRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
            seen.append(self.headers["Authorization"])
            super().do_POST()

    with SimpleXMLRPCServer(("127.0.0.1", 0), Handler, logRequests=False) as server:
        server.register_function(fake.getAllProcessInfo, "supervisor.getAllProcessInfo")
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        assert len(Supervisord.at(url, "ops", "secret").processes()) == len(STATES)
        thread.join()
    assert seen == ["Basic b3BzOnNlY3JldA=="]


def test_what_is_no_supervisord_is_named(tmp_path: Path) -> None:
    """Something else listens there."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/other.sock")
        server.listen()

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                while b"</methodCall>" not in connection.recv(65536):
                    pass
                connection.sendall(b"HTTP/1.0 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(PermanentError, match="refuses user and password"):
            Supervisord.at(f"unix://{tmp_path}/other.sock").processes()
        thread.join()


def test_a_fault_that_matters_is_told(fake: FakeSupervisord, tmp_path: Path) -> None:
    """And one that says that the process is as wanted is not."""
    with served(fake, tmp_path) as url:
        calls = Supervisord.at(url)
        calls.start("cart:cart-1")
        calls.stop("cart:cart-4")
        fake.dies_at = "stop web:web"
        with pytest.raises(PermanentError, match="refuses 'web:web': SHUTDOWN_STATE"):
            calls.stop("web:web")
    with pytest.raises(TemporaryError, match="does not answer"):
        calls.processes()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "url is missing"),
        ({"url": "unix:///s"}, "keys is missing"),
        ({"url": "http://u:p@127.0.0.1:9001"}, "and user beside it"),
        ({"url": "127.0.0.1:9001"}, "write unix:///SOCKET"),
        ({"url": "unix:///s", "key": "x"}, "no option key; known: configuration_link, group, keys"),
        ({"url": "unix:///s", "group": "cart"}, "it must contain {name}"),
        ({"url": "unix:///s", "password_file": "/none/at/all"}, "password_file: /none/at/all cannot be read"),
    ],
)
def test_wrong_options_are_clear(clock: TurnedClock, options: dict[str, str], why: str) -> None:
    """`aiops doctor` and `aiops up` show the message."""
    with pytest.raises(PermanentError) as error:
        from_options({"kind": "supervisord", **options}, clock)
    assert why in str(error.value)
