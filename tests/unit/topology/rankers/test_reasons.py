"""Reasons for and against a cause: sentences that name the episode, change or edge they rest on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.model.diagnoses import Evidence
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.prose import Prose
from aiops.model.reports import Change
from tests.unit.topology.estates import SECOND, START, episode, shop
from topology.rankers.protocol import RankingQuestion
from topology.rankers.reasons import MOST_NAMED, Reasons, sentence
from topology.rankers.scene import scene

MINUTE = 60 * SECOND


def signal(direction: SignalDirection = SignalDirection.UP, value: float = 5.0, series: str = "errors") -> Signal:
    """One series that is usually 0.1."""
    return Signal(series, "errors", direction, Source.METRIC, START, 0.9, value, 0.1)


class Book:
    """Reasons by the entity's name."""

    def __init__(self, question: RankingQuestion, changed: dict[str, float]) -> None:
        self.made = scene(question)
        self.at = {name: place for place, name in enumerate(self.made.names)}
        self.reasons = Reasons(self.made, question, {self.at[name]: nats for name, nats in changed.items()})

    def of(self, name: str) -> tuple[Evidence, ...]:
        """Evidence on one candidate."""
        return self.reasons.evidence(self.at[name])

    def texts(self, name: str) -> list[str]:
        """What it says."""
        return [evidence.what for evidence in self.of(name)]

    def members(self, name: str) -> tuple[str, ...]:
        """Whom it may have harmed."""
        return self.reasons.members(self.at[name])


def reasons(*episodes: Episode, changes: tuple[Change, ...] = (), changed: dict[str, float] | None = None) -> Book:
    """Of the shop in this trouble."""
    question = RankingQuestion(episodes, shop(), START, changes)
    return Book(question, changed or {})


# ------------------------------------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (signal(), "errors rose to 5, usual 0.1"),
        (signal(SignalDirection.DOWN, 0.001), "errors fell to 0.001, usual 0.1"),
        (signal(value=0.1), "errors rose"),
        (signal(SignalDirection.NEW), "errors is new"),
        (signal(SignalDirection.SHAPE), "errors changed shape"),
        (signal(SignalDirection.SILENT), "errors fell silent"),
        (signal(value=1234567.0), "errors rose to 1.235e+06, usual 0.1"),
    ],
)
def test_a_signal_is_a_sentence(given: Signal, text: str) -> None:
    """With figures only where they say something."""
    assert sentence(given) == text


@pytest.mark.parametrize("direction", SignalDirection)
def test_every_direction_has_a_sentence(direction: SignalDirection) -> None:
    """A new one would be a fault at three in the morning."""
    assert sentence(signal(direction)).startswith("errors ")


def test_a_series_is_named_by_what_tells_it_from_its_siblings() -> None:
    """And by nothing else."""
    names = [f"errors{{host=h1,route={route}}}" for route in ("/pay", "/cart")]
    assert sentence(signal(series=names[0]), names).startswith("errors{route=/pay} rose")


# -------------------------------------------------------------------------------------------------------- evidence


def test_a_figure_names_its_episode_and_its_time() -> None:
    """The incident's page links to it."""
    told = episode("db", 30.0)
    book = reasons(told)
    (found,) = [e for e in book.of("db") if e.source == "metric"]
    assert (found.id, found.supports, found.from_at, found.to_at) == (
        told.id,
        True,
        told.signals[0].since,
        told.watermark,
    )
    assert found.what == "db: errors rose to 1, usual 0.1"


def test_a_figure_that_has_ended_ends_then() -> None:
    """Not at the watermark."""
    told = episode("db")
    told = replace(told, signals=(replace(told.signals[0], ended_at=START + SECOND),))
    assert reasons(told).of("db")[0].to_at == START + SECOND


def test_few_of_many_figures_are_named() -> None:
    """The worst."""
    told = episode("db")
    signals = tuple(
        replace(told.signals[0], metric=f"m{n}", series=f"m{n}", score=0.5 + n / 100) for n in range(MOST_NAMED + 4)
    )
    found = [e for e in reasons(replace(told, signals=signals)).of("db") if e.source == "metric"]
    assert len(found) == MOST_NAMED
    assert f"m{MOST_NAMED + 3} rose" in found[0].what


def test_the_weightiest_reason_comes_first() -> None:
    """Pages show only a few."""
    book = reasons(episode("web", 30.0), episode("checkout", 20.0), episode("db", 0.0))
    weights = [evidence.weight for evidence in book.of("db")]
    assert weights == sorted(weights, reverse=True)


def test_a_candidate_without_anomaly_says_so() -> None:
    """It speaks against it; two callers are abnormal."""
    book = reasons(episode("payment"), episode("basket"))
    (found,) = [e for e in book.of("h1") if "shows no anomaly" in e.what]
    assert not found.supports
    assert found.id == "graph:h1"
    assert found.what == "h1 shows no anomaly; 2 abnormal entities need it directly"


def test_who_was_first_is_said_of_it_and_against_the_others() -> None:
    """The later one names the first one's episode."""
    first, late = episode("db", 0.0), episode("web", 45.0)
    book = reasons(first, late)
    assert "db was among the first of 2 to become abnormal" in book.texts("db")
    (found,) = [e for e in book.of("web") if "after db" in e.what]
    assert (found.id, found.supports, found.what) == (first.id, False, "web became abnormal 45 s after db")


def test_a_step_of_the_data_apart_is_together() -> None:
    """Nobody can tell which was first."""
    book = reasons(episode("db", 0.0), episode("web", 10.0))
    assert "web was among the first of 2 to become abnormal" in book.texts("web")


def test_alone_there_is_no_order_and_no_reach() -> None:
    """One abnormal entity is first of nobody."""
    assert [e.source for e in reasons(episode("db")).of("db")] == ["metric"]


def test_without_times_there_is_no_order() -> None:
    """Neither for nor against."""
    told = [replace(episode(name), opened_at=0) for name in ("db", "web")]
    assert not [text for text in reasons(*told).texts("db") if "first" in text or "after" in text]


def test_how_many_need_it_is_said() -> None:
    """By name; a candidate that explains nobody has that against it."""
    book = reasons(episode("web"), episode("checkout"), episode("db"), episode("mobile"))
    assert "2 of 3 other abnormal entities need db: checkout, web" in book.texts("db")
    (found,) = [e for e in book.of("mobile") if "need mobile" in e.what]
    assert (found.supports, found.what) == (False, "0 of 3 other abnormal entities need mobile")


def test_what_callers_see_is_said_with_the_caller() -> None:
    """A figure about calls to the candidate."""
    told = episode("payment", metric="rpc.client.duration", peer="db")
    book = reasons(told, episode("db"))
    (found,) = [e for e in book.of("db") if "in its calls" in e.what]
    assert found.id == told.id
    assert found.what.startswith("payment sees it in its calls to db: rpc.client.duration rose")


# --------------------------------------------------------------------------------------------------------- changes


def test_the_change_nearest_to_the_onset_is_named() -> None:
    """With its distance, by its own id."""
    changes = tuple(
        Change(name, "db", START - minutes * MINUTE, "deploy", Prose("x"))
        for name, minutes in (("far", 50), ("near", 3))
    )
    book = reasons(episode("db"), changes=changes, changed={"db": 2.5})
    (found,) = [e for e in book.of("db") if e.source == "change"]
    assert (found.id, found.what, found.weight) == ("near", "deploy of db 3 min before the onset", 2.5)


def test_a_change_of_an_instance_is_named_by_the_whole_it_changed() -> None:
    """The candidate is the instance."""
    change = Change("c", "payment-all", START - MINUTE, "config", instances=("payment",))
    book = reasons(episode("payment"), changes=(change,), changed={"payment": 1.0})
    assert "config of payment-all 1 min before the onset" in book.texts("payment")


def test_a_change_that_nobody_suspects_is_not_named() -> None:
    """The ranker weighs changes; reasons only tell."""
    change = Change("c", "db", START, "deploy")
    assert not [e for e in reasons(episode("db"), changes=(change,)).of("db") if e.source == "change"]


# --------------------------------------------------------------------------------------------------------- members


def test_members_are_the_abnormal_that_need_it() -> None:
    """Itself first if it is abnormal; mobile needs no db."""
    book = reasons(episode("web"), episode("checkout"), episode("db"), episode("mobile"))
    assert book.members("db") == ("db", "checkout", "web")
    assert book.members("mobile") == ("mobile",)
    assert "payment" not in book.members("payment")


def test_everything_is_reached_from_itself() -> None:
    """And never more nodes than there are."""
    book = reasons(episode("web"), episode("db"))
    for place in range(len(book.made.names)):
        reached = book.reasons.reached(place)
        assert reached[place]
        assert reached.shape == (len(book.made.names),)
