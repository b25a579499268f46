"""Findings of ``aiops doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One line of the report."""

    level: Level
    about: str
    """``bundle``, ``kafka`` …"""
    what: str
    do: str = ""
    """What a person should do about it."""
