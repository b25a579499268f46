"""One fault from its begin to its end: truth first, and an end whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from aiops.adapters.executors.haproxy_socket import HaproxySocket
from aiops.apps.range.estate import Estate
from aiops.apps.range.faults import run, scaling
from aiops.apps.range.faults.acts import ACTS, obstacle
from aiops.apps.range.faults.run import begin, wait_out
from aiops.apps.range.faults.scene import Act, Scene, wait
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.reports import Change
from simulations.range.faults import truth
from simulations.range.faults.registry import KINDS
from tests.executor_targets import FakeHaproxy, answering
from tests.unit.apps.range.faults.stage import PLAN, estate_in, scene_of, supervised


def nobody(_: Change) -> None:
    return


@dataclass
class Recorded:
    """An act that writes down what is asked of it, and how much truth there was at its begin."""

    estate: Estate
    asked: list[str] = field(default_factory=list)
    fails: bool = False
    written: int = 0

    def begin(self) -> None:
        self.asked.append("begin")
        self.written = len(truth.read(self.estate.folder.truth.read_text())[0])
        if self.fails:
            raise TemporaryError("no answer")

    def tick(self, elapsed: float) -> None:
        self.asked.append("tick")

    def end(self) -> bool:
        self.asked.append("end")
        return False


@pytest.fixture
def act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    made = Recorded(estate_in(tmp_path))
    table: dict[str, Callable[[Scene], Act]] = {**ACTS, "killed": lambda _: made}
    monkeypatch.setattr(run, "ACTS", table)
    return made


def test_truth_is_there_before_it_happens(act: Recorded) -> None:
    """And its end after it was undone."""
    inflicted = begin(act.estate, "kill", seconds=60.0, announce=nobody)
    assert act.written == 1
    ended = inflicted.end()
    faults, ends = truth.read(act.estate.folder.truth.read_text())
    assert faults == [inflicted.truth]
    assert ends == {inflicted.truth.id: ended}
    assert ended.at >= inflicted.truth.onset


def test_a_fault_that_cannot_begin_is_undone(act: Recorded) -> None:
    """What it began in part is taken back; the truth says that it ended."""
    act.fails = True
    with pytest.raises(TemporaryError):
        begin(act.estate, "killed", seconds=60.0, announce=nobody)
    assert act.asked == ["begin", "end"]
    assert len(truth.read(act.estate.folder.truth.read_text())[1]) == 1


def test_it_lasts_until_somebody_stops_it(act: Recorded) -> None:
    """It is asked once for each wait."""
    waits = iter([False, False, True])
    wait_out(begin(act.estate, "killed", seconds=60.0, announce=nobody), lambda _: next(waits))
    assert act.asked == ["begin", "tick", "tick", "end"]


def test_it_is_undone_when_the_wait_fails(act: Recorded) -> None:
    """An interruption from the keyboard, for example."""

    def interrupted(_: float) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait_out(begin(act.estate, "killed", seconds=60.0, announce=nobody), interrupted)
    assert act.asked == ["begin", "end"]


def test_its_time_is_up(act: Recorded) -> None:
    """Nothing is waited for then."""
    wait_out(begin(act.estate, "killed", seconds=0.0, announce=nobody), lambda _: pytest.fail("waited"))
    assert act.asked == ["begin", "end"]


@pytest.mark.parametrize(("name", "target"), [("song", ""), ("killed", "nobody"), ("cut", "a--b")])
def test_what_cannot_happen_leaves_no_truth(act: Recorded, name: str, target: str) -> None:
    """Nothing happened."""
    with pytest.raises(PermanentError):
        begin(act.estate, name, target, seconds=1.0, announce=nobody)
    assert not act.estate.folder.truth.exists()


def test_a_usual_duration_is_used(act: Recorded) -> None:
    """If none is given."""
    assert begin(act.estate, "killed", seconds=None, announce=nobody).truth.seconds == KINDS["killed"].seconds


def test_what_needs_root_says_so(act: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, and nothing happens."""
    rooted = replace(KINDS["killed"], root=True)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert obstacle(rooted, PLAN.services[0].id, PLAN) == "killed needs root"
    monkeypatch.setattr(run, "kind_of", lambda _: rooted)
    with pytest.raises(PermanentError, match="skipped: killed needs root"):
        begin(act.estate, "killed", seconds=1.0, announce=nobody)


def test_a_service_without_a_spare_instance_cannot_scale_out() -> None:
    """The plan gives each one; another plan may not."""
    service = replace(PLAN.services[0], instances=tuple(one for one in PLAN.services[0].instances if not one.spare))
    plan = replace(PLAN, services=(service, *PLAN.services[1:]))
    assert "no spare instance" in obstacle(KINDS["harmless-scale-out"], service.id, plan)


def test_calm_is_calm() -> None:
    """It does nothing and leaves nothing."""
    calm = scaling.Calm()
    calm.begin()
    calm.tick(1.0)
    assert calm.end() is True


def test_a_spare_instance_serves_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Supervisord starts it, HAProxy uses it, and the change is published."""
    monkeypatch.setattr(scaling, "healthy", lambda _: True)
    estate = estate_in(tmp_path)
    changes: list[Change] = []
    service = next(one for one in PLAN.services if any(instance.spare for instance in one.instances))
    spare = [one.id for one in service.instances if one.spare]
    orders: list[str] = []
    with supervised(estate) as supervisord, answering(FakeHaproxy(), tmp_path):
        monkeypatch.setattr(HaproxySocket, "order", lambda _, command: orders.append(command))
        act = scaling.ScaleOut(scene_of("harmless-scale-out", estate, service.id, changes))
        act.begin()
        assert supervisord.calls == [f"start {one}" for one in spare]
        act.end()
        assert supervisord.calls[len(spare) :] == [f"stop {one}" for one in spare]
    assert orders == [f"set server {service.id}/{one} state {word}" for word in ("ready", "maint") for one in spare]
    assert [change.kind for change in changes] == ["scale"]


def test_a_wait_ends_with_its_condition_or_its_time() -> None:
    """And says which."""
    assert wait(lambda: True, 0.0) is True
    assert wait(lambda: False, 0.0) is False
