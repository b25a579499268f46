"""The table of extensions: every built-in and every plug-in by kind and name, and the only loader of both.

A plug-in is an entry point of an installed package: the group is the kind, the name is the name, the value is
``module:attribute``. ``aiops.adapters.plugins`` reads the entry points of this machine; this module validates them.
An extension is imported at its first use. An unused plug-in costs no start-up time. A plug-in that cannot be imported
raises ``PermanentError`` in the code that loads it and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, Final

from aiops.model.errors import PermanentError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,59}")
"""Allowed names. Names appear in settings, policies, URLs and file names."""


class ExtensionKind(StrEnum):
    """What can be extended. The value is the entry points' group."""

    DETECTOR = "aiops.detectors"
    """A class made without arguments: ``detectors.protocol.Detector``."""
    VIEW = "aiops.views"
    """A module: ``detectors.views.protocol.View``."""
    RANKER = "aiops.rankers"
    """A class made without arguments: ``topology.rankers.protocol.Ranker``."""
    PRIMITIVE = "aiops.primitives"
    """A class made without arguments: ``remediations.primitives.protocol.Primitive``."""
    EXECUTOR = "aiops.executors"
    """A function of options and clock that makes an ``aiops.ports.Executor``."""
    NOTIFIER = "aiops.notifiers"
    """A function of URL and clock that makes an ``aiops.ports.Notifier``; the name is the URL's scheme."""
    FORMAT = "aiops.formats"
    """A value: ``detectors.wire.formats.Format``."""
    RECORDING = "aiops.recordings"
    """A function of source and target folder that writes an ``aiops.recordings`` folder."""

    @property
    def word(self) -> str:
        """The kind in a sentence: ``detector``."""
        return self.name.lower()


BUILT_IN: Final[Mapping[ExtensionKind, Mapping[str, str]]] = {
    ExtensionKind.DETECTOR: {
        "bank": "detectors.single:BankDetector",
        "half-space-trees": "detectors.half_space:HalfSpaceDetector",
    },
    ExtensionKind.VIEW: {
        # further views; the views of every bank share their state and are in detectors.bank.judging
    },
    ExtensionKind.RANKER: {
        "walk": "topology.rankers.walk:WalkRanker",
        "weighed": "topology.rankers.weighed:WeighedRanker",
        "random": "topology.rankers.controls:RandomRanker",
        "earliest": "topology.rankers.controls:EarliestRanker",
        "severest": "topology.rankers.controls:SeverestRanker",
    },
    ExtensionKind.PRIMITIVE: {
        "restart": "remediations.primitives.restart:Restart",
        "scale": "remediations.primitives.scale:Scale",
        "roll-back": "remediations.primitives.roll_back:RollBack",
        "shed-load": "remediations.primitives.shed_load:ShedLoad",
        "fail-over": "remediations.primitives.fail_over:FailOver",
        "clear-cache": "remediations.primitives.clear_cache:ClearCache",
        "stop": "remediations.primitives.stop:Stop",
        "drain": "remediations.primitives.drain:Drain",
        "limit-load": "remediations.primitives.limit_load:LimitLoad",
        "end-blocker": "remediations.primitives.end_blocker:EndBlocker",
        "cancel-query": "remediations.primitives.cancel_query:CancelQuery",
        "set-aside": "remediations.primitives.set_aside:SetAside",
    },
    ExtensionKind.EXECUTOR: {
        "http": "aiops.adapters.executors.http:from_options",
        "script": "aiops.adapters.executors.script:from_options",
        "supervisord": "aiops.adapters.executors.supervisord:from_options",
        "haproxy": "aiops.adapters.executors.haproxy:from_options",
        "postgresql": "aiops.adapters.executors.postgresql:from_options",
        "rabbitmq": "aiops.adapters.executors.rabbitmq:from_options",
    },
    ExtensionKind.NOTIFIER: {
        "console": "aiops.adapters.paging.plain_notifiers:console",
        "file": "aiops.adapters.paging.plain_notifiers:file",
    },
    ExtensionKind.FORMAT: {
        "otlp-metrics": "detectors.wire.formats:OTLP_METRICS",
        "otlp-logs": "detectors.wire.formats:OTLP_LOGS",
        "otlp-spans": "detectors.wire.formats:OTLP_SPANS",
        "arrow-metrics": "detectors.wire.formats:ARROW_METRICS",
    },
    ExtensionKind.RECORDING: {
        "nezha": "aiops.recordings.nezha:convert",
        "petshop": "aiops.recordings.petshop:convert_issue",
    },
}
"""Name to ``module:attribute``, by kind, of all built-ins. A new built-in is one line here."""
RESERVED: Final[Mapping[ExtensionKind, frozenset[str]]] = {
    ExtensionKind.EXECUTOR: frozenset({"none"}),
    ExtensionKind.VIEW: frozenset(
        {"none", "deviation", "range", "shift", "time-of-day", "forecast", "silence", "model"}
    ),
}
"""Names with a fixed meaning that no plug-in may use."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One entry of the table: a name and the object that it refers to."""

    kind: ExtensionKind
    name: str
    place: str
    """``module:attribute``, or a module."""
    package: str = ""
    """Distribution that provides it; empty: built in."""
    version: str = ""

    @property
    def origin(self) -> str:
        """``package version``, or ``built in``."""
        return f"{self.package} {self.version}".strip() or "built in"

    def load(self) -> Any:
        """The object behind the name.

        Raises:
            PermanentError: it cannot be imported; the message names package, place and exception.
        """
        module, _, attribute = self.place.partition(":")
        try:
            found = import_module(module)
            return getattr(found, attribute) if attribute else found
        except Exception as error:
            raise PermanentError(_unloadable(self, error)) from error


@dataclass(frozen=True, slots=True)
class PluginFault:
    """An extension that cannot be used, and the reason."""

    extension: Extension
    why: str


@dataclass(frozen=True)
class Plugins:
    """All extensions of this process. Immutable; passed to the code that loads extensions."""

    extensions: Mapping[ExtensionKind, Mapping[str, Extension]]
    faults: tuple[PluginFault, ...] = ()
    """Rejected entry points: a built-in's name, a name that two packages provide, or an invalid name."""

    @classmethod
    def of(cls, points: Iterable[Extension] = ()) -> Plugins:
        """The table of the built-ins and ``points``. The order of ``points`` does not matter."""
        table = {
            kind: {name: Extension(kind, name, place) for name, place in BUILT_IN[kind].items()}
            for kind in ExtensionKind
        }
        given: dict[tuple[ExtensionKind, str], list[Extension]] = {}
        for point in sorted(set(points), key=lambda one: (one.kind, one.name, one.package, one.place)):
            given.setdefault((point.kind, point.name), []).append(point)
        faults: list[PluginFault] = []
        for (kind, name), same in given.items():
            why = _refusal(kind, name, same)
            if why:
                faults += [PluginFault(one, why) for one in same]
            else:
                table[kind][name] = same[0]
        return cls(table, tuple(faults))

    def names(self, kind: ExtensionKind) -> tuple[str, ...]:
        """Known names of a kind, sorted."""
        return tuple(sorted(self.extensions[kind]))

    def find(self, kind: ExtensionKind, name: str) -> Extension:
        """The entry of a name.

        Raises:
            PermanentError: no extension has this name; the message lists the known names.
        """
        found = self.extensions[kind].get(name)
        if found is None:
            refused = "".join(f"; {f.extension.origin} provides it, but {f.why}" for f in self._refused(kind, name))
            known = ", ".join(self.names(kind)) or "none"
            raise PermanentError(f"no {kind.word} is named {name!r}; known are {known}{refused}")
        return found

    def load(self, kind: ExtensionKind, name: str) -> Any:
        """The object behind a name; ``PermanentError`` as ``find`` and ``Extension.load`` raise it."""
        return self.find(kind, name).load()

    def make(self, kind: ExtensionKind, name: str, *arguments: Any) -> Any:
        """Call the class or function behind a name with ``arguments`` and return the result.

        Raises:
            PermanentError: as ``load``; or the call failed, and the message names package and exception.
        """
        found = self.find(kind, name)
        maker = found.load()
        try:
            return maker(*arguments)
        except PermanentError:
            raise
        except Exception as error:
            raise PermanentError(_unloadable(found, error)) from error

    def make_all(self, kind: ExtensionKind) -> tuple[dict[str, Any], tuple[PluginFault, ...]]:
        """One instance per name of a kind, and the faults of those that cannot be made."""
        made: dict[str, Any] = {}
        faults: list[PluginFault] = []
        for name in self.names(kind):
            try:
                made[name] = self.make(kind, name)
            except PermanentError as error:
                faults.append(PluginFault(self.extensions[kind][name], str(error)))
        return made, tuple(faults)

    def plugged(self) -> tuple[Extension, ...]:
        """Extensions of other packages, by kind and name."""
        found = (self.extensions[kind][name] for kind in ExtensionKind for name in self.names(kind))
        return tuple(one for one in found if one.package)

    def _refused(self, kind: ExtensionKind, name: str) -> list[PluginFault]:
        return [fault for fault in self.faults if (fault.extension.kind, fault.extension.name) == (kind, name)]


def _refusal(kind: ExtensionKind, name: str, same: list[Extension]) -> str:
    """Why entry points of one kind and name are rejected; empty: they are accepted."""
    if not _NAME.fullmatch(name):
        return "a name has lower-case letters, digits, dots, dashes and plus signs, at most 60: rename the entry point"
    if name in BUILT_IN[kind] or name in RESERVED.get(kind, ()):
        return f"{name!r} is the name of a built-in {kind.word}: rename the entry point"
    if len(same) > 1:
        return f"{' and '.join(one.origin for one in same)} provide this name: uninstall one of them"
    return ""


def _unloadable(found: Extension, error: Exception) -> str:
    cause = f"{type(error).__name__}: {error}"
    remedy = f"fix or uninstall {found.package}" if found.package else "the installation is broken: reinstall it"
    return f"{found.kind.word} {found.name!r} of {found.origin} cannot be loaded from {found.place}: {cause}; {remedy}"


BUILT_INS: Final = Plugins.of()
"""The table of built-ins alone."""
