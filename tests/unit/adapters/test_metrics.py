"""Metrics for Prometheus: folded from status and journal, and never a failed scrape."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from aiops.adapters.metrics import RuntimeMetrics
from aiops.console.commands import Commands
from aiops.model.plans import Oversight
from tests.unit.console.estate import LoopClock, hand_over, waiting
from tests.unit.control.fakes import SECOND, Loop, settings

Sample = tuple[str, frozenset[tuple[str, str]]]


def status(loop: Loop) -> dict[str, Any]:
    line = {"topic": "otlp_metrics", "partition": 0, "records": 2, "items": 10, "forwarded": 0}
    endings = {"learned": 9, "dead-letter": 1}
    return {
        "at": loop.at,
        "shards": [
            {
                "shard": 0,
                "alive_at": loop.at - 2 * SECOND,
                "slots": {"0": 1, "1": 1},
                "lag": {"otlp_metrics/0": 7},
                "records": 2,
                "snapshots": 3,
                "ledger": [{**line, "endings": endings}],
            },
            {"shard": 1, "error": "gone"},
        ],
        "orchestration": {"alive_at": loop.at, "epoch": 4, "entries": 99, "waiting": 1, "halted": False, "ledger": []},
    }


def scraped(metrics: RuntimeMetrics) -> dict[Sample, float]:
    registry = CollectorRegistry()
    registry.register(metrics)
    text = generate_latest(registry).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def at(found: dict[Sample, float], name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def metrics_over(loop: Loop, said: dict[str, Any] | None) -> RuntimeMetrics:
    return RuntimeMetrics(lambda: said, loop.journal, LoopClock(loop), difference=lambda: 0)


def test_everything_that_the_parts_say_is_a_figure() -> None:
    """Lag, endings, ages, slots, snapshots, epoch, incidents and pages."""
    loop = waiting()

    found = scraped(metrics_over(loop, status(loop)))

    assert at(found, "aiops_up") == 1
    assert at(found, "aiops_orchestrator_epoch") == 4
    assert at(found, "aiops_journal_entries_total") == 99
    assert at(found, "aiops_shard_age_seconds", shard="0") == 2
    assert at(found, "aiops_shard_age_seconds", shard="1") is None
    assert at(found, "aiops_shard_slots", shard="0") == 2
    assert at(found, "aiops_lag_records", topic="otlp_metrics", partition="0") == 7
    assert at(found, "aiops_units_total", topic="otlp_metrics", ending="dead-letter") == 1
    assert at(found, "aiops_units_read_total", topic="otlp_metrics") == 10
    assert at(found, "aiops_ledger_difference") == 0
    assert at(found, "aiops_incidents", state="awaiting-approval") == 1
    assert at(found, "aiops_incidents", state="open") == 0
    assert at(found, "aiops_pages", state="delivered") == 1
    assert at(found, "aiops_incidents_ended_total", outcome="healed") == 0


def test_an_incident_that_ended_is_counted_once_over_scrapes_and_its_archiving() -> None:
    """Resolved, scraped, archived, scraped: one."""
    loop = Loop(settings())
    loop.oversight.level = Oversight.ONE_APPROVER
    held = loop.abnormal("pay")
    loop.wait(5)
    metrics = metrics_over(loop, None)
    Commands(loop.journal, loop.journal, LoopClock(loop)).approve("INC-1", "ann")
    hand_over(loop)
    assert at(scraped(metrics), "aiops_incidents_ended_total", outcome="healed") == 1

    loop.well(held)
    loop.wait(settings().control.settle_seconds + 60)
    assert not loop.journal.documents("incident")
    assert at(scraped(metrics), "aiops_incidents_ended_total", outcome="healed") == 1


def test_a_silent_or_missing_runtime_is_down() -> None:
    """No status, an old one, and a troubled one."""
    loop = waiting()
    old, troubled = status(loop), status(loop)
    old["orchestration"]["alive_at"] -= 60 * SECOND
    troubled["orchestration"]["error"] = "the database is full"

    for said in (None, old, troubled):
        assert at(scraped(metrics_over(loop, said)), "aiops_up") == 0


def test_a_status_that_makes_no_sense_does_not_fail_the_scrape() -> None:
    """The journal's figures still come."""
    loop = waiting()

    found = scraped(metrics_over(loop, {"orchestration": {}, "shards": [{}]}))

    assert at(found, "aiops_incidents", state="awaiting-approval") == 1
