"""What `aiops range judge` does: reads what was measured of an estate, and says what must never happen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from aiops.adapters.atomic_files import replace_file
from aiops.adapters.ledger_report import difference
from aiops.apps.range.estate import Estate
from aiops.model.durations import SECOND
from aiops.model.errors import PermanentError
from aiops.ports import JournalReader
from aiops.settings import Settings
from simulations.range.faults import truth
from simulations.range.score import requests
from simulations.range.score.evidence import of_journal
from simulations.range.score.grades import Measured, RunGrade
from simulations.range.score.page import page
from simulations.range.score.table import as_json

JSON_FILE: Final = "score.json"
PAGE_FILE: Final = "score.html"


class Violation(StrEnum):
    """What must never happen."""

    UNORDERED = "an effect was reported that the journal did not order"
    SHADOW = "an action was done in shadow mode"
    LOST = "the ledger has a difference: input was lost or counted twice"


def measured(estate: Estate, reader: JournalReader, domain: str, *, history: float) -> Measured:
    """All that a run is graded by.

    Args:
        estate: it may run or not, and its folder must be there.
        reader: of the runtime's journal.
        domain: of the runtime.
        history: seconds from the first request on that are not graded.

    Raises:
        PermanentError: users asked nothing yet, or a file of the estate is broken.
    """
    asked = requests.read(_text(estate.folder.load))
    if not len(asked.at):
        raise PermanentError(f"{estate.folder.load} has no requests: without users nothing can be graded")
    since, until = int(asked.at[0]) + round(history * SECOND), int(asked.at[-1]) + 1
    if since >= until:
        raise PermanentError(f"--history leaves nothing: users asked for {(until - int(asked.at[0])) / SECOND:.0f} s")
    faults, ends = truth.read(_text(estate.folder.truth))
    return Measured(
        since=since,
        until=until,
        faults=[fault for fault in faults if since <= fault.onset < until],
        ends=ends,
        requests=asked,
        evidence=of_journal(reader, domain),
        control_alerts=None,
    )


def violations(run: Measured, settings: Settings, status: Mapping[str, Any] | None) -> list[Violation]:
    """What must never happen and did.

    Args:
        run: what was measured.
        settings: of the runtime.
        status: the runtime's newest status; None: there is none, and the ledger is not looked at.
    """
    wrong = {
        Violation.UNORDERED: bool(run.evidence.unordered),
        Violation.SHADOW: settings.control.shadow and bool(run.evidence.actions),
        Violation.LOST: status is not None and difference(settings, status) != 0,
    }
    return [violation for violation, happened in wrong.items() if happened]


def as_document(graded: RunGrade, wrong: list[Violation]) -> dict[str, Any]:
    """All figures and violations as JSON values."""
    return {**as_json(graded), "violations": wrong}


def write(folder: Path, title: str, *, run: Measured, graded: RunGrade, wrong: list[Violation]) -> None:
    """Write ``score.json`` and ``score.html``."""
    replace_file(folder / JSON_FILE, [json.dumps(as_document(graded, wrong), indent=2).encode() + b"\n"])
    replace_file(folder / PAGE_FILE, [page(title, run, graded).encode()])


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""
