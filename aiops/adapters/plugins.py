"""The plug-ins of this machine: the entry points of the installed packages."""

from __future__ import annotations

import hashlib
from importlib.metadata import entry_points

from aiops.plugins import Extension, ExtensionKind, Plugins


def installed() -> Plugins:
    """The table of everything that is installed here. Reads the metadata of all packages: ask once a process."""
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
    """Id of the plug-ins: it changes when one is added, removed or upgraded. Hex, 16 characters."""
    lines = [f"{one.kind} {one.name} {one.place} {one.origin}" for one in plugins.plugged()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
