"""The console over HTTP: who may read and tell, what pages show, and that hostile text stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from aiops.console.access import SESSION_SECONDS, Access, kept_token
from aiops.console.app import loopback, make_app
from aiops.console.parts import ConsoleParts
from aiops.model.incidents import IncidentState
from aiops.model.plans import Oversight
from tests.unit.console.estate import TOKENS, FakeProducer, LoopClock, hand_over, parts_over, waiting
from tests.unit.control.fakes import Loop, settings

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
ANN = {"authorization": f"Bearer {TOKENS['ann']}"}


def client(parts: ConsoleParts) -> TestClient:
    return TestClient(make_app(parts), base_url="http://localhost:8765", follow_redirects=False)


def signed_in(parts: ConsoleParts, name: str = "ann") -> TestClient:
    web = client(parts)
    answer = web.post("/sign-in", content=f"token={TOKENS[name]}&back=/incidents/INC-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/INC-1")
    return web


def form_value(answer: Response) -> str:
    found = re.search(r'name="form" type="hidden" value="([0-9a-f]+)"', answer.text)
    assert found is not None
    return found[1]


def test_the_list_shows_what_is_open() -> None:
    """Incident, state, cause and the runtime's lag are on the first page."""
    page = client(parts_over(waiting())).get("/")

    assert page.status_code == 200
    for words in ("INC-1", "awaiting approval", "pay", "crash, 90%", "consumer lag", "Sign in"):
        assert words in page.text


def test_an_empty_estate_says_so() -> None:
    """Nothing open, and a runtime that never ran."""
    page = client(parts_over(Loop(settings()), status=lambda: None)).get("/")

    assert "No open incidents" in page.text
    assert "not running" in page.text


def test_the_story_has_every_part() -> None:
    """Timeline, causes, plan, episodes, decisions and pages."""
    page = client(parts_over(waiting())).get("/incidents/INC-1")

    for title in ("Timeline", "Probable causes", "Plan: restart", "Episodes", "Policy decisions", "Pages"):
        assert title in page.text
    assert "Approve" not in re.sub(r"<style>.*</style>", "", page.text).replace("Approvals", "")
    assert client(parts_over(waiting())).get("/incidents/INC-9").status_code == 404


def test_telemetry_cannot_write_markup() -> None:
    """Whatever an entity is called, no element of its making appears on any page."""
    web = client(parts_over(waiting(entity=HOSTILE)))

    for place in ("/", "/incidents/INC-1", "/incidents/" + "%3Cscript%3Ex", "/sign-in?back=%22%3E%3Cscript%3E"):
        text = web.get(place).text
        assert "<script" not in text
        assert "<img" not in text
    assert "&lt;script&gt;" in web.get("/incidents/INC-1").text


def test_pages_allow_no_script_and_no_framing() -> None:
    """The policy names our style sheet by its hash and nothing else."""
    headers = client(parts_over(waiting())).get("/").headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert headers["cache-control"] == "no-store"


def seen(web: TestClient) -> str:
    """What somebody saw who looked at the incident."""
    found = web.get("/api/incidents/INC-1").json()["seen"]
    assert isinstance(found, str)
    return found


def test_approving_by_button() -> None:
    """Sign in, press the button of the page, healed."""
    loop = waiting()
    web = signed_in(parts_over(loop))
    page = web.get("/incidents/INC-1")

    assert "Approve" in page.text
    assert 'http-equiv="refresh"' not in page.text
    unseen = web.post("/do/approve/INC-1", content=f"form={form_value(page)}&seen=INC-1-p9@1")
    assert (unseen.status_code, "the plan changed" in unseen.text) == (409, True)
    answer = web.post("/do/approve/INC-1", content=f"form={form_value(page)}&seen={seen(web)}")
    hand_over(loop)

    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/INC-1")
    assert "resolved" in web.get("/incidents/INC-1").text
    assert any(row.who == "ann" for row in loop.journal.read_inbox(0))


def test_a_button_needs_the_form_of_its_session() -> None:
    """A cookie alone is not enough: another service on this host is the same site for a browser."""
    loop = waiting()
    web = signed_in(parts_over(loop))

    for body in ("", "form=", "form=" + "0" * 64, "a&" * 50):
        assert web.post("/do/approve/INC-1", content=body).status_code in {400, 403}
    assert web.post("/do/approve/INC-1", content="form=" + "0" * 20_000).status_code == 413
    strange = client(parts_over(loop))
    assert strange.post("/do/halt", content=f"form={form_value(web.get('/'))}").status_code == 403
    assert not loop.journal.has("approve/INC-1")
    assert not loop.journal.halt_state().halted


def test_halting_and_resuming_by_button() -> None:
    """The bar shows which of the two there is to press."""
    loop = waiting()
    web = signed_in(parts_over(loop))

    assert web.post("/do/halt", content=f"form={form_value(web.get('/'))}").status_code == 303
    halted = web.get("/")
    assert "Halted by ann" in halted.text
    assert loop.journal.halt_state().halted
    web.post("/do/resume", content=f"form={form_value(halted)}")
    assert not loop.journal.halt_state().halted
    assert web.post("/do/explode", content=f"form={form_value(web.get('/'))}").status_code == 404


def test_the_cookie_is_for_this_site_alone_and_ends() -> None:
    """HttpOnly, SameSite=Strict, sealed, and too old after its time."""
    loop = waiting()
    parts = parts_over(loop)
    web = client(parts)
    cookie = web.post("/sign-in", content=f"token={TOKENS['ann']}").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKENS["ann"] not in cookie
    assert "Sign out" in web.get("/").text

    assert isinstance(parts.clock, LoopClock)
    parts.clock.ahead = (SESSION_SECONDS + 1) * 10**9
    assert "Sign out" not in web.get("/").text


def test_signing_out_forgets_the_cookie() -> None:
    """And pages are those of a stranger again."""
    web = signed_in(parts_over(waiting()))
    web.post("/sign-out", content=f"form={form_value(web.get('/'))}")

    assert "Sign out" not in web.get("/").text


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "x"])
def test_signing_in_leads_nowhere_else(back: str) -> None:
    """No open redirect."""
    answer = client(parts_over(waiting())).post("/sign-in", content=f"token={TOKENS['ann']}&back={back}")

    assert answer.headers["location"] == "/"


def test_a_wrong_token_is_no_token() -> None:
    """401 on the page and in the API, and no cookie."""
    loop = waiting()
    web = client(parts_over(loop))

    answer = web.post("/sign-in", content="token=wrong")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKENS['ann']}"}):
        for place in ("/api/incidents/INC-1/approve", "/api/halt", "/hooks/alertmanager"):
            assert web.post(place, headers=headers).status_code == 401
    assert not loop.journal.halt_state().halted


def test_a_cookie_does_not_speak_in_the_api() -> None:
    """Programs show a bearer token; a browser that is led there does not."""
    web = signed_in(parts_over(waiting()))

    assert web.post("/api/halt").status_code == 401


def test_the_api_tells_and_commands() -> None:
    """List, story, approve twice, refusal with a reason."""
    loop = waiting(Oversight.TWO_APPROVERS)
    web = client(parts_over(loop))

    (listed,) = web.get("/api/incidents").json()
    assert (listed["id"], listed["state"], listed["root"]) == ("INC-1", "awaiting-approval", "pay")
    assert web.get("/api/incidents/INC-1").json()["plans"][0]["steps"][0]["target"] == "pay"
    assert web.get("/api/incidents/INC-9").status_code == 404
    sight = {"seen": seen(web)}
    assert web.post("/api/incidents/INC-1/approve", headers=ANN).status_code == 422
    other = web.post("/api/incidents/INC-1/approve", headers=ANN, json={"seen": "INC-1-p0@1"})
    assert (other.status_code, sight["seen"] in other.json()["error"]) == (409, True)
    assert loop.journal.read_inbox(0) == []
    first = web.post("/api/incidents/INC-1/approve", headers=ANN, json=sight)
    assert (first.status_code, first.json()["new"]) == (200, True)
    hand_over(loop)
    again = web.post("/api/incidents/INC-1/approve", headers=ANN, json=sight)
    assert (again.status_code, "another person" in again.json()["error"]) == (409, True)
    bob = {"authorization": f"Bearer {TOKENS['bob']}"}
    assert web.post("/api/incidents/INC-1/approve", headers=bob, json=sight).status_code == 200
    hand_over(loop)
    assert loop.runtime.orchestrator.state.incidents["INC-1"].state is IncidentState.RESOLVED
    assert web.post("/api/incidents/INC-9/approve", headers=ANN, json=sight).status_code == 404


def test_the_api_halts_resumes_and_scales() -> None:
    """With reasons, and bounds."""
    loop = waiting()
    web = client(parts_over(loop))

    assert web.post("/api/halt", headers=ANN, json={"reason": "odd"}).json()["new"]
    assert loop.journal.halt_state().reason == "odd"
    assert web.post("/api/resume", headers=ANN).json()["new"]
    assert web.post("/api/scale", headers=ANN, json={"shards": 2}).status_code == 200
    assert web.post("/api/scale", headers=ANN, json={"shards": 9}).status_code == 422
    assert web.post("/api/scale", headers=ANN, json={"shards": "many"}).status_code == 422
    assert web.get("/api/ledger").json() == {"difference": 0}
    assert web.get("/api/status").json()["shards"][0]["lag"] == {"a/0": 3}


def test_health_tells_when_the_control_plane_is_silent() -> None:
    """200 while it works; 503 with a reason when silent, troubled or never started."""
    loop = waiting()
    parts = parts_over(loop)
    assert client(parts).get("/api/health").json() == {"healthy": True, "why": ""}

    assert isinstance(parts.clock, LoopClock)
    parts.clock.ahead = 60 * 10**9
    silent = client(parts).get("/api/health")
    assert (silent.status_code, "silent" in silent.json()["why"]) == (503, True)
    assert client(replace(parts, status=lambda: None)).get("/api/health").status_code == 503


def test_alerts_become_records() -> None:
    """Alertmanager's body goes to the topic as it came; nonsense is told to the sender; a Kafka that is down is 503."""
    producer = FakeProducer()
    web = client(parts_over(waiting(), producer=producer))
    alert = {"status": "firing", "labels": {"alertname": "Down", "service": "pay"}, "startsAt": "2027-01-15T00:00:00Z"}
    body = {"version": "4", "alerts": [alert]}

    answer = web.post("/hooks/alertmanager", headers=ANN, json=body)
    assert (answer.status_code, answer.json()) == (202, {"alerts": 1})
    assert producer.records[0].topic == "aiops.alerts"
    assert b"Down" in producer.records[0].value

    assert web.post("/hooks/alertmanager", headers=ANN, content=b"\xff").status_code == 400
    assert web.post("/hooks/alertmanager", headers=ANN, content=b" " * 2_000_000).status_code == 413
    producer.down = True
    down = web.post("/hooks/alertmanager", headers=ANN, json=body)
    assert (down.status_code, down.headers["retry-after"]) == (503, "5")


def test_only_this_machines_names_are_answered_on_loopback() -> None:
    """A name of somebody else's that points here reads nothing (DNS rebinding)."""
    app = make_app(parts_over(waiting()))

    for host in ("evil.example", "evil.example:8765", "["):
        assert TestClient(app, base_url="http://localhost").get("/", headers={"host": host}).status_code == 421
    for host in ("127.0.0.1:8765", "[::1]:8765", "localhost"):
        assert TestClient(app, base_url="http://localhost").get("/", headers={"host": host}).status_code == 200


def test_reading_from_other_machines_needs_a_token() -> None:
    """Only health and the sign-in page are open there."""
    web = client(parts_over(waiting(), host="0.0.0.0"))

    assert web.get("/").headers["location"] == "/sign-in?back=/"
    assert web.get("/api/incidents").status_code == 401
    assert web.get("/api/incidents", headers=ANN).status_code == 200
    assert web.get("/api/health").status_code == 200
    assert web.get("/sign-in").status_code == 200
    web.post("/sign-in", content=f"token={TOKENS['ann']}")
    assert "INC-1" in web.get("/").text


def test_cookies_that_were_made_up_are_nobodys() -> None:
    """Whatever is in the cookie."""
    access = Access(TOKENS)
    good = access.cookie("ann", 0)

    assert access.session(good, 0) == "ann"
    for cookie in (None, "", ".", "a.b.c", good[:-1], good.replace(good[:2], "00", 1), "ff.1.2", "zz.9.9", good + "é"):
        assert access.session(cookie, 0) is None
    assert access.session(good.replace("616e6e", "626f62"), 0) is None


def test_the_shared_token_is_made_once_for_its_owner(tmp_path: Path) -> None:
    """0600, and the same at the next call."""
    folder = tmp_path
    token = kept_token(folder)

    assert kept_token(folder) == token
    assert len(token) > 30
    assert (folder / "console.token").stat().st_mode & 0o777 == 0o600


def test_which_hosts_are_loopback() -> None:
    """Names of this machine, and nothing else."""
    assert all(loopback(host) for host in ("localhost", "127.0.0.1", "127.1.2.3", "::1"))
    assert not any(loopback(host) for host in ("", "0.0.0.0", "::", "10.0.0.1", "localhost.evil.example"))
