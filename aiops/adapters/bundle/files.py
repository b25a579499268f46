"""Reads files of a bundle. An unreadable file is a ``Problem``, not an exception."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from remediations.windows import Problem


def contents(files: Iterable[Path], problems: list[Problem]) -> dict[str, bytes]:
    """Path to content of each file, in the given order. Unreadable files are added to ``problems``."""
    found: dict[str, bytes] = {}
    for file in files:
        try:
            found[str(file)] = file.read_bytes()
        except OSError as error:
            problems.append(Problem(str(file), 1, f"cannot be read: {error}"))
    return found


def texts(files: Iterable[Path], problems: list[Problem]) -> dict[str, str]:
    """As ``contents``, decoded; a file that is not UTF-8 is a problem."""
    found: dict[str, str] = {}
    for path, content in contents(files, problems).items():
        try:
            found[path] = content.decode()
        except UnicodeDecodeError as error:
            problems.append(Problem(path, 1, f"cannot be read: {error}"))
    return found
