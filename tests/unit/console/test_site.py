"""The pages' addresses: signing in and out, and the buttons' forms."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from aiops.console.app import make_app
from aiops.console.parts import ConsoleParts
from aiops.console.site import frame, router
from aiops.console.visit import COOKIE, FORM_BYTES, Visit
from tests.unit.console.estate import TOKENS, hand_over, parts_over, waiting
from tests.unit.control.fakes import Loop, settings


def browser(parts: ConsoleParts) -> TestClient:
    """A browser that nobody has signed in with."""
    return TestClient(make_app(parts), base_url="http://localhost:8765", follow_redirects=False)


def signed_in(parts: ConsoleParts, name: str = "ann") -> tuple[TestClient, str]:
    """A browser of a person, and its session's form value."""
    web = browser(parts)
    assert web.post("/sign-in", content=f"token={TOKENS[name]}").status_code == 303
    found = re.search(r'name="form" type="hidden" value="([0-9a-f]+)"', web.get("/").text)
    assert found is not None
    return web, found[1]


def press(web: TestClient, form: str, place: str, **fields: str) -> int:
    """A button is pressed; the status of the answer."""
    body = "&".join(f"{name}={quote(value)}" for name, value in {"form": form, **fields}.items())
    return int(web.post(f"/do/{place}", content=body).status_code)


WEB = browser(parts_over(Loop(settings())))


# -------------------------------------------------------------------------------------------------------- signing in


@given(st.text(max_size=30))
def test_a_path_to_return_to_stays_on_this_site(back: str) -> None:
    """Whatever a link says: the browser is sent to a path, never to another host."""
    place = WEB.post("/sign-in", content=f"token={TOKENS['ann']}&back={quote(back)}").headers["location"]
    assert place.startswith("/")
    assert not place.startswith(("//", "/\\"))
    assert "\n" not in place
    assert "\r" not in place


@pytest.mark.parametrize("back", ["/", "/incidents/INC-1", "/incidents/a%2Fb"])
def test_a_path_of_this_site_is_returned_to(back: str) -> None:
    """Where the person came from."""
    answer = WEB.post("/sign-in", content=f"token={TOKENS['ann']}&back={quote(back)}")
    assert answer.headers["location"] == back


@pytest.mark.parametrize("token", ["", "wrong", TOKENS["ann"][:-1], TOKENS["ann"] + "a", "%00", "é"])
def test_only_a_whole_token_signs_in(token: str) -> None:
    """401 and no cookie."""
    answer = WEB.post("/sign-in", content=f"token={quote(token)}")
    assert answer.status_code == 401
    assert COOKIE not in answer.cookies


def test_over_tls_the_cookie_is_for_tls_alone() -> None:
    """Without it, a browser on this machine must get it too."""
    parts = parts_over(Loop(settings()))
    web = TestClient(make_app(parts), base_url="https://localhost", follow_redirects=False)
    assert "Secure" in web.post("/sign-in", content=f"token={TOKENS['ann']}").headers["set-cookie"]
    assert "Secure" not in WEB.post("/sign-in", content=f"token={TOKENS['ann']}").headers["set-cookie"]


@pytest.mark.parametrize(
    ("body", "code"), [("x" * (FORM_BYTES + 1), 413), ("a=1&" * 30, 400), ("", 401), ("%ff=%ff&token", 401)]
)
def test_a_form_that_is_too_large_or_no_form_is_refused(body: str, code: int) -> None:
    """Before anybody's name is looked up."""
    assert WEB.post("/sign-in", content=body).status_code == code


def test_signing_out_needs_the_form_of_the_session() -> None:
    """Another site could sign people out otherwise."""
    web, form = signed_in(parts_over(waiting()))
    assert web.post("/sign-out", content="form=" + "0" * 64).status_code == 403
    assert web.post("/sign-out", content=f"form={form}").headers["location"] == "/"


# ---------------------------------------------------------------------------------------------------------- buttons


def test_each_button_of_a_plan_writes_its_command() -> None:
    """Under the name of who pressed it, and the orchestrator is woken."""
    loop = waiting()
    woken: list[int] = []
    web, form = signed_in(parts_over(loop, wake=lambda: woken.append(1)), "bob")
    assert press(web, form, "acknowledge/INC-1") == 303
    assert press(web, form, "reject/INC-1", reason="not at noon") == 303
    assert woken == [1, 1]
    assert {row.who for row in loop.journal.read_inbox(0)} == {"bob"}
    hand_over(loop)
    assert "bob: rejects" in loop.story()
    assert "not at noon" in loop.story()


def test_an_escalated_incident_is_closed_by_button() -> None:
    """And no other is."""
    loop = waiting()
    web, form = signed_in(parts_over(loop))
    assert press(web, form, "close/INC-1") == 409
    press(web, form, "reject/INC-1")
    hand_over(loop)
    assert press(web, form, "close/INC-1") == 303
    hand_over(loop)
    assert loop.incidents == {"INC-1": "resolved"}


def test_no_plan_is_stuck_so_none_is_taken_over() -> None:
    """409, and nothing is written."""
    loop = waiting()
    web, form = signed_in(parts_over(loop))
    assert press(web, form, "take-over/INC-1") == 409
    assert loop.journal.read_inbox(0) == []


@pytest.mark.parametrize("place", ["halt/INC-1", "resume/INC-1", "approve", "close", "suppress/INC-1", "x", "HALT"])
def test_a_button_that_no_page_has_is_not_found(place: str) -> None:
    """A halt is of everything, an approval of one incident."""
    loop = waiting()
    web, form = signed_in(parts_over(loop))
    assert press(web, form, place) == 404
    assert not loop.journal.halt_state().halted


def test_the_form_of_another_person_s_session_does_not_speak() -> None:
    """Each session has its own."""
    loop = waiting()
    parts = parts_over(loop)
    _, form = signed_in(parts, "ann")
    web, _ = signed_in(parts, "bob")
    assert press(web, form, "halt") == 403
    assert not loop.journal.halt_state().halted


def test_a_button_leads_back_to_its_incident() -> None:
    """The name is a name in the address too."""
    web, form = signed_in(parts_over(waiting()))
    answer = web.post("/do/acknowledge/INC-1", content=f"form={form}")
    assert answer.headers["location"] == "/incidents/INC-1"
    assert web.post("/do/halt", content=f"form={form}").headers["location"] == "/"


# ------------------------------------------------------------------------------------------------------------ pages


def test_an_unknown_incident_is_a_page_that_says_so() -> None:
    """404 with its name as text."""
    answer = WEB.get("/incidents/%3Cmarquee%3E")
    assert answer.status_code == 404
    assert "There is no incident" in answer.text
    assert "<marquee" not in answer.text


def test_pages_are_no_part_of_the_api_s_description() -> None:
    """Programs use the API."""
    assert all(not getattr(route, "include_in_schema", True) for route in router.routes)
    assert "/sign-in" not in WEB.get("/api/openapi.json").text


def test_a_stranger_s_frame_has_no_form() -> None:
    """Buttons are for people who signed in; that all is halted everybody sees."""
    loop = waiting()
    parts = parts_over(loop)
    parts.commands.switch.halt("ann", "storm")
    state = SimpleNamespace(parts=parts)
    request: Any = SimpleNamespace(app=SimpleNamespace(state=state))
    found = frame(request, Visit(7, "ann", None, ""))
    assert (found.form, found.halted, found.halted_by) == ("", True, "ann")
