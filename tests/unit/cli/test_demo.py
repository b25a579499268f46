"""What `aiops demo` shows and asks, without anything running."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from aiops.cli.demo import _View
from aiops.model.incidents import Incident, IncidentState, Line
from aiops.model.prose import Prose

ASKED = "asks for one-approver to roll-back pay: one person agrees [one-approver]"


@dataclass
class Told:
    """A demonstration in which nothing happens."""

    found: list[Incident] = field(default_factory=list)

    def incidents(self) -> list[Incident]:
        """What it was made with."""
        return self.found


def incident() -> Incident:
    """One whose plan waits."""
    return Incident(
        id="INC-2",
        state=IncidentState.AWAITING_APPROVAL,
        opened_at=0,
        updated_at=0,
        onset=0,
        entities=("pay",),
        open_entities=("pay",),
        episodes=(),
        story=(Line(0, "oversight", Prose(ASKED), "INC-2-p1"),),
    )


@pytest.mark.parametrize(("typed", "answer"), [("y\n", True), ("n\n", False), ("\n", None)])
def test_a_person_is_asked_with_all_that_the_plan_would_do(
    monkeypatch: pytest.MonkeyPatch, *, typed: str, answer: bool | None
) -> None:
    """Brackets of rules and choices are shown as they are; an empty line leaves it to the demonstration."""
    read, write = os.pipe()
    os.write(write, typed.encode())
    monkeypatch.setattr("sys.stdin", os.fdopen(read))
    console = Console(file=io.StringIO(), width=120)
    view = _View(console, Told(), alone=False)  # type: ignore[arg-type]
    assert view.ask(incident()) is answer
    os.close(write)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert ASKED in text
    assert "approve? [y/n]" in text


def test_nobody_is_asked_where_nobody_is() -> None:
    """Alone it answers by itself."""
    view = _View(Console(file=io.StringIO()), Told(), alone=True)  # type: ignore[arg-type]
    assert view.ask(incident()) is None


def test_each_line_of_a_story_is_printed_once_without_a_terminal() -> None:
    """Plain lines, for logs."""
    console = Console(file=io.StringIO(), width=200)
    view = _View(console, Told([incident()]), alone=True)  # type: ignore[arg-type]
    view.refresh()
    view.refresh()
    assert console.file.getvalue().count(ASKED) == 1  # type: ignore[attr-defined]
