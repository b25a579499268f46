"""The demonstration's judgement: which incident is an act's, when it has ended as expected, and who answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.status_file import write_status
from aiops.apps.demo import Demonstration, Played
from aiops.apps.demo_setup import Act, demonstration_settings
from aiops.console.access import Access, kept_token
from aiops.console.app import make_app
from aiops.console.server import ConsoleServer
from aiops.model.errors import TemporaryError
from aiops.model.incidents import Incident, IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from tests.unit.cli.commands import INCIDENT, NOW, journal_of
from tests.unit.console.estate import parts_over, waiting
from tests.unit.console.samples import diagnosis

HEALED = IncidentOutcome(OutcomeKind.HEALED)


def never(*_: object) -> NoReturn:
    """A runtime that no test here may make."""
    raise AssertionError("nothing is started here")


def act(ending: str = "healed", root: str = "cart") -> Act:
    """A crash of an item."""
    return Act("it dies", "crash", {}, (root,), ending, 60.0)


def incident(name: str = "INC-1", state: IncidentState = IncidentState.OPEN, **fields: Any) -> Incident:
    """An incident of the cart."""
    return replace(INCIDENT, id=name, state=state, **fields)


def demonstration(folder: Path, *incidents: Incident, closed: tuple[Incident, ...] = ()) -> Demonstration:
    """One whose runtime left this journal."""
    made = Demonstration(folder, never, never, never)
    made.settings = demonstration_settings(folder, "http://127.0.0.1:1/actions")
    made.reader = SqlJournalReader(journal_of(folder, *incidents, closed=closed).engine)
    return made


def observed(made: Demonstration, what: Act, at: int = NOW) -> Played:
    """An act that was begun at a time, looked at once."""
    played = Played(what, at, 0)
    made._observe(played, never)
    return played


# ---------------------------------------------------------------------------------------------- which incident is it


def test_an_incident_from_before_the_act_is_not_its_own(tmp_path: Path) -> None:
    """The history may hold some."""
    made = demonstration(tmp_path, incident(opened_at=NOW - 1))
    assert observed(made, act()).incident is None


def test_an_incident_of_another_item_is_not_its_own(tmp_path: Path) -> None:
    """Two acts may overlap."""
    assert observed(demonstration(tmp_path, incident()), act("healed", "orders-db")).incident is None


def test_the_cause_counts_more_than_the_members(tmp_path: Path) -> None:
    """An incident of the cart that is thought to come from the payment is the payment's."""
    made = demonstration(tmp_path, incident(diagnosis=diagnosis()))
    assert observed(made, act("healed", "cart")).incident is None
    found = observed(made, act("healed", "shop/pay")).incident
    assert found is not None
    assert found.id == "INC-1"


def test_a_merged_incident_is_the_one_it_is_part_of(tmp_path: Path) -> None:
    """Also when that one was opened before the act."""
    kept = incident("INC-1", opened_at=NOW - 5)
    gone = incident("INC-2", IncidentState.MERGED, merged_into="INC-1")
    found = observed(demonstration(tmp_path, kept, closed=(gone,)), act()).incident
    assert found is not None
    assert found.id == "INC-1"


def test_the_newest_of_several_counts(tmp_path: Path) -> None:
    """It came back as another one."""
    made = demonstration(tmp_path, incident("INC-1"), incident("INC-2", opened_at=NOW + 9))
    assert [one.id for one in made.incidents()] == ["INC-1", "INC-2"]
    found = observed(made, act()).incident
    assert found is not None
    assert found.id == "INC-2"


# ------------------------------------------------------------------------------------------------- how does it end


@pytest.mark.parametrize(
    ("ending", "state", "kind", "closed"),
    [
        ("escalated", IncidentState.ESCALATED, OutcomeKind.HANDED_OVER, True),
        ("escalated", IncidentState.RESOLVED, OutcomeKind.HEALED, False),
        ("healed", IncidentState.RESOLVED, OutcomeKind.HEALED, True),
        ("healed", IncidentState.RESOLVED, OutcomeKind.CLEARED, False),
        ("healed", IncidentState.VERIFYING, None, False),
        ("healed", IncidentState.ESCALATED, OutcomeKind.HANDED_OVER, False),
        ("approved", IncidentState.RESOLVED, OutcomeKind.HEALED, False),
    ],
)
def test_an_act_has_ended_only_as_it_was_to_end(
    tmp_path: Path, ending: str, state: IncidentState, kind: OutcomeKind | None, *, closed: bool
) -> None:
    """What cleared by itself was not healed, and an approval that nobody was asked for was not given."""
    outcome = None if kind is None else IncidentOutcome(kind)
    made = demonstration(tmp_path, incident(state=state, outcome=outcome, closed_at=NOW + 60))
    played = observed(made, act(ending))
    assert (played.closed, played.repaired_at) == (closed, NOW + 60 if closed else None)


def test_an_incident_in_the_archive_counts_as_one_that_is_open(tmp_path: Path) -> None:
    """A quick act may be over and archived before it is looked at."""
    made = demonstration(tmp_path, closed=(incident(state=IncidentState.RESOLVED, outcome=HEALED, closed_at=NOW),))
    assert observed(made, act()).closed


# --------------------------------------------------------------------------------------------------- who is asked


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[tuple[Demonstration, Any]]:
    """A console over a loop whose INC-1 waits for approval of a restart of the cart."""
    loop = waiting(entity="cart")
    server = ConsoleServer("127.0.0.1", 0)
    server.serve(make_app(parts_over(loop, access=Access({"console": kept_token(tmp_path)}))))
    state = IncidentState.AWAITING_APPROVAL
    made = demonstration(tmp_path, incident(state=state))
    made.settings = made.settings.model_copy(update={"state": tmp_path})
    made.serving = SimpleNamespace(console_url=server.url)
    yield made, loop
    server.stop()


@pytest.mark.parametrize(
    ("answer", "command", "who"),
    [(True, "approve", "you"), (None, "approve", "the demonstration"), (False, "reject", "you")],
)
def test_a_person_is_asked_once_and_the_answer_goes_through_the_console(
    asking: tuple[Demonstration, Any], *, answer: bool | None, command: str, who: str
) -> None:
    """Without an answer the demonstration approves, and says so."""
    made, loop = asking
    asked: list[str] = []

    def person(one: Incident) -> bool | None:
        asked.append(one.id)
        return answer

    played = Played(act("approved"), NOW, 0)
    for _ in range(2):
        made._observe(played, person)
    assert asked == ["INC-1"]
    assert played.approved_by == who
    (row,) = loop.journal.read_inbox(0)
    assert f'"command":"{command}"' in row.body


def test_a_console_that_refuses_is_told(asking: tuple[Demonstration, Any]) -> None:
    """With its address, its status and its reason."""
    made, _ = asking
    with pytest.raises(TemporaryError, match=r"/api/incidents/INC-1/close answers 409"):
        made._answer(incident(), "close")


# --------------------------------------------------------------------------------------------------- start and stop


def test_what_was_not_started_is_not_stopped(tmp_path: Path) -> None:
    """A broker that does not come up must not hide behind another error."""
    Demonstration(tmp_path, never, never, never).stop()


def test_all_that_was_started_is_stopped_in_reverse_order(tmp_path: Path) -> None:
    """The world first: it must not talk to a broker that is gone."""
    made = Demonstration(tmp_path, never, never, never)
    order: list[str] = []
    for name in ("runtime", "serving", "world"):
        setattr(made, name, SimpleNamespace(stop=lambda name=name: order.append(name)))
    made.stop()
    assert order == ["world", "serving", "runtime"]


def test_commands_for_a_further_look_name_the_folder(tmp_path: Path) -> None:
    """They can be copied."""
    made = demonstration(tmp_path)
    made.played.append(replace(Played(act(), NOW, 0), incident=incident("INC-4")))
    left = made.left_over()
    assert all(command.startswith(f"AIOPS_CONFIG={tmp_path / 'aiops.yaml'} ") for command in left.values())
    assert left["one incident in full"].endswith("aiops incidents INC-4")


def test_a_status_is_empty_before_the_runtime_writes_one(tmp_path: Path) -> None:
    """Waiting begins with that."""
    made = demonstration(tmp_path)
    assert made.status() == {}
    made.settings.state.mkdir(parents=True, exist_ok=True)
    write_status(made.settings.state, {"at": 1, "shards": [], "orchestration": {}})
    assert made.status()["at"] == 1
