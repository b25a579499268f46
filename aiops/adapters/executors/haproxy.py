"""Acts through the runtime API of HAProxy: drain a server or lower its weight, limit connections, refuse a share.

``shed-load`` writes the share into a map, which the configuration must apply::

    backend cart
        http-request set-var(txn.shed) str(cart),map_str_int(/etc/haproxy/shed.map,0)
        http-request deny deny_status 503 if { rand(100),sub(txn.shed) lt 0 }
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from aiops.adapters.executors.haproxy_socket import HaproxySocket, ServerRow
from aiops.adapters.executors.key_ledger import KeyLedger
from aiops.adapters.executors.keyed import Deadline, KeyedExecutor, State
from aiops.adapters.executors.options import check_known, filled, template, wanted
from aiops.model.errors import AiopsError, PermanentError, TemporaryError
from aiops.model.plans import Action, Observed, StepDirection, StepOrder
from aiops.ports import Clock

_OPTIONS: Final = ("url", "keys", "backend", "shed_map")
_ALL: Final = "everything"
"""Setting of a whole HAProxy in the state before, beside those of single servers."""
_SEPARATOR: Final = " -> "


def from_options(options: Mapping[str, str], clock: Clock) -> KeyedExecutor:
    """The executor of ``kind: haproxy``: ``url`` and ``keys``; optional ``backend`` (``{name}``) and ``shed_map``."""
    check_known(options, _OPTIONS)
    calls = HaproxySocket(wanted(options, "url"))
    way = HaproxyWay(calls, template(options, "backend", "{name}"), options.get("shed_map", ""))
    return KeyedExecutor(way, KeyLedger(Path(wanted(options, "keys")).expanduser()), clock)


class HaproxyWay:
    """``Way`` through the runtime API. The state before is ``setting: old -> new`` of every setting that changes.

    Args:
        calls: the socket.
        backend: HAProxy's backend for a target, with ``{name}`` for the last part of the target's name.
        shed_map: path of the map that the configuration applies; empty: load cannot be shed.
    """

    def __init__(self, calls: HaproxySocket, backend: str = "{name}", shed_map: str = "") -> None:
        self._calls, self._backend, self._shed_map = calls, backend, shed_map

    def before(self, order: StepOrder, did: State | None) -> State:
        """Present and wanted value of each setting."""
        if did is not None:
            return {setting: self._change(setting, _ends(change)[0]) for setting, change in did.items()}
        action = order.capability.action
        undo = order.capability.direction is StepDirection.UNDO
        match action.primitive:
            case "drain":
                return self._drain(action)
            case "limit-load":
                return self._limit(action) if not undo else {}
            case "shed-load":
                return self._shed(action)
        raise PermanentError(f"HAProxy cannot {action.primitive}: it can drain, limit-load and shed-load")

    def act(self, order: StepOrder, before: State, deadline: Deadline) -> str:
        """Change each setting to its wanted value."""
        del order
        for setting, change in before.items():
            deadline.check(f"set {setting}")
            try:
                self._set(setting, _ends(change)[1])
            except AiopsError as error:
                raise TemporaryError(f"{setting}: {error}") from error
        return "; ".join(f"{setting}: {change}" for setting, change in before.items())

    def seen(self, order: StepOrder, before: State) -> Observed:
        """Done if every setting has its new value, not done if every one has its old value."""
        ends = {setting: _ends(change) for setting, change in before.items()}
        present = {setting: self._present(setting) for setting in ends}
        if all(present[setting] == new for setting, (_, new) in ends.items()):
            return Observed.DONE
        unchanged = all(present[setting] == old for setting, (old, _) in ends.items())
        return Observed.NOT_DONE if unchanged or order.postcondition else Observed.UNKNOWN

    def _drain(self, action: Action) -> dict[str, str]:
        """Weight in percent of its usual one for each server that is meant; 0 drains it."""
        percent = round(100 * float(action.parameters.get("keep", 0.0)))
        servers = self._servers(action)
        others = [row for row in self._calls.servers(servers[0].backend) if row not in servers]
        if percent == 0 and not any(row.status.startswith(("UP", "no check")) and row.weight for row in others):
            raise PermanentError(f"no other server of {servers[0].backend} would take the requests")
        return {name: self._change(name, str(percent)) for name in (f"weight {_name(row)}" for row in servers)}

    def _limit(self, action: Action) -> dict[str, str]:
        found: dict[str, str] = {}
        if "connections" in action.parameters:
            number = str(int(action.parameters["connections"]))
            found |= {name: self._change(name, number) for name in map(_limited, self._servers(action))}
        if "rate" in action.parameters:
            name = f"rate {_ALL}"
            found[name] = self._change(name, str(int(action.parameters["rate"])))
        return found

    def _shed(self, action: Action) -> dict[str, str]:
        if not self._shed_map:
            raise PermanentError("shed_map is not set in acting.executors, so no load can be shed")
        backend = filled(self._backend, action.target)
        if not self._calls.servers(backend):
            raise self._unknown(backend)
        name = f"shed {backend}"
        return {name: self._change(name, str(round(100 * float(action.parameters.get("share", 0.0)))))}

    def _servers(self, action: Action) -> list[ServerRow]:
        """Servers of the target: a backend, one server of it (``instance``), or a server of any backend."""
        name = filled(self._backend, action.target)
        known = self._calls.servers()
        found = [row for row in known if row.backend == name]
        wanted_name = str(action.parameters.get("instance", "")) if found else name
        found = [row for row in found or known if wanted_name in ("", row.name)]
        if not found:
            raise self._unknown(wanted_name or name)
        return found

    def _unknown(self, name: str) -> PermanentError:
        known = ", ".join(sorted({row.backend for row in self._calls.servers()}))
        return PermanentError(f"HAProxy has no backend or server {name!r}; its backends are {known or 'none'}")

    def _change(self, setting: str, to: str) -> str:
        return f"{self._present(setting)}{_SEPARATOR}{to}"

    def _present(self, setting: str) -> str:
        what, _, name = setting.partition(" ")
        match what:
            case "weight":
                return self._weight(name)
            case "connections":
                return str(self._row(name).most_connections)
            case "rate":
                return str(self._calls.session_rate_limit())
        return self._calls.map_value(self._shed_map, name) or "0"

    def _weight(self, name: str) -> str:
        backend, _, server = name.partition("/")
        row = self._row(name)
        return "0" if row.status == "DRAIN" else str(round(self._calls.weight_percent(backend, server)))

    def _row(self, name: str) -> ServerRow:
        backend, _, server = name.partition("/")
        row = next((row for row in self._calls.servers(backend) if row.name == server), None)
        if row is None:
            raise PermanentError(f"HAProxy has no server {name} any more")
        return row

    def _set(self, setting: str, value: str) -> None:
        what, _, name = setting.partition(" ")
        match what:
            case "weight":
                self._calls.order(f"set server {name} weight {value}%")
            case "connections":
                self._calls.order(f"set maxconn server {name} {value}")
            case "rate":
                self._calls.order(f"set rate-limit sessions global {value}")
            case _:
                known = self._calls.map_value(self._shed_map, name) is not None
                self._calls.order(f"{'set' if known else 'add'} map {self._shed_map} {name} {value}")


def _name(row: ServerRow) -> str:
    return f"{row.backend}/{row.name}"


def _limited(row: ServerRow) -> str:
    return f"connections {_name(row)}"


def _ends(change: str) -> Sequence[str]:
    """Old and new value of a change."""
    return change.split(_SEPARATOR)
