"""Acts through supervisord: restart, run more or fewer processes of a group, stop, go back to an earlier version.

A target is a group, or one process of it. A process that supervisord lists as ``STOPPED`` is spare: a restart leaves it
alone, and ``scale`` starts it. Versions are folders behind a symbolic link (``aiops.adapters.executors.releases``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from aiops.adapters.executors.key_ledger import KeyLedger
from aiops.adapters.executors.keyed import Deadline, KeyedExecutor, State
from aiops.adapters.executors.options import check_known, filled, secret, template, wanted
from aiops.adapters.executors.releases import VersionLink
from aiops.adapters.supervisord import ProcessInfo, ProcessState, Supervisord
from aiops.model.errors import AiopsError, PermanentError, TemporaryError
from aiops.model.plans import Action, Observed, StepDirection, StepOrder
from aiops.ports import Clock

_UP: Final = frozenset({ProcessState.RUNNING, ProcessState.STARTING, ProcessState.BACKOFF})
_DOWN: Final = frozenset({ProcessState.STOPPED, ProcessState.EXITED, ProcessState.FATAL})
_OPTIONS: Final = ("url", "user", "password_file", "keys", "group", "release_link", "configuration_link")
PARTS: Final = {"release": "release_link", "configuration": "configuration_link"}
"""What ``roll-back`` can switch, and the option that names its link."""
_LINK, _FROM, _TO, _WANTED, _WAS = "link", "from", "to", "wanted", "was"
_PROCESS: Final = "process "
"""Prefix of the entry of a process in the state before: its pid and start."""


def from_options(options: Mapping[str, str], clock: Clock) -> KeyedExecutor:
    """The executor of ``kind: supervisord``: ``url`` and ``keys``; optional are the others of ``_OPTIONS``."""
    check_known(options, _OPTIONS)
    calls = Supervisord.at(wanted(options, "url"), options.get("user", ""), secret(options, "password_file") or "")
    links = {part: template(options, name, "") for part, name in PARTS.items()}
    way = SupervisordWay(calls, template(options, "group", "{name}"), links)
    return KeyedExecutor(way, KeyLedger(Path(wanted(options, "keys")).expanduser()), clock)


class SupervisordWay:
    """``Way`` through supervisord.

    Args:
        calls: to supervisord.
        group: its group for a target, with ``{name}`` for the last part of the target's name; ``*`` and ``[0-9]`` fit
            several groups.
        links: the symbolic link for each part that can be rolled back, with ``{name}``; empty: there is none.
    """

    def __init__(self, calls: Supervisord, group: str = "{name}", links: Mapping[str, str] | None = None) -> None:
        self._calls, self._group, self._links = calls, group, dict(links or {})

    def before(self, order: StepOrder, did: State | None) -> State:
        """The processes with pid and start; the set that should run; or the link with its old and new version."""
        action = order.capability.action
        undo = order.capability.direction is StepDirection.UNDO
        processes = self._of(action.target)
        match action.primitive:
            case "restart":
                return _identities([process for process in processes if _in_use(process, processes)])
            case "scale":
                return _running(processes, did[_WAS].split() if undo and did else _scaled(processes, action))
            case "stop":
                return _running(processes, did[_WAS].split() if did else []) if did or not undo else {}
            case "roll-back":
                return self._versions(action, did) | _identities([one for one in processes if _in_use(one, processes)])
        raise PermanentError(f"supervisord cannot {action.primitive}: it can restart, scale, stop and roll-back")

    def act(self, order: StepOrder, before: State, deadline: Deadline) -> str:
        """Have the effect. Processes are restarted a third at a time, unless the order says at once."""
        action = order.capability.action
        if _WANTED in before:
            return self._run_exactly(action.target, before, deadline)
        said = ""
        if _LINK in before:
            VersionLink(Path(before[_LINK])).switch(Path(before[_TO]))
            said = f"{before[_LINK]} names {Path(before[_TO]).name}; "
        names = sorted(_of_identities(before))
        at_once = bool(action.parameters.get("at_once"))
        size = len(names) if at_once else -(-len(names) // 3)
        for first in range(0, len(names), max(size, 1)):
            self._restart(action.target, names[first : first + size], deadline)
        return f"{said}restarted {', '.join(names)}"

    def seen(self, order: StepOrder, before: State) -> Observed:
        """From pids, starts and links. A restart is done if every process started since; ready if each runs."""
        found = {process.full_name: process for process in self._of(order.capability.action.target)}
        if _WANTED in before:
            up = {name for name, process in found.items() if process.state in _UP}
            return _judged(order, up == set(before[_WANTED].split()), unchanged=up == set(before[_WAS].split()))
        old = _of_identities(before)
        renewed = [name for name, identity in old.items() if name in found and _renewed(found[name], identity)]
        done, none = len(renewed) == len(old), not renewed
        if _LINK in before:
            now = VersionLink(Path(before[_LINK])).present()
            done, none = done and now == Path(before[_TO]), none and now == Path(before[_FROM])
        if order.postcondition:
            done = done and all(found[name].state is ProcessState.RUNNING for name in renewed)
        return _judged(order, done, unchanged=none)

    def _of(self, target: str) -> list[ProcessInfo]:
        """The processes of the groups that fit, or the one process of the name."""
        name, group = filled("{name}", target), filled(self._group, target)
        known = self._calls.processes()
        found = [process for process in known if fnmatchcase(process.group, group)]
        found = found or [process for process in known if name in (process.name, process.full_name)]
        if not found:
            groups = ", ".join(sorted({process.group for process in known}))
            raise PermanentError(f"supervisord has no group {group!r} or process {name!r}, but {groups or 'none'}")
        return found

    def _restart(self, target: str, names: Sequence[str], deadline: Deadline) -> None:
        deadline.check(f"restart {', '.join(names)}")
        self._stop_all(target, names, deadline)
        self._start_all(target, names, deadline)

    def _run_exactly(self, target: str, before: State, deadline: Deadline) -> str:
        wanted_names, was = set(before[_WANTED].split()), set(before[_WAS].split())
        more, fewer = sorted(wanted_names - was), sorted(was - wanted_names)
        self._start_all(target, more, deadline)
        self._stop_all(target, fewer, deadline)
        return f"started {', '.join(more) or 'none'}, stopped {', '.join(fewer) or 'none'}"

    def _start_all(self, target: str, names: Sequence[str], deadline: Deadline) -> None:
        deadline.check(f"start {', '.join(names)}")
        self._all(self._calls.start, names)
        self._wait(target, names, frozenset({ProcessState.RUNNING}), deadline=deadline)

    def _stop_all(self, target: str, names: Sequence[str], deadline: Deadline) -> None:
        deadline.check(f"stop {', '.join(names)}")
        self._all(self._calls.stop, names)
        self._wait(target, names, _DOWN, deadline=deadline)

    def _all(self, call: object, names: Sequence[str]) -> None:
        assert callable(call)
        for name in names:
            try:
                call(name)
            except AiopsError as error:
                raise TemporaryError(f"{name}: {error}") from error

    def _wait(self, target: str, names: Sequence[str], states: frozenset[ProcessState], *, deadline: Deadline) -> None:
        def reached() -> bool:
            try:
                found = {process.full_name: process.state for process in self._of(target)}
            except PermanentError as error:
                raise TemporaryError(str(error)) from error
            dead = [
                name for name in names if found.get(name) is ProcessState.FATAL and ProcessState.FATAL not in states
            ]
            if dead:
                raise TemporaryError(f"supervisord gave up starting {', '.join(dead)}: read its log")
            return all(found.get(name) in states for name in names)

        words = " or ".join(sorted(state.name for state in states))
        deadline.wait_for(reached, f"for {', '.join(names)} to be {words}")

    def _versions(self, action: Action, did: State | None) -> dict[str, str]:
        if did is not None and _LINK in did:
            return {_LINK: did[_LINK], _FROM: str(VersionLink(Path(did[_LINK])).present()), _TO: did[_FROM]}
        part = str(action.parameters.get("part", "release"))
        if part not in PARTS or not self._links.get(part):
            raise PermanentError(f"no {PARTS.get(part, 'option')} is set in acting.executors for the part {part!r}")
        link = VersionLink(Path(filled(self._links[part], action.target)))
        version = action.parameters.get("version")
        to = link.version(str(version)) if version else link.previous()
        return {_LINK: str(link.link), _FROM: str(link.present()), _TO: str(to)}


def _in_use(process: ProcessInfo, group: Sequence[ProcessInfo]) -> bool:
    """A stopped process is spare, unless the whole group is stopped."""
    spare = process.state is ProcessState.STOPPED
    return not spare or all(other.state is ProcessState.STOPPED for other in group)


def _identities(processes: Sequence[ProcessInfo]) -> dict[str, str]:
    return {f"{_PROCESS}{process.full_name}": f"{process.pid} {process.since}" for process in processes}


def _of_identities(before: State) -> dict[str, str]:
    return {name.removeprefix(_PROCESS): value for name, value in before.items() if name.startswith(_PROCESS)}


def _renewed(process: ProcessInfo, identity: str) -> bool:
    """Whether the process is another than before and was started: supervisord's clock may have jumped."""
    pid, start = identity.split()
    return process.pid not in (0, int(pid)) or (process.pid == 0 and process.since > int(start))


def _running(processes: Sequence[ProcessInfo], wanted_names: Sequence[str]) -> dict[str, str]:
    was = [process.full_name for process in processes if process.state in _UP]
    return {_WANTED: " ".join(sorted(wanted_names)), _WAS: " ".join(was)}


def _scaled(processes: Sequence[ProcessInfo], action: Action) -> list[str]:
    """The processes that should run: those that run first, then by name.

    Raises:
        PermanentError: the group has fewer processes than are wanted.
    """
    replicas = int(action.parameters.get("replicas", 0))
    if not 1 <= replicas <= len(processes):
        raise PermanentError(
            f"the group has {len(processes)} processes, and {replicas} are wanted: add spare ones with autostart=false"
        )
    first = sorted(processes, key=lambda process: (process.state not in _UP, process.name))
    return [process.full_name for process in first[:replicas]]


def _judged(order: StepOrder, done: bool, *, unchanged: bool) -> Observed:  # noqa: FBT001 - the first of two findings
    if done:
        return Observed.DONE
    return Observed.NOT_DONE if unchanged or order.postcondition else Observed.UNKNOWN
