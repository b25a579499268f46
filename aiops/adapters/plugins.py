"""The plug-ins of this machine: the entry points of the installed packages."""

from __future__ import annotations

import hashlib
from importlib.metadata import entry_points

from aiops.plugins import Extension, ExtensionKind, Plugins


def installed() -> Plugins:
    """The table of built-ins and installed plug-ins. Reads the metadata of all packages: call once per process."""
    return Plugins.of(
        Extension(
            kind,
            point.name,
            point.value,
            point.dist.name if point.dist else "a package without metadata",
            point.dist.version if point.dist else "",
        )
        for kind in ExtensionKind
        for point in entry_points(group=kind.value)
    )


def fingerprint(plugins: Plugins) -> str:
    """Id of the set of plug-ins, 16 hex characters. Changes if one is added, removed or upgraded."""
    lines = [f"{one.kind} {one.name} {one.place} {one.origin}" for one in plugins.plugged()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
