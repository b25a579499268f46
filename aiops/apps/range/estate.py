"""An estate on this machine: up, down, status."""

from __future__ import annotations

import http.client
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from aiops.adapters.atomic_files import replace_file
from aiops.adapters.broker.ports import is_free
from aiops.adapters.supervisord import ProcessInfo, ProcessState, Supervisord
from aiops.apps.range import database, estate_files, leftovers
from aiops.model.errors import PermanentError, TemporaryError
from simulations.range import run_settings
from simulations.range.configuration.supervisord import EPMD, MARK
from simulations.range.estate_plan import (
    COLLECTOR,
    HAPROXY,
    HOST,
    LOAD,
    POSTGRESQL,
    RABBITMQ,
    REDIS,
    REPLICA,
    TOXIPROXY,
    EstatePlan,
)
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import RunSettings, Users

Report = Callable[[str], None]
READY_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 40.0
_WARM_SECONDS: Final = 20.0
_IN_A_ROW: Final = 5


def users() -> Users:
    """Who PostgreSQL and RabbitMQ run as: the users of Debian's packages if root starts the estate."""
    if os.geteuid() != 0:
        return Users()
    return Users(_user("postgres"), _user("rabbitmq"))


def _user(name: str) -> str:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return "nobody"
    return name


@dataclass(frozen=True, slots=True)
class Estate:
    """One estate, running or not.

    Args:
        plan: what it consists of.
        folder: its files.
        run: how it is started.
    """

    plan: EstatePlan
    folder: RunFolder
    run: RunSettings

    @classmethod
    def opened(cls, root: Path) -> Estate:
        """The estate in a run folder.

        Raises:
            PermanentError: there is none.
        """
        return cls(*estate_files.read(root))

    @property
    def supervisord(self) -> Supervisord:
        """Its supervisord."""
        return Supervisord(self.folder.supervisord_socket)

    def up(self, report: Report, now: Callable[[], int] = time.time_ns) -> None:
        """Start everything; returns when every service answers and users come.

        Raises:
            PermanentError: it cannot run here; what had been started is stopped.
        """
        self._refuse_a_second_one()
        started = False
        try:
            self._start(report)
            started = True
        finally:
            if not started:
                self.down(keep=True)
        done = replace(self.run, started_at=now())
        replace_file(self.folder.run, [run_settings.to_json(done).encode()])

    def down(self, *, keep: bool = False) -> int:
        """Stop everything and remove what it made; the number of processes that had to be killed.

        Args:
            keep: leave the run folder, for people: plan, logs, truth, measurements.
        """
        supervisord = self.supervisord
        if supervisord.answers():
            supervisord.stop_all()
            _until(lambda: not _running(supervisord), _STOP_SECONDS)
            supervisord.shut_down()
            _until(lambda: not leftovers.processes(self.folder.root), 10.0)
        killed = leftovers.end(self.folder.root)
        shutil.rmtree(self.folder.short, ignore_errors=True)
        if not keep:
            shutil.rmtree(self.folder.root, ignore_errors=True)
        return killed

    def _refuse_a_second_one(self) -> None:
        if leftovers.processes(self.folder.root):
            raise PermanentError(f"the estate of {self.folder.root} runs: stop it with `aiops range down`")
        taken = [port for port in ports(self.plan) if not is_free(port)]
        if taken:
            raise PermanentError(f"ports of {HOST} are taken: {taken}; stop what uses them, or choose another seed")

    def _start(self, report: Report) -> None:
        for earlier in (self.folder.short, self.folder.root):
            shutil.rmtree(earlier, ignore_errors=True)
        estate_files.make_folders(self.folder)
        estate_files.write(self.plan, self.folder, self.run)
        report("backing services")
        database.initialise(self.plan, self.folder, self.run)
        estate_files.give(self.folder.data(POSTGRESQL), self.run.users.postgresql)
        self._launch()
        self._begin((EPMD, POSTGRESQL, REDIS, TOXIPROXY, HAPROXY))
        self._listening({EPMD: self.plan.ports.epmd, POSTGRESQL: self.plan.ports.postgresql})
        self._begin((RABBITMQ,))
        database.fill(self.plan)
        database.follow(self.plan, self.folder, self.run)
        estate_files.give(self.folder.data(REPLICA), self.run.users.postgresql)
        self._begin((REPLICA, COLLECTOR))
        p = self.plan.ports
        backing = {REPLICA: p.replica, REDIS: p.redis, TOXIPROXY: p.toxiproxy, COLLECTOR: p.otlp_http}
        self._listening({**backing, RABBITMQ: p.rabbitmq, HAPROXY: p.public})
        instances = {one.id: one.port for service in self.plan.services for one in service.instances if not one.spare}
        report(f"{len(self.plan.services)} services, {len(instances)} instances")
        self._begin(instances)
        self._wait(instances, healthy)
        fronts = [service.port for service in self.plan.services]
        _until(lambda: all(healthy(port) for port in fronts), READY_SECONDS)
        self._warm()
        if self.run.load:
            report("users")
            self._begin((LOAD,))
            _until(lambda: self.supervisord.process(LOAD).state is ProcessState.RUNNING, READY_SECONDS)

    def _warm(self) -> None:
        """Ask every path of users until it is served some times in a row: connections and caches are there then."""
        paths = [path.replace("{id}", "1") for path, _ in self.plan.traffic.users[0].paths]
        public = self.plan.ports.public
        _until(lambda: all(served(public, path) for path in paths * _IN_A_ROW), _WARM_SECONDS)

    def _launch(self) -> None:
        """Start supervisord, which starts nothing by itself. It goes into the background."""
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "USER") if name in os.environ},
            "PYTHONPATH": self.run.programs.supervisor,
            MARK: str(self.folder.root),
        }
        command = [self.run.programs.python, "-m", "supervisor.supervisord", "-c"]
        ended = subprocess.run(
            [*command, str(self.folder.supervisord_configuration)],
            cwd=self.folder.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if ended.returncode != 0:
            raise PermanentError(f"supervisord does not start:\n{(ended.stdout + ended.stderr)[-1_000:]}")
        if not _until(self.supervisord.answers, 10.0):
            raise PermanentError(f"supervisord does not answer; see {self.folder.supervisord_log}")

    def _begin(self, names: Iterable[str]) -> None:
        for name in names:
            self.supervisord.start(name)

    def _listening(self, wanted: dict[str, int]) -> None:
        self._wait(wanted, listens)

    def _wait(self, wanted: dict[str, int], ready: Callable[[int], bool]) -> None:
        """Wait until all programs are ready; one that ended is an error with the end of its log."""
        left = dict(wanted)
        deadline = time.monotonic() + READY_SECONDS
        while left:
            left = {name: port for name, port in left.items() if not ready(port)}
            states = {one.name: one.state for one in self.supervisord.processes()} if left else {}
            ended = [name for name in left if states[name] in {ProcessState.EXITED, ProcessState.FATAL}]
            if ended or (left and time.monotonic() > deadline):
                name = (ended or sorted(left))[0]
                raise PermanentError(f"{name} {'ended' if ended else 'does not answer'}:\n{self._last_words(name)}")
            time.sleep(0.2 if left else 0.0)

    def _last_words(self, name: str) -> str:
        log = self.folder.log(name)
        words = log.read_text(errors="replace")[-1_500:] if log.exists() else "it has printed nothing"
        return f"{words}\n({log})"


def ports(plan: EstatePlan) -> list[int]:
    """Every port that an estate listens on."""
    found = [getattr(plan.ports, name) for name in type(plan.ports).__dataclass_fields__]
    found += [link.port for link in plan.links]
    for service in plan.services:
        found += [service.port, *(instance.port for instance in service.instances)]
    return found


def listens(port: int) -> bool:
    """Whether a server accepts connections."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def healthy(port: int) -> bool:
    """Whether a service says that it is well."""
    return served(port, "/health")


def served(port: int, path: str) -> bool:
    """Whether a request is answered with status 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _running(supervisord: Supervisord) -> list[ProcessInfo]:
    try:
        return [one for one in supervisord.processes() if one.pid]
    except TemporaryError:
        return []


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
