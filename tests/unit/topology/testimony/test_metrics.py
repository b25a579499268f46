"""Witnesses that read metrics: each prefers the cause in the case that it is made for, and says why."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.topology.evidence.recorded import Levels, inquiry, recorded
from topology.testimony.inquiry import Inquiry
from topology.testimony.metrics import (
    Earliest,
    HarmBegins,
    HarmSpreads,
    InnerDeviation,
    OddSibling,
    Overload,
    Residual,
    Silence,
    SymptomCorrelation,
)
from topology.testimony.witness import Witness

CALLS = (("web", "shop"), ("shop", "store"), ("shop", "mail"))
SLOW_STORE: Levels = {
    ("web", "latency_ms"): (100.0, 400.0),
    ("shop", "latency_ms"): (50.0, 350.0),
    ("store", "latency_ms"): (10.0, 300.0),
    ("mail", "latency_ms"): (5.0, 5.0),
}


def scores(witness: Witness, asked: Inquiry) -> dict[str, float]:
    return dict(zip(asked.names, witness.scores(asked).tolist(), strict=True))


def says(witness: Witness, asked: Inquiry, entity: str) -> str | None:
    return witness.says(asked, asked.number[entity])


@pytest.fixture
def slow() -> Inquiry:
    """Store is slow; shop and web wait for it."""
    return inquiry(recorded(SLOW_STORE, CALLS, symptom="web"))


def test_the_cause_shows_in_its_own_resources() -> None:
    """A victim's latency does not count, however much it moved."""
    asked = inquiry(recorded({("web", "latency_ms"): (1.0, 900.0), ("store", "cpu_usage"): (0.2, 0.9)}))
    found = scores(InnerDeviation(), asked)
    assert found["store"] > 2.0
    assert found["web"] == 0.0
    told = says(InnerDeviation(), asked, "store")
    assert told is not None
    assert "cpu_usage of store went from 0.2 to 0.9" in told
    assert says(InnerDeviation(), asked, "web") is None


def test_harm_begins_where_callees_are_healthy(slow: Inquiry) -> None:
    """Store's callees are none, shop's callee is as bad."""
    found = scores(HarmBegins(), slow)
    assert max(found, key=lambda name: found[name]) == "store"
    assert found["shop"] < 0.5 * found["store"]


def test_harm_that_has_a_sick_callee_is_told_with_it(slow: Inquiry) -> None:
    """The sentence names the callee, or says that all are nearer to usual."""
    told = says(HarmBegins(), slow, "shop")
    assert told is not None
    assert told.endswith("; its callee store is as bad")
    calm = inquiry(recorded({**SLOW_STORE, ("store", "latency_ms"): (10.0, 10.0)}, CALLS))
    healthy = says(HarmBegins(), calm, "shop")
    assert healthy is not None
    assert healthy.endswith("; its callees are nearer to usual")


def test_only_harm_of_the_symptoms_kind_counts() -> None:
    """Web fails; that mail is slow does not make it fail."""
    levels = {
        ("web", "errors"): (1.0, 90.0),
        ("store", "errors"): (1.0, 80.0),
        ("mail", "latency_ms"): (5.0, 500.0),
        ("mail", "errors"): (1.0, 1.0),
    }
    found = scores(HarmBegins(), inquiry(recorded(levels, (("web", "store"), ("web", "mail")), symptom="web")))
    assert found["mail"] < 0.5
    assert found["store"] > 2.0


def test_who_has_no_metric_of_the_symptoms_kind_is_judged_by_what_it_has() -> None:
    """Store counts no errors; its latency explains why shop fails."""
    levels = {("shop", "errors"): (1.0, 90.0), ("store", "latency_ms"): (10.0, 900.0)}
    found = scores(HarmBegins(), inquiry(recorded(levels, (("shop", "store"),), symptom="shop")))
    assert found["store"] > 3.0
    assert found["shop"] < 1.0


def test_an_improvement_is_no_harm() -> None:
    """Latency that fell."""
    assert scores(HarmBegins(), inquiry(recorded({("web", "latency_ms"): (100.0, 5.0)})))["web"] == 0.0


def test_harm_that_no_caller_feels_spreads_nowhere(slow: Inquiry) -> None:
    """Store's reaches shop; web has no caller."""
    found = scores(HarmSpreads(), slow)
    assert found["store"] > 3.0
    assert found["web"] == 0.0
    told = says(HarmSpreads(), slow, "store")
    assert told is not None
    assert told.startswith("store is called by shop, where latency_ms of shop went from")
    assert says(HarmSpreads(), slow, "web") is None


def test_who_has_more_traffic_is_excused() -> None:
    """Three times the requests and more latency: below 0. The same latency at usual traffic: 0."""
    levels = {
        ("store", "requests"): (100.0, 300.0),
        ("store", "latency_ms"): (10.0, 60.0),
        ("mail", "requests"): (100.0, 100.0),
        ("mail", "latency_ms"): (10.0, 60.0),
    }
    asked = inquiry(recorded(levels))
    assert scores(Overload(), asked)["store"] < -1.0
    assert scores(Overload(), asked)["mail"] == 0.0
    assert says(Overload(), asked, "store") is not None
    assert says(Overload(), asked, "mail") is None


def test_the_cause_moves_with_the_symptom(slow: Inquiry) -> None:
    """Mail does not; the symptom gets no more than the best of the others."""
    found = scores(SymptomCorrelation(), slow)
    assert found["store"] > found["mail"]
    assert found["web"] <= max(found["store"], found["shop"])
    told = says(SymptomCorrelation(), slow, "store")
    assert told is not None
    assert "latency_ms of store moves with the symptom" in told
    assert says(SymptomCorrelation(), slow, "web") is None


def test_latency_that_callees_explain_is_no_residual(slow: Inquiry) -> None:
    """Store gained 290 ms by itself, shop 10 ms beyond it."""
    found = scores(Residual(), slow)
    assert found["store"] == 1.0
    assert found["shop"] < 0.1
    told = says(Residual(), slow, "store")
    assert told is not None
    assert "do not come from its callees" in told
    assert says(Residual(), slow, "mail") is None or found["mail"] < 0.01


def test_who_sends_nothing_any_more_is_silent() -> None:
    """Two of its three series stopped."""
    levels = {
        ("store", "latency_ms"): (10.0, np.nan),
        ("store", "requests"): (10.0, np.nan),
        ("store", "cpu_usage"): (0.2, 0.2),
        ("web", "latency_ms"): (10.0, 10.0),
    }
    asked = inquiry(recorded(levels))
    assert scores(Silence(), asked) == {"store": pytest.approx(2 / 3), "web": 0.0}
    assert says(Silence(), asked, "store") == "2 of 3 series of store stopped"
    assert says(Silence(), asked, "web") is None


def test_the_first_to_leave_its_range_is_earliest(slow: Inquiry) -> None:
    """All of a step are equal; who never left says nothing."""
    found = scores(Earliest(), slow)
    assert found["store"] == found["shop"] == 1.0
    assert found["mail"] == 0.0
    told = says(Earliest(), slow, "store")
    assert told is not None
    assert told.startswith("store was among the first of 3 entities")
    assert says(Earliest(), slow, "mail") is None


def test_an_instance_unlike_its_siblings_is_odd() -> None:
    """One of three; where all are alike nobody is."""
    one = {(f"web-{at}", "latency_ms"): (10.0, 200.0 if at == 1 else 10.0) for at in range(3)}
    every = {(f"web-{at}", "latency_ms"): (10.0, 200.0) for at in range(3)}
    asked = inquiry(recorded(one))
    assert scores(OddSibling(), asked)["web-1"] > 2.0
    assert scores(OddSibling(), inquiry(recorded(every)))["web-1"] < 0.5
    told = says(OddSibling(), asked, "web-1")
    assert told is not None
    assert "its sibling web-" in told


def test_who_has_no_siblings_is_not_compared() -> None:
    """Nothing to say."""
    asked = inquiry(recorded({("store", "latency_ms"): (10.0, 200.0)}))
    assert scores(OddSibling(), asked) == {"store": 0.0}
    assert says(OddSibling(), asked, "store") is None
