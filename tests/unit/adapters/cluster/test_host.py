"""Parts that cannot be made: the actor lives on to say why, with the error's own type."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, GetTimeoutError

from aiops.adapters.cluster.cluster import not_up
from aiops.adapters.cluster.host import Host
from aiops.model.errors import AiopsError, FencedOutError, PermanentError, TemporaryError


class Part:
    """Answers, and may fail to start."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def start(self) -> None:
        """Raise what it was given."""
        if self.error is not None:
            raise self.error

    def double(self, number: int) -> int:
        """A call."""
        return 2 * number


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the factory is found."""
    monkeypatch.setitem(__import__("sys").modules, "part_under_test", __import__("types").ModuleType("part_under_test"))
    monkeypatch.setattr("part_under_test.Part", Part, raising=False)
    return "part_under_test:Part"


def test_a_part_that_was_made_answers(place: str) -> None:
    """And nothing failed."""
    host: Any = Host(place, {}, "build")
    assert host.call("double", 4) == host.ask("double", 4) == 8
    assert host.about()["failed"] is None


@pytest.mark.parametrize("error", [TemporaryError("no Kafka", 3.0), PermanentError("broken policies")])
def test_a_part_that_cannot_be_made_says_why(place: str, error: AiopsError) -> None:
    """The error crosses to another process whole, and every call raises it."""
    host: Any = Host(place, {"error": error}, "build")
    failed = pickle.loads(pickle.dumps(host.about()))["failed"]
    assert (type(failed), str(failed)) == (type(error), str(error))
    assert getattr(failed, "delay_seconds", None) == getattr(error, "delay_seconds", None)
    with pytest.raises(type(error), match=str(error)):
        host.ask("double", 4)
    host.leave()


def test_a_fault_of_ours_is_left_to_ray(place: str) -> None:
    """Only errors that the product raises on purpose are kept."""
    with pytest.raises(KeyError):
        Host(place, {"error": KeyError("x")}, "build")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TemporaryError("no Kafka", 3.0), TemporaryError),
        (PermanentError("a policy speaks of a TemporaryError"), PermanentError),
        (FencedOutError("epoch 2"), PermanentError),
        (GetTimeoutError("60 s"), TemporaryError),
        (ActorDiedError(), TemporaryError),
    ],
)
def test_the_kind_of_the_error_decides_whether_it_is_a_matter_of_time(error: Exception, kind: type[AiopsError]) -> None:
    """Whatever its words are."""
    found = not_up("main/orchestrator/0", error)
    assert type(found) is kind
    assert "main/orchestrator/0 does not come up" in str(found)


def test_a_constructor_that_raised_is_for_a_person() -> None:
    """Ray knows that it failed in its constructor, and keeps no more than the text."""
    died = ActorDiedError()
    died._actor_init_failed = True
    died.error_msg = "KeyError: 'TemporaryError'"
    assert type(not_up("x", died)) is PermanentError
