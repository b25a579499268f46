"""Witnesses that read alerts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from aiops.model.durations import MINUTE
from aiops.model.entities import Edge
from tests.unit.topology.evidence.recorded import inquiry
from topology.cases.case import ALERTS, Case
from topology.testimony.alerts import AlertCount, BadAlerts, Complaints, RareAlerts
from topology.testimony.inquiry import Inquiry


def raised(
    *alerts: tuple[str, str], calls: tuple[tuple[str, str], ...] = (), slow: tuple[tuple[str, str], ...] = ()
) -> Inquiry:
    """Alerts as (entity, name); ``slow``: calls with an alert."""
    rows: list[tuple[object, ...]] = [(None, entity, "metric", name, None) for entity, name in alerts]
    rows += [(None, caller, "trace", "GET /:PD", callee) for caller, callee in slow]
    table = pl.DataFrame(rows, schema=ALERTS, orient="row")
    edges = tuple(Edge(caller, callee) for caller, callee in calls)
    return inquiry(Case("alerts", 0, 0, MINUTE, alerts=table, edges=edges))


def of(asked: Inquiry, values: np.ndarray) -> dict[str, float]:
    return dict(zip(asked.names, values.tolist(), strict=True))


def test_what_everybody_has_tells_little() -> None:
    """Memory of one beats disk of all."""
    asked = raised(("a", "disk_usage:up"), ("b", "disk_usage:up"), ("c", "disk_usage:up"), ("c", "memory_usage:up"))
    found = of(asked, RareAlerts().scores(asked))
    assert found["c"] > 1.5 * found["a"]
    assert found["a"] == found["b"]
    told = RareAlerts().says(asked, asked.number["c"])
    assert told == "c has disk_usage up, memory_usage up, which few others have"


def test_many_names_of_one_resource_count_once() -> None:
    """Ten figures of memory are one kind."""
    one = raised(("a", "memory_rss:up"), ("b", "disk_usage:up"))
    ten = raised(*(("a", f"memory_rss_{at}:up") for at in range(10)), ("b", "disk_usage:up"))
    assert RareAlerts().scores(ten) == pytest.approx(RareAlerts().scores(one))


def test_a_kind_that_a_sibling_has_too_is_not_the_instances_own() -> None:
    """Both webs have more latency; only one has its processor full."""
    asked = raised(("web-0", "latency:up"), ("web-1", "latency:up"), ("web-1", "cpu_usage:up"), ("db", "x:up"))
    found = of(asked, RareAlerts().scores(asked))
    assert found["web-0"] == 0.0
    assert found["web-1"] > 0.5


def test_only_the_worse_direction_is_bad() -> None:
    """Less latency is none; more is."""
    asked = raised(("a", "latency:down"), ("b", "latency:up"))
    found = of(asked, BadAlerts().scores(asked))
    assert found["a"] == 0.0
    assert found["b"] > 0.0
    assert BadAlerts().says(asked, asked.number["b"]) == "b got worse: latency up"
    assert BadAlerts().says(asked, asked.number["a"]) is None


def test_alerts_are_counted() -> None:
    """Two of three."""
    asked = raised(("a", "x:up"), ("a", "y:up"), ("b", "x:up"))
    assert of(asked, AlertCount().scores(asked)) == {"a": pytest.approx(np.log(3)), "b": pytest.approx(np.log(2))}
    assert AlertCount().says(asked, asked.number["a"]) == "2 of 3 alerts are of a"


def test_a_callee_is_blamed_by_the_share_of_its_callers() -> None:
    """All of store's callers complain, one of mail's two."""
    calls = (("a", "store"), ("b", "store"), ("a", "mail"), ("b", "mail"))
    asked = raised(calls=calls, slow=(("a", "store"), ("b", "store"), ("a", "mail")))
    found = of(asked, Complaints().scores(asked))
    assert (found["store"], found["mail"], found["a"]) == (1.0, 0.5, 0.0)
    assert Complaints().says(asked, asked.number["store"]) == "calls to store raised alerts at a, b"
    assert Complaints().says(asked, asked.number["a"]) is None


def test_a_complaint_over_an_unknown_call_counts() -> None:
    """The graph does not have it."""
    asked = raised(slow=(("a", "store"),))
    assert of(asked, Complaints().scores(asked))["store"] == 1.0


@pytest.mark.parametrize("witness", [RareAlerts(), BadAlerts(), AlertCount(), Complaints()])
def test_without_alerts_nobody_speaks(witness: AlertCount) -> None:
    """A candidate without any gets 0 and no sentence."""
    asked = (
        raised(calls=(("a", "b"),), slow=(("a", "b"),))
        if not isinstance(witness, Complaints)
        else raised(("a", "x:up"))
    )
    assert not witness.scores(asked).any()
    assert witness.says(asked, 0) is None
