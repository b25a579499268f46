"""Senders that stop, and what stops around them: outages, scaling to zero, a Collector that restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.episodes import Episode, SignalDirection
from aiops.model.records import FetchedRecords, TopicPartition
from tests.unit.agents.monitoring.telemetry import SECOND, T0, settings

SOURCE = TopicPartition(settings().topics.otlp_metrics, 0)
Speaking = Callable[[str, float], bool]


def export(service: str, second: float, figures: Iterable[tuple[str, float]], instance: str = "") -> bytes:
    """Gauges of a service, or of its only instance."""
    made = ExportMetricsServiceRequest()
    resource = made.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    if instance:
        resource.resource.attributes.add(key="service.instance.id").value.string_value = instance
    scope = resource.scope_metrics.add()
    for name, value in figures:
        point = scope.metrics.add(name=name).gauge.data_points.add(time_unix_nano=T0 + int(second * SECOND))
        point.as_double = value
    return made.SerializeToString()


class Estate:
    """Services that export at an interval, each at its own phase, until ``speaking`` says no."""

    def __init__(self, services: Iterable[str], every: float = 60.0) -> None:
        self.agent = MonitoringAgent(settings())
        self.agent.adopt(0, 1)
        self.every, self.second, self.offset = every, 0, 0
        self.services = list(services)
        self.due = {service: every * place / len(self.services) for place, service in enumerate(self.services)}
        self.desired: dict[str, float] = {}

    def run(self, until: int, speaking: Speaking = lambda _service, _second: True) -> list[tuple[int, Episode]]:
        """Episodes with the second in which they were told."""
        told: list[tuple[int, Episode]] = []
        for second in range(self.second, until):
            for service in self.services:
                while self.due[service] <= second:
                    moment = self.due[service]
                    self.due[service] += self.every
                    if speaking(service, moment):
                        told += [(second, one) for one in self._give(service, moment, second)]
            for service, desired in self.desired.items() if second % 30 == 0 else ():
                value = export(service, second, [("k8s.deployment.desired", desired)])
                told += [(second, one) for one in self._read(value, second)]
            told += [(second, one) for one in self.agent.tick(T0 + second * SECOND, lag_is_small=True).episodes]
        self.second = until
        return told

    def _give(self, service: str, moment: float, second: int) -> list[Episode]:
        figures = [("queue.length", 10 + moment * 7 % 3), ("process.threads", 20 + moment * 5 % 2)]
        return self._read(export(service, moment, figures, "1"), second)

    def _read(self, value: bytes, second: int) -> list[Episode]:
        fetched = FetchedRecords(SOURCE, (self.offset,), (value,), (None,), (T0 + second * SECOND,))
        self.offset += 1
        return self.agent.handle([fetched], T0 + second * SECOND).episodes


def silent(told: Iterable[tuple[int, Episode]]) -> dict[str, int]:
    """Second in which each entity was first called silent."""
    found: dict[str, int] = {}
    for second, one in told:
        if one.entity != RUNTIME_ENTITY and any(s.direction is SignalDirection.SILENT for s in one.signals):
            found.setdefault(one.entity, second)
    return found


def test_a_service_that_dies_is_found_within_two_exports_of_a_minute() -> None:
    """Also where every export takes a little longer than a minute."""
    for every in (60.0, 60.01):
        estate = Estate([f"s{number}" for number in range(5)], every)
        assert silent(estate.run(3600)) == {}
        found = silent(estate.run(4000, lambda service, _: service != "s2"))
        assert set(found) == {"s2"}
        assert found["s2"] - (estate.due["s2"] - every * ((4000 - 3600) // every + 1)) <= 2 * every + 60


def test_after_an_outage_the_next_pause_is_judged_as_before() -> None:
    """A service is away for two hours, returns, and is away again: it is found as fast the second time."""
    estate = Estate(["a", "b", "c", "d"], 20.0)
    estate.run(1200)
    first = silent(estate.run(8400, lambda service, _: service != "a"))["a"] - 1200
    estate.run(9600)
    second = silent(estate.run(9900, lambda service, _: service != "a"))["a"] - 9600
    assert second <= first + 20


def test_a_collector_that_restarts_is_one_blindness() -> None:
    """Half of the services stop for three minutes at the same moment: none is silent, and the runtime says why."""
    estate = Estate([f"s{number}" for number in range(24)])
    estate.run(2400)
    behind = {f"s{number}" for number in range(0, 24, 2)}
    told = estate.run(2700, lambda service, second: service not in behind or second >= 2580)
    told += estate.run(3000)
    assert silent(told) == {}
    blind = [one for _, one in told if one.entity == RUNTIME_ENTITY]
    assert {one.id for one in blind} == {blind[0].id}
    assert {signal.series for one in blind for signal in one.signals} == {
        "aiops.blind{topic=otlp_metrics,part=senders}"
    }
    assert blind[-1].ended_at is not None


def test_who_does_not_return_with_the_collector_is_silent() -> None:
    """A cut ends when most are back; the rest are judged then."""
    estate = Estate([f"s{number}" for number in range(24)])
    estate.run(2400)
    behind = {f"s{number}" for number in range(0, 24, 2)}
    told = estate.run(3000, lambda service, second: service not in behind or (second >= 2580 and service != "s4"))
    assert set(silent(told)) == {"s4"}


def test_single_deaths_in_a_large_estate_are_no_cut() -> None:
    """Two of 24 services die at the same moment: both are found."""
    estate = Estate([f"s{number}" for number in range(24)])
    estate.run(2400)
    assert set(silent(estate.run(2700, lambda service, _: service not in {"s3", "s8"}))) == {"s3", "s8"}


def test_what_was_scaled_to_zero_is_not_silent() -> None:
    """The cluster says that no instance is meant to run; of another service it says that three are."""
    estate = Estate(["web", "idle", "shop"])
    estate.desired = {"idle": 1.0, "shop": 3.0}
    estate.run(2400)
    estate.desired = {"idle": 0.0, "shop": 3.0}
    found = silent(estate.run(2700, lambda service, _: service == "web"))
    assert set(found) == {"shop"}


def test_a_cut_survives_a_restart() -> None:
    """A new process knows that a Collector is away, and calls nobody silent."""
    estate = Estate([f"s{number}" for number in range(24)])
    estate.run(2400)
    behind = {f"s{number}" for number in range(0, 24, 2)}
    told = estate.run(2520, lambda service, _: service not in behind)
    snapshot = estate.agent.snapshot(0)
    estate.agent = MonitoringAgent(settings())
    estate.agent.adopt(0, 2, [snapshot])
    told += estate.run(2600, lambda service, _: service not in behind)
    assert silent(told) == {}
