from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aiops.adapters.journal.reader import SqlJournalReader
from aiops.cli.exits import Exit
from aiops.cli.incidents import run, text
from aiops.console.stories import story
from aiops.model.diagnoses import Diagnosis, Evidence, Hypothesis, Impact
from aiops.model.incidents import Incident, IncidentState, Line, Priority
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from aiops.ports import ORCHESTRATOR
from tests.unit.cli.commands import INCIDENT, NOW, call, journal_of

S = 1_000_000_000
EVIDENCE = Evidence("cart@1", True, Prose("cart: errors up"), "metric", NOW, NOW, 2.0)
FOUND = Diagnosis(
    "INC-1", 1, NOW, NOW, (Hypothesis("cart", 0.8, "crash", (EVIDENCE,)),), 0.15, 0.05,
    (Impact("shop", Prose("at risk: shop → cart"), 100.0, business_service=True),), (),
    unknown=False,
)  # fmt: skip
CLOSED = replace(
    INCIDENT, id="INC-0", state=IncidentState.RESOLVED, outcome=IncidentOutcome(OutcomeKind.HEALED),
    opened_at=NOW, closed_at=NOW + 90 * S,
    open_entities=(),
)  # fmt: skip


def rows(out: str) -> list[list[str]]:
    """Cells of the table's rows below its head, split at two spaces."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in out.splitlines()[1:]]


def test_nothing_open_is_said(state: Path) -> None:
    """As a sentence and as an empty list."""
    journal_of(state)
    assert (call(run).out, call(run, "--json").json) == ("no incident is open\n", [])


def test_the_most_urgent_comes_first(state: Path) -> None:
    """P1 before P3, with what is known of each."""
    urgent = replace(INCIDENT, id="INC-2", priority=Priority.P1, diagnosis=FOUND, members_total=70)
    told = replace(
        INCIDENT, story=(Line(NOW, "triage", Prose("opened")), Line(NOW, "analysis", Prose("cause unknown")))
    )
    journal_of(state, told, urgent)
    first, second = rows(call(run).out)
    assert (first[0], first[1], first[4], first[5]) == ("INC-2", "P1", "cart", "70")
    assert (second[0], second[4], second[5], second[6]) == ("INC-1", "unknown", "1", "cause unknown")
    assert [one["id"] for one in call(run, "--json").json] == ["INC-2", "INC-1"]


def test_what_is_over_is_listed_when_asked(state: Path) -> None:
    """With its outcome and how long it took, not how long ago it was."""
    journal_of(state, INCIDENT, closed=(CLOSED,))
    assert "INC-0" not in call(run).out
    (closed,) = [row for row in rows(call(run, "--all").out) if row[0] == "INC-0"]
    assert (closed[2], closed[3], closed[-1]) == ("resolved", "1 min 30 s", "healed")


def test_a_story_names_cause_evidence_and_impact(state: Path) -> None:
    """Owner, members, timeline, ranked causes and what they cost, each in its part."""
    one = replace(
        INCIDENT, diagnosis=FOUND, owner="team-store", story=(Line(NOW, "analysis", Prose("cart is the cause")),)
    )
    journal_of(state, one)
    lines = call(run, "INC-1").out.splitlines()
    assert lines[0] == "INC-1  P3  open"
    assert lines[1] == "  opened 2023-11-14 22:13:20 UTC, anomalous since 2023-11-14 22:13:20"
    assert lines[2] == "  owner team-store; 1 items: cart"
    parts = [line for line in lines if line and not line.startswith(" ")]
    assert parts[1:] == ["timeline", "probable causes", "impact"]
    assert "  2023-11-14 22:13:20  analysis      cart is the cause" in lines
    assert any("cart" in line and "80%" in line for line in lines)
    assert any("cart: errors up" in line for line in lines)
    assert any("shop" in line and "100" in line for line in lines)


def test_a_closed_story_says_how_it_ended(state: Path) -> None:
    """Read from the archive, with outcome and duration."""
    journal_of(state, closed=(CLOSED,))
    lines = call(run, "INC-0").out.splitlines()
    assert lines[0] == "INC-0  P3  resolved: healed"
    assert lines[1].endswith("closed 2023-11-14 22:14:50 after 1 min 30 s")
    assert lines[2] == "  owner none; 1 items: cart"
    assert call(run, "INC-0", "--json").json["incident"]["outcome"] == "healed"


def test_what_a_terminal_obeys_is_taken_out(state: Path) -> None:
    """Names and sentences come from outside."""
    bad = "cart\x1b[31m\x07"
    hostile = replace(
        INCIDENT,
        entities=(bad,),
        owner=bad,
        outcome=IncidentOutcome(OutcomeKind.CLOSED_BY_PERSON, Prose(bad)),
        story=(Line(NOW, bad, Prose(bad)),),
        diagnosis=FOUND,
    )
    sql = journal_of(state, hostile)
    told = story(SqlJournalReader(sql.engine), "INC-1", "main")
    assert told is not None
    for out in (call(run).out, call(run, "INC-1").out, "\n".join(text(told))):
        assert "\x1b" not in out
        assert "\x07" not in out


@pytest.mark.parametrize("words", [("INC-9",), ("INC-9", "--json"), ("",), ("'; DROP TABLE document; --",)])
def test_an_incident_that_is_none_is_exit_code_one(state: Path, words: tuple[str, ...]) -> None:
    """Said on the error stream, with the command that lists them; nothing is on the output."""
    journal_of(state, INCIDENT)
    ended = call(run, *words)
    assert (ended.code, ended.out) == (Exit.NO, "")
    assert "there is no incident" in ended.err


def test_other_domains_are_not_shown(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant sees its own incidents."""
    sql = journal_of(state, INCIDENT)
    assert sql.epoch(ORCHESTRATOR) == 1
    monkeypatch.setenv("AIOPS_DOMAIN", "shop")
    assert call(run).out == "no incident is open\n"
    assert call(run, "INC-1").code == Exit.NO


def test_many_members_are_counted(state: Path) -> None:
    """Eight names and the number of all."""
    many: Incident = replace(INCIDENT, entities=tuple(f"e{n}" for n in range(64)), members_total=900)
    journal_of(state, many)
    assert "  owner none; 900 items: e0, e1, e2, e3, e4, e5, e6, e7" in call(run, "INC-1").out.splitlines()
