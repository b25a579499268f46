"""The order in which an estate starts, and what a start that fails says. Its programs are played."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aiops.adapters.supervisord import ProcessInfo, ProcessState
from aiops.apps.range import database, estate, leftovers
from aiops.apps.range.estate import Estate
from aiops.model.errors import PermanentError
from simulations.range.configuration.supervisord import EPMD
from simulations.range.estate_plan import BACKING, COLLECTOR, LOAD, POSTGRESQL, RABBITMQ, REPLICA, TOXIPROXY
from simulations.range.generation import generate
from simulations.range.run_folder import RunFolder
from tests.unit.simulations.range.runs import PLAN, run

SPARE = {one.id for service in PLAN.services for one in service.instances if one.spare}
STARTED = {one.id for service in PLAN.services for one in service.instances} - SPARE


@dataclass
class Played:
    """A supervisord, and everything that was done in order."""

    done: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    """Programs that end as soon as they are started."""
    alive: bool = False

    def start(self, name: str) -> bool:
        self.done.append(name)
        return True

    def serve(self, port: int, path: str) -> bool:
        self.done.append(f"ask {path}")
        return True

    def answers(self) -> bool:
        return self.alive

    def processes(self) -> list[ProcessInfo]:
        return [self.process(name) for name in self.done] if self.alive else []

    def process(self, name: str) -> ProcessInfo:
        state = ProcessState.EXITED if name in self.ended else ProcessState.RUNNING
        return ProcessInfo(name, state, 0 if name in self.ended else 1, 0, "")

    def stop_all(self) -> None:
        self.done.append("stop all")
        self.ended |= set(self.done)

    def shut_down(self) -> None:
        self.done.append("shut down")
        self.alive = False


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """Every program and every server is played; ports answer if their program runs."""
    found = Played()

    def launch(_: Estate) -> None:
        found.alive = True

    monkeypatch.setattr(Estate, "supervisord", property(lambda _: found))
    monkeypatch.setattr(Estate, "_launch", launch)
    monkeypatch.setattr(leftovers, "processes", lambda _: [])
    monkeypatch.setattr(leftovers, "end", lambda _: 0)
    monkeypatch.setattr(estate, "is_free", lambda _: True)
    for name in ("listens", "healthy"):
        monkeypatch.setattr(estate, name, lambda port: not found.ended)
    monkeypatch.setattr(estate, "served", found.serve)
    monkeypatch.setattr(database, "initialise", lambda *_: found.done.append("initialise"))
    monkeypatch.setattr(database, "fill", lambda _: found.done.append("fill"))
    monkeypatch.setattr(database, "follow", lambda *_: found.done.append("follow"))
    return found


@pytest.fixture
def made(tmp_path: Path) -> Estate:
    """An estate that was never started."""
    folder = RunFolder(tmp_path / "range" / "7", tmp_path / "short")
    return Estate(PLAN, folder, run(short=str(folder.short)))


def before(played: Played, *names: str) -> bool:
    """Whether these were done in this order."""
    places = [played.done.index(name) for name in names]
    return places == sorted(places)


def test_what_others_need_starts_first(played: Played, made: Estate) -> None:
    """The port mapper before the broker, the primary before its tables, these before the replica."""
    made.up(lambda _: None, now=lambda: 42)
    assert before(played, "initialise", POSTGRESQL, "fill", "follow", REPLICA)
    assert before(played, EPMD, RABBITMQ)
    assert before(played, POSTGRESQL, COLLECTOR)


def test_services_start_after_everything_that_they_use(played: Played, made: Estate) -> None:
    """All started instances do, and no spare one."""
    made.up(lambda _: None, now=lambda: 42)
    last = max(played.done.index(name) for name in (*BACKING, TOXIPROXY, COLLECTOR))
    assert all(played.done.index(name) > last for name in STARTED)
    assert not SPARE & set(played.done)


def test_users_come_last_and_find_warm_services(played: Played, made: Estate) -> None:
    """Each path was asked before."""
    made.up(lambda _: None, now=lambda: 42)
    paths = [path.replace("{id}", "1") for path, _ in PLAN.traffic.users[0].paths]
    assert played.done[-1] == LOAD
    assert {f"ask {path}" for path in paths} <= set(played.done)


def test_an_estate_without_load_has_no_users(played: Played, tmp_path: Path) -> None:
    """Everything else runs."""
    folder = RunFolder(tmp_path / "range" / "7", tmp_path / "short")
    Estate(PLAN, folder, run(short=str(folder.short), load=False)).up(lambda _: None, now=lambda: 42)
    assert LOAD not in played.done


def test_the_time_of_the_start_is_written_down(played: Played, made: Estate) -> None:
    """When everything answers."""
    made.up(lambda _: None, now=lambda: 42)
    assert Estate.opened(made.folder.root).run.started_at == 42


def test_progress_is_told(played: Played, made: Estate) -> None:
    """One line a stage, with the number of services."""
    told: list[str] = []
    made.up(told.append, now=lambda: 42)
    assert told == ["backing services", f"{len(PLAN.services)} services, {len(STARTED)} instances", "users"]


def test_a_program_that_ends_is_named_with_its_last_words(
    played: Played, made: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What had been started is stopped, and the log is left for people."""
    name = PLAN.services[0].instances[0].id
    monkeypatch.setattr(estate, "healthy", lambda port: port != PLAN.services[0].instances[0].port)
    begin = played.start

    def start(program: str) -> bool:
        if program == name:
            made.folder.log(name).write_text("Traceback: no module named x\n")
            played.ended.add(name)
        return begin(program)

    monkeypatch.setattr(played, "start", start)
    monkeypatch.setattr(estate, "listens", lambda _: True)
    with pytest.raises(PermanentError, match=rf"(?s){name} ended:.*no module named x.*{name}\.log"):
        made.up(lambda _: None)
    assert played.done[-2:] == ["stop all", "shut down"]
    assert made.folder.log(name).exists()


def test_a_program_that_never_answers_is_an_error(
    played: Played, made: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time that a start may take."""
    monkeypatch.setattr(estate, "READY_SECONDS", 0.0)
    monkeypatch.setattr(estate, "listens", lambda port: port != PLAN.ports.epmd)
    with pytest.raises(PermanentError, match=r"epmd does not answer:\nit has printed nothing"):
        made.up(lambda _: None)


def test_down_asks_before_it_kills(played: Played, made: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """First all programs, then supervisord, then what is left."""
    made.up(lambda _: None, now=lambda: 42)
    monkeypatch.setattr(leftovers, "end", lambda _: played.done.append("kill") or 2)  # type: ignore[func-returns-value]
    assert made.down() == 2
    assert played.done[-3:] == ["stop all", "shut down", "kill"]


def test_a_plan_with_every_seed_starts_in_the_same_way(played: Played, tmp_path: Path) -> None:
    """Nothing of the order depends on one estate."""
    for seed in (1, 2, 3):
        plan = generate(seed)
        folder = RunFolder(tmp_path / str(seed), tmp_path / f"short-{seed}")
        played.done.clear()
        Estate(plan, folder, run(short=str(folder.short))).up(lambda _: None, now=lambda: 42)
        started = {one.id for service in plan.services for one in service.instances if not one.spare}
        assert started | set(BACKING) | {EPMD, TOXIPROXY, COLLECTOR, LOAD} <= set(played.done)


def test_a_new_start_begins_with_empty_files(played: Played, made: Estate) -> None:
    """Measurements and truth of an earlier run would be taken for this one's."""
    made.folder.root.mkdir(parents=True)
    made.folder.load.write_text("{}\n")
    made.folder.truth.write_text("{}\n")
    made.up(lambda _: None, now=lambda: 42)
    assert not made.folder.load.exists()
    assert not made.folder.truth.exists()
