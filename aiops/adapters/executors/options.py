"""Options of an executor, as ``acting.executors`` gives them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from aiops.model.entity_names import last_part
from aiops.model.errors import PermanentError

_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}")
"""What may become part of a path or a command. Names of targets come from telemetry and may be hostile."""


def wanted(options: Mapping[str, str], name: str) -> str:
    """A required option; ``PermanentError`` if it is missing."""
    if name not in options:
        raise PermanentError(f"{name} is missing")
    return options[name]


def check_known(options: Mapping[str, str], known: Collection[str]) -> None:
    """``PermanentError`` if there is an option that the executor does not have; ``kind`` is one of every executor."""
    unknown = sorted(options.keys() - set(known) - {"kind"})
    if unknown:
        raise PermanentError(f"no option {', '.join(unknown)}; known: {', '.join(sorted(known))}")


def template(options: Mapping[str, str], name: str, default: str) -> str:
    """An option that says how something is called for a target; ``PermanentError`` if ``{name}`` is not in it."""
    found = options.get(name, default)
    if found and "{name}" not in found:
        raise PermanentError(f"{name} is {found!r}: it must contain {{name}}, which stands for the target")
    return found


def filled(pattern: str, target: str) -> str:
    """A template for a target: the last part of the target's name takes the place of ``{name}``.

    Raises:
        PermanentError: the name has characters that do not belong into a path or a command.
    """
    name = last_part(target)
    if not _PLAIN.fullmatch(name):
        raise PermanentError(f"{name!r} has other characters than letters, digits, dots, dashes and underscores")
    return pattern.replace("{name}", name)


def secret(options: Mapping[str, str], name: str) -> str | None:
    """The content of the file that an option names, without the last line break; None: the option is not set.

    Raises:
        PermanentError: the file cannot be read.
    """
    if name not in options:
        return None
    file = Path(options[name]).expanduser()
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"{name}: {file} cannot be read: {error}") from error
