"""The API for programs, address by address: what each answers, refuses and writes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient
from httpx import Response

from aiops.console.api import person, router
from aiops.console.app import make_app
from aiops.console.command_inbox import LONGEST_REASON
from aiops.console.parts import ConsoleParts
from tests.unit.console.estate import TOKENS, FakeProducer, LoopClock, hand_over, parts_over, waiting
from tests.unit.control.fakes import Loop, settings

ANN = {"authorization": f"Bearer {TOKENS['ann']}"}
COMMANDS = ["approve", "reject", "acknowledge", "take-over", "close", "suppress"]
SWITCHES = ["/api/halt", "/api/resume", "/api/scale"]


def web(parts: ConsoleParts) -> TestClient:
    """A program that asks this console."""
    return TestClient(make_app(parts), base_url="http://localhost:8765", raise_server_exceptions=True)


def post(client: TestClient, place: str, body: Any = None, *, content: bytes | None = None) -> Response:
    """A command of ann."""
    given: dict[str, Any] = {"content": content} if content else {"json": body}
    answer: Response = client.post(place, headers=ANN, **given)
    return answer


# ------------------------------------------------------------------------------------------------------------ who


@pytest.mark.parametrize("place", [*(f"/api/incidents/INC-1/{word}" for word in COMMANDS), *SWITCHES])
def test_every_command_needs_a_token(place: str) -> None:
    """Without one, nothing is written."""
    loop = waiting()
    answer = web(parts_over(loop)).post(place, json={"seen": "x", "shards": 1})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert loop.journal.read_inbox(0) == []


def test_every_post_of_the_api_asks_who_speaks() -> None:
    """A new one that forgets would be found here."""
    open_ones = []
    for route in router.routes:
        needs = [one.call for one in getattr(route, "dependant").dependencies]  # noqa: B009 (typed as BaseRoute)
        if "POST" in getattr(route, "methods", ()) and person not in needs:
            open_ones.append(getattr(route, "path", ""))
    assert open_ones == []


def test_nobody_speaks_without_a_token() -> None:
    """The error says what is needed."""
    with pytest.raises(HTTPException, match="a bearer token is needed"):
        person(_request(None))
    assert person(_request("ann")) == "ann"


def _request(bearer: str | None) -> Any:
    return SimpleNamespace(state=SimpleNamespace(visit=SimpleNamespace(bearer=bearer, session="ann")))


# -------------------------------------------------------------------------------------------------------- reading


def test_closed_incidents_are_listed_when_asked_for() -> None:
    """Open ones first and by default alone."""
    loop = Loop(settings())
    held = loop.abnormal("web")
    loop.wait(60)
    loop.well(held)
    loop.wait(400)
    client = web(parts_over(loop))
    assert client.get("/api/incidents").json() == []
    (closed,) = client.get("/api/incidents?all=true").json()
    assert (closed["id"], closed["outcome_kind"]) == ("INC-1", "healed")
    assert client.get("/api/incidents?all=perhaps").status_code == 422


def test_a_runtime_that_never_ran_is_said_to_programs_too() -> None:
    """404 of the status, 503 of its health."""
    client = web(parts_over(Loop(settings()), status=lambda: None))
    assert client.get("/api/status").status_code == 404
    health = client.get("/api/health")
    assert (health.status_code, health.json()) == (503, {"healthy": False, "why": "the runtime has never run here"})


@pytest.mark.parametrize(("seconds", "code"), [(0, 200), (14, 200), (15, 503), (3600, 503)])
def test_silence_of_a_quarter_of_a_minute_is_not_healthy(seconds: int, code: int) -> None:
    """A balancer may ask every few seconds."""
    parts = parts_over(waiting())
    assert isinstance(parts.clock, LoopClock)
    parts.clock.ahead = seconds * 10**9
    assert web(parts).get("/api/health").status_code == code


def test_a_trouble_is_not_healthy_however_alive() -> None:
    """With its own words."""
    loop = waiting()
    control = {"alive_at": loop.at, "error": "the journal is full"}
    parts = parts_over(loop, status=lambda: {"at": loop.at, "shards": [], "orchestration": control})
    assert web(parts).get("/api/health").json() == {"healthy": False, "why": "the journal is full"}


# ------------------------------------------------------------------------------------------------------- commands


def test_rejecting_writes_the_reason_and_wakes_the_orchestrator() -> None:
    """It need not be asked for the next time."""
    loop = waiting()
    woken: list[int] = []
    client = web(parts_over(loop, wake=lambda: woken.append(1)))
    assert post(client, "/api/incidents/INC-1/reject", {"reason": "not at noon"}).json()["new"]
    assert woken == [1]
    hand_over(loop)
    assert loop.incidents == {"INC-1": "escalated"}
    assert "not at noon" in loop.story()


def test_a_command_given_twice_is_new_once() -> None:
    """A program may repeat itself after a lost answer."""
    client = web(parts_over(waiting()))
    assert [post(client, "/api/incidents/INC-1/acknowledge").json()["new"] for _ in range(2)] == [True, False]


@pytest.mark.parametrize("word", ["take-over", "close"])
def test_what_does_not_fit_the_incident_is_not_possible_now(word: str) -> None:
    """409 with a sentence; nothing is written."""
    loop = waiting()
    answer = post(web(parts_over(loop)), f"/api/incidents/INC-1/{word}")
    assert answer.status_code == 409
    assert answer.json()["error"]
    assert loop.journal.read_inbox(0) == []


@pytest.mark.parametrize("word", COMMANDS)
def test_a_command_on_an_unknown_incident_is_not_found(word: str) -> None:
    """404, also with odd characters in the name."""
    client = web(parts_over(waiting()))
    for name in ("INC-9", "%00", "INC-1%0a", "a" * 300):
        assert post(
            client, f"/api/incidents/{name}/{word}", {"seen": "x"} if word == "approve" else None
        ).status_code in {
            404,
            422,
        }


@pytest.mark.parametrize(
    "content",
    [
        b'{"minutes": NaN}',
        b'{"minutes": -1}',
        b'{"minutes": 0}',
        b'{"minutes": 1e400}',
        b'{"minutes": "x"}',
        b"[]",
        b"{",
    ],
)
def test_a_suppression_without_a_sensible_length_is_refused(content: bytes) -> None:
    """422, and nothing is written."""
    loop = waiting()
    assert post(web(parts_over(loop)), "/api/incidents/INC-1/suppress", content=content).status_code == 422
    assert loop.journal.read_inbox(0) == []


def test_a_suppression_is_an_hour_unless_said_otherwise() -> None:
    """The row holds what the person said."""
    loop = waiting()
    assert post(web(parts_over(loop)), "/api/incidents/INC-1/suppress").status_code == 200
    hand_over(loop)
    assert "ann: suppresses it for 60 minutes" in loop.story()


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("/api/halt", {"reason": "x" * (LONGEST_REASON + 1)}),
        ("/api/halt", {"reason": 7}),
        ("/api/halt", {"why": "storm"}),
        ("/api/incidents/INC-1/approve", {"seen": ""}),
        ("/api/incidents/INC-1/approve", {}),
        ("/api/scale", {"shards": 1.5}),
        ("/api/scale", {}),
    ],
)
def test_a_body_that_is_not_as_documented_is_refused(place: str, body: dict[str, Any]) -> None:
    """A misspelt field does not pass for none."""
    loop = waiting()
    assert post(web(parts_over(loop)), place, body).status_code == 422
    assert not loop.journal.halt_state().halted


@pytest.mark.parametrize(("shards", "code"), [(0, 422), (-1, 422), (1, 200), (4, 200), (5, 422)])
def test_the_fleet_has_between_one_shard_and_one_a_slot(shards: int, code: int) -> None:
    """Four slots here."""
    assert post(web(parts_over(waiting())), "/api/scale", {"shards": shards}).status_code == code


# ---------------------------------------------------------------------------------------------------------- hooks


def test_alerts_without_kafka_are_to_be_sent_again() -> None:
    """Alertmanager repeats them."""
    answer = post(web(replace(parts_over(waiting()), producer=None)), "/hooks/alertmanager", {"alerts": []})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_an_alert_s_record_says_who_sent_it() -> None:
    """Each sender has a token of its own."""
    producer = FakeProducer()
    alert = {"status": "firing", "labels": {"alertname": "Down", "service": "pay"}, "startsAt": "2027-01-15T00:00:00Z"}
    post(web(parts_over(waiting(), producer=producer)), "/hooks/alertmanager", {"version": "4", "alerts": [alert]})
    (record,) = producer.records
    assert dict(record.headers) == {"received-from": b"ann"}
    assert record.key is None
