"""What pages show of a story, and that hostile text in any field stays text on every page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.console.html_pages import Frame, list_page, message_page, sign_in_page, story_page
from aiops.console.stories import Story
from aiops.model.diagnoses import Diagnosis
from aiops.model.incidents import Incident, IncidentState
from tests.unit.console.samples import AT, NOW, SECOND, episode, hostile, incident, signal, story

POISONS = [
    "<script>alert(1)</script>",
    "</title></style></section><script src=//evil.example></script>",
    "\"><img src=x onerror='alert(1)'>",
    "' onmouseover='alert(1)",
    "{{ 7*7 }}{% include 'page.css' %}",
    "&lt;b&gt;&#60;b&#62;",
    "é — 検索 \N{FIRE}",
    "-->]]><!--",
    "javascript:alert(1)",
]


class Seen(HTMLParser):
    """A page as a browser reads it: its elements with the names of their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, ...]] = []
        self.words = ""
        self.values: list[str] = []
        self._style = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.values += [value for _, value in attrs if value]
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment",))

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.words += data


def frame(poison: str = "", *, who: str | None = "ann", halted: bool = True) -> Frame:
    return Frame(NOW, None if who is None else who + poison, "f0" + poison, halted, "bob" + poison)


def listing(incidents: list[Incident], poison: str, who: str | None) -> str:
    return list_page(incidents, {"at": NOW, "shards": [{"lag": {"a/0": 3}}]}, frame(poison, who=who))


PAGES: dict[str, Callable[[str, str | None], str]] = {
    "list": lambda poison, who: listing(
        [hostile(one, poison) for one in (incident(), incident(IncidentState.RESOLVED))], poison, who
    ),
    "message": lambda poison, who: message_page("Not found" + poison, "None" + poison, frame(poison, who=who)),
    "sign in": lambda poison, who: sign_in_page(frame(poison, who=who), "/incidents/INC-7" + poison),
} | {
    state.value: lambda poison, who, state=state: story_page(hostile(story(state), poison), frame(poison, who=who))
    for state in IncidentState
}


@pytest.mark.parametrize("who", ["ann", None])
@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize("poison", POISONS)
def test_hostile_text_makes_no_element_and_no_attribute(place: str, poison: str, who: str | None) -> None:
    """With hostile text in every field a page has the same elements and attributes as with harmless text."""
    harmless, seen = Seen(PAGES[place]("x", who)), Seen(PAGES[place](poison, who))

    assert seen.elements == harmless.elements
    assert poison in seen.words or place == "sign in"


SHOWN: dict[str, tuple[Callable[[Story], object], tuple[str, ...]]] = {
    "head": (lambda told: replace(told.incident, diagnosis=None, story=()), ("id", "entities", "owner", "tickets")),
    "timeline": (lambda told: told.incident.story, ("who", "what")),
    "causes": (lambda told: _diagnosis(told).hypotheses, ("entity", "kind", "what")),
    "impact": (lambda told: _diagnosis(told).impact, ("entity", "how")),
    "changes": (lambda told: _diagnosis(told).changes, ("id", "entity", "why")),
    "plans": (lambda told: told.plans, ("runbook", "reason", "expected", "state")),
    "steps": (lambda told: told.plans[0].steps, ("primitive", "target", "undo", "mark", "detail")),
    "episodes": (lambda told: told.episodes, ("entity",)),
    "decisions": (lambda told: told.decisions, ("subject", "reasons", "policies")),
    "pages": (lambda told: told.pages, ("title", "broken", "matters", "asks", "acknowledged_by")),
}


def _diagnosis(told: Story) -> Diagnosis:
    assert told.incident.diagnosis is not None
    return told.incident.diagnosis


def texts(value: Any, names: tuple[str, ...]) -> list[str]:
    """Texts in fields of these names, anywhere in a value."""
    if isinstance(value, tuple):
        return [text for one in value for text in texts(one, names)]
    if not is_dataclass(value):
        return []
    found = []
    for field in fields(value):
        inner = getattr(value, field.name)
        parts = inner if isinstance(inner, tuple) else (inner,)
        found += [part for part in parts if isinstance(part, str) and part and field.name in names]
        found += texts(inner, names)
    return found


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("part", SHOWN)
def test_every_shown_field_is_on_the_page_as_the_text_that_it_is(part: str, poison: str) -> None:
    """Nothing of a hostile text is lost, and nothing of it is markup."""
    told = hostile(story(), poison)
    of, names = SHOWN[part]

    wanted, words = texts(of(told), names), Seen(story_page(told, frame())).words

    assert len(wanted) >= len(names)
    assert [text for text in wanted if text not in words] == []


def test_no_template_switches_escaping_off() -> None:
    """Neither the console's templates nor the scorecard's mark a value as safe."""
    root = Path(__file__).resolve().parents[3]
    templates = [*(root / "aiops/console/templates").iterdir(), *(root / "simulations/scorecards/templates").iterdir()]

    assert len(templates) >= 9
    for path in templates:
        assert not re.search(r"\|\s*safe|autoescape|Markup", path.read_text(encoding="utf-8")), path.name


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1))
def test_no_text_changes_the_structure_of_a_page(poison: str) -> None:
    """Any unicode text in every field leaves elements and attributes as they are."""
    for place in ("list", "awaiting-approval", "escalated", "message"):
        assert Seen(PAGES[place](poison, "ann")).elements == Seen(PAGES[place]("x", "ann")).elements


@pytest.mark.parametrize("letter", ["\u202e", "\u2066", "\x00", "\x1b", "\x9b", "\u200b"])
def test_control_and_direction_characters_are_replaced(letter: str) -> None:
    """A name cannot turn the text around it."""
    assert letter not in PAGES["awaiting-approval"](f"a{letter}b", "ann")


@pytest.mark.parametrize("poison", POISONS)
def test_links_and_forms_stay_on_this_site(poison: str) -> None:
    """An id is one part of a path, whatever it holds."""
    told = story()
    page = Seen(story_page(replace(told, incident=replace(told.incident, id=poison)), frame()))

    places = [value for value in page.values if value.startswith("/")]
    assert f"/do/approve/{poison}" in [unquote(place) for place in places]
    assert not any(set(place) & set("<>\"' {}") for place in places)
    assert not any(value.lower().startswith("javascript:") for value in page.values)


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (IncidentState.AWAITING_APPROVAL, {"approve", "reject", "acknowledge", "take-over"}),
        (IncidentState.HELD, {"reject", "acknowledge", "take-over"}),
        (IncidentState.ESCALATED, {"acknowledge", "take-over", "close"}),
        (IncidentState.VERIFYING, {"acknowledge", "take-over"}),
        (IncidentState.RESOLVED, set()),
    ],
)
def test_the_buttons_fit_the_state(state: IncidentState, buttons: set[str]) -> None:
    """Only commands that the state allows have a button; without a session there is none."""
    values = Seen(story_page(story(state), frame(halted=False))).values
    assert {value.split("/")[2] for value in values if value.startswith("/do/")} - {"halt"} == buttons
    assert not any("/do/" in value for value in Seen(story_page(story(state), frame(who=None))).values)


def test_series_are_named_by_what_distinguishes_them() -> None:
    """Three series of one service: the route tells two of them apart, and the library is never shown."""
    page = Seen(story_page(story(), frame())).words

    assert "http.server.request.errors{http.route=/pay} up: 41.7, usual 0.25" in page
    assert "http.server.request.errors{http.route=/refund} up" in page
    assert "otel.scope" not in page
    assert "and 2 more" in page


def test_an_incident_of_another_day_shows_dates() -> None:
    """Times without a date would be read as today's."""
    today, later = frame(), replace(frame(), now=NOW + 86_400 * SECOND)

    assert ">08:00:05</time>" in story_page(story(), today)
    assert ">2027-01-15 08:00:05</time>" in story_page(story(), later)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "The runtime is not running: nothing is monitored."),
        ({"at": NOW - 60 * SECOND, "shards": []}, "The runtime is silent"),
        ({"at": NOW, "shards": []}, "No monitored entity needs attention."),
    ],
)
def test_an_empty_list_says_what_it_is_worth(status: dict[str, Any] | None, words: str) -> None:
    """No incidents means nothing while nothing is monitored."""
    assert words in list_page([], status, frame())


def test_a_cause_that_is_not_certain_is_not_named_in_the_title() -> None:
    """The page says that no cause is certain enough, and lists the candidates."""
    told = story()
    assert told.incident.diagnosis is not None
    unsure = replace(told.incident, diagnosis=replace(told.incident.diagnosis, unknown=True))

    page = story_page(replace(told, incident=unsure), frame())

    assert "<h1>Cause not known</h1>" in page
    assert "No cause is certain enough to act on." in page


def test_an_incident_without_anything_has_a_page() -> None:
    """Right after it was opened there is no diagnosis, plan, decision or page, and nobody owns it."""
    bare = Incident("INC-1", IncidentState.OPEN, AT, AT, AT, (), (), ())
    empty = replace(story(), incident=bare, episodes=(), plans=(), decisions=(), pages=())

    page = Seen(story_page(empty, frame())).words

    assert "Cause not known" in page
    assert "ownernone" in page
    assert "cause unknown" in Seen(list_page([bare], None, frame())).words
    assert not any(title in page for title in ("Plan", "Episodes", "Policy decisions", "Affected"))


def test_an_episode_without_signals_has_a_row() -> None:
    """An alert may carry none."""
    assert "shop/pay" in Seen(story_page(replace(story(), episodes=(episode(),)), frame())).words
    assert signal("/pay").series.count(",") == 8
