from __future__ import annotations

from typing import Any

import pytest

from aiops.adapters.grafana import dashboards as shipped
from aiops.cli import dashboards
from aiops.cli.dashboards import app
from aiops.cli.exits import Exit
from aiops.model.errors import PermanentError, TemporaryError
from tests.unit.cli.commands import call

WORDS = ("push", "--grafana", "http://grafana:3000/", "--token", "secret-1")


class FakeGrafana:
    """Takes every dashboard, until it is told not to."""

    pushed: list[str]
    made: tuple[str, str]
    error: Exception | None = None

    def __init__(self, url: str, token: str) -> None:
        FakeGrafana.pushed, FakeGrafana.made = [], (url, token)

    def push(self, dashboard: dict[str, Any], message: str) -> str:
        if self.error and self.pushed:
            raise self.error
        self.pushed.append(dashboard["uid"])
        return f"http://grafana:3000/d/{dashboard['uid']}"


@pytest.fixture(autouse=True)
def grafana(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboards, "Grafana", FakeGrafana)
    monkeypatch.delenv("AIOPS_GRAFANA_TOKEN", raising=False)


def test_every_shipped_dashboard_is_pushed() -> None:
    """A line each with title and address; the token is not shown."""
    ended = call(app, *WORDS)
    assert ended.code == Exit.OK
    assert ended.out.splitlines() == [f"{one['title']}: http://grafana:3000/d/{one['uid']}" for one in shipped()]
    assert FakeGrafana.made == ("http://grafana:3000/", "secret-1")
    assert "secret-1" not in ended.out


def test_json_maps_titles_to_addresses() -> None:
    """Each title once, so that none hides another."""
    told = call(app, *WORDS, "--json").json
    assert len(told) == len(shipped())
    assert told[shipped()[0]["title"]].endswith(shipped()[0]["uid"])


def test_the_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others cannot read it in the list of processes."""
    monkeypatch.setenv("AIOPS_GRAFANA_TOKEN", "secret-2")
    assert call(app, *WORDS[:3]).code == Exit.OK
    assert FakeGrafana.made[1] == "secret-2"


@pytest.mark.parametrize("words", [WORDS[:3], ("push", "--token", "t"), ("push",)])
def test_without_address_or_token_it_is_wrong_usage(words: tuple[str, ...]) -> None:
    """Neither has a default."""
    assert call(app, *words).code == Exit.USAGE


@pytest.mark.parametrize(
    ("error", "code"), [(TemporaryError("does not answer"), Exit.LATER), (PermanentError("refuses"), Exit.FAILED)]
)
def test_a_failure_half_way_is_a_failure(monkeypatch: pytest.MonkeyPatch, error: Exception, code: Exit) -> None:
    """Nothing is printed as if all were there."""
    monkeypatch.setattr(dashboards, "dashboards", lambda: [{"uid": "a", "title": "A"}, {"uid": "b", "title": "B"}])
    monkeypatch.setattr(FakeGrafana, "error", error)
    ended = call(app, *WORDS)
    assert (ended.code, ended.out) == (code, "")
