"""Old names of settings from version 0.1.0. They work for one more release, with a warning that names the new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiops.model.errors import PermanentError

RENAMED: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    ("binder",): ("bundle",),
    ("data", "late_seconds"): ("data", "allowed_lateness_seconds"),
    ("data", "well_seconds"): ("data", "clear_seconds"),
    ("control", "confident"): ("control", "least_probability"),
}
"""Old path of a setting to its new path in the same group."""
LAST_RELEASE: Final = "0.2"
"""The last release that accepts old names."""


def with_new_names(values: Mapping[str, Any], source: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The settings under their new names, and a warning for each old name that was used.

    Args:
        values: nested settings from a file or the environment.
        source: the file, or ``environment``.

    Raises:
        PermanentError: a setting is given under both names.
    """
    found: dict[str, Any] = dict(values)
    warnings = []
    for old, new in RENAMED.items():
        group = found
        for part in old[:-1]:
            below = group.get(part)
            if not isinstance(below, dict):
                break
            group[part] = group = dict(below)
        else:
            if old[-1] not in group:
                continue
            before, after = ".".join(old), ".".join(new)
            if new[-1] in group:
                raise PermanentError(f"{source}: {after}: is given twice, also as {before}; remove {before}")
            group[new[-1]] = group.pop(old[-1])
            warnings.append(f"{source}: {before} was renamed to {after}; the old name works up to {LAST_RELEASE}")
    return found, tuple(warnings)
