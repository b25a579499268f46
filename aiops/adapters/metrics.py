"""The runtime's own Prometheus metrics, computed from its status and journal at each scrape."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from aiops.control.state.documents import PageRecord
from aiops.control.state.lifecycle import LAST
from aiops.model.codec import decode
from aiops.model.durations import SECOND
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import AiopsError
from aiops.model.incidents import Incident, IncidentState
from aiops.model.outcomes import OutcomeKind
from aiops.ports import Clock, JournalReader

_LOG = structlog.get_logger(__name__)
_REMEMBERED = 20_000
"""Number of counted incidents that are remembered."""
_ARCHIVED = 500
"""Archived incidents read per scrape. If more close between two scrapes, the excess is not counted."""

Family = GaugeMetricFamily | CounterMetricFamily


class RuntimeMetrics(Collector):
    """Collector of all runtime metrics. ``collect`` leaves out metrics that cannot be read.

    Args:
        status: returns the runtime's last status; None: there is none.
        reader: reads the journal.
        clock: for ages.
        difference: returns the ledger's difference; None: unknown.
        domain: domain of the incidents.
    """

    def __init__(
        self,
        status: Callable[[], Mapping[str, Any] | None],
        reader: JournalReader,
        clock: Clock,
        *,
        difference: Callable[[], int | None],
        domain: str = MAIN_DOMAIN,
    ) -> None:
        self._status, self._reader, self._clock = status, reader, clock
        self._difference, self._domain = difference, domain
        self._counted: OrderedDict[str, None] = OrderedDict()
        self._outcomes: Counter[str] = Counter()

    def collect(self) -> Iterator[Family]:
        """All metric families."""
        for part in (self._of_status, self._of_journal):
            try:
                yield from part()
            except (AiopsError, ValueError, KeyError, TypeError) as error:
                _LOG.warning("metrics_left_out", part=part.__name__, reason=str(error)[:300])

    def _of_status(self) -> Iterable[Family]:
        status = self._status()
        up = _gauge("aiops_up", "1 while the control plane works.")
        if status is None:
            up.add_metric([], 0)
            return [up]
        control = status["orchestration"]
        fresh = self._clock.now() - control.get("alive_at", 0) < 15 * SECOND
        up.add_metric([], float(fresh and not control.get("error")))
        epoch = _gauge("aiops_orchestrator_epoch", "Epoch of the orchestrator.")
        epoch.add_metric([], control.get("epoch", 0))
        entries = CounterMetricFamily("aiops_journal_entries", "Entries of the journal.")
        entries.add_metric([], control.get("entries", 0))
        waiting = _gauge("aiops_orchestrator_waiting", "Effects that wait for their outcome.")
        waiting.add_metric([], control.get("waiting", 0))
        halted = _gauge("aiops_halted", "1 while all new actions are halted.")
        halted.add_metric([], float(control.get("halted", False)))
        lines = [line for part in (*status["shards"], control) for line in part.get("ledger", ())]
        return [up, epoch, entries, waiting, halted, *self._shards(status["shards"]), *self._ledger(lines)]

    def _shards(self, shards: Iterable[Mapping[str, Any]]) -> Iterable[Family]:
        age = _gauge("aiops_shard_age_seconds", "Seconds since the shard last reported its status.", ["shard"])
        slots = _gauge("aiops_shard_slots", "Slots that the shard owns.", ["shard"])
        records = CounterMetricFamily("aiops_shard_records", "Records read since the process began.", labels=["shard"])
        snapshots = CounterMetricFamily(
            "aiops_shard_snapshots", "Snapshots made since the process began.", labels=["shard"]
        )
        lag = _gauge("aiops_lag_records", "Records at the broker that are not read yet.", ["topic", "partition"])
        now = self._clock.now()
        for shard in shards:
            name = [str(shard["shard"])]
            if shard.get("alive_at"):
                age.add_metric(name, max(0.0, (now - shard["alive_at"]) / 1e9))
            slots.add_metric(name, len(shard.get("slots", ())))
            records.add_metric(name, shard.get("records", 0))
            snapshots.add_metric(name, shard.get("snapshots", 0))
            for place, behind in shard.get("lag", {}).items():
                topic, _, partition = place.rpartition("/")
                lag.add_metric([topic, partition], behind)
        return [age, slots, records, snapshots, lag]

    def _ledger(self, lines: Iterable[Mapping[str, Any]]) -> Iterable[Family]:
        endings: Counter[tuple[str, str]] = Counter()
        items: Counter[str] = Counter()
        for line in lines:
            items[line["topic"]] += line["items"]
            for ending, count in line["endings"].items():
                endings[line["topic"], ending] += count
        ended = CounterMetricFamily("aiops_units", "Units of input by how they ended.", labels=["topic", "ending"])
        for (topic, ending), count in sorted(endings.items()):
            ended.add_metric([topic, ending], count)
        read = CounterMetricFamily("aiops_units_read", "Units of input that were read.", labels=["topic"])
        for topic, count in sorted(items.items()):
            read.add_metric([topic], count)
        difference = _gauge("aiops_ledger_difference", "Units lost or counted twice; must be 0.")
        known = self._difference()
        if known is not None:
            difference.add_metric([], known)
        return [ended, read, difference]

    def _of_journal(self) -> Iterable[Family]:
        current = [decode(Incident, body) for body in self._reader.documents("incident", self._domain).values()]
        states = _gauge("aiops_incidents", "Incidents that are not over, by state.", ["state"])
        count = Counter(incident.state for incident in current)
        for state in IncidentState:
            if state not in LAST:
                states.add_metric([state.value], count[state])
        pages = _gauge("aiops_pages", "Pages of incidents that are not archived yet.", ["state"])
        sent = Counter(_page(decode(PageRecord, b)) for b in self._reader.documents("page", self._domain).values())
        for name in ("undelivered", "delivered", "acknowledged"):
            pages.add_metric([name], sent[name])
        self._count(current)
        ended = CounterMetricFamily("aiops_incidents_ended", "Incidents that ended, by how.", labels=["outcome"])
        for outcome in _OUTCOMES:
            ended.add_metric([outcome], self._outcomes[outcome])
        return [states, pages, ended]

    def _count(self, current: Iterable[Incident]) -> None:
        """Count each ended incident once, also if it reopens and ends again."""
        archived = self._reader.archived("incident", _ARCHIVED, self._domain).values()
        for incident in (*current, *(decode(Incident, body) for body in archived)):
            if incident.state in LAST and incident.id not in self._counted:
                self._counted[incident.id] = None
                self._outcomes[_outcome(incident)] += 1
        while len(self._counted) > _REMEMBERED:
            self._counted.popitem(last=False)


_LABELS = {
    OutcomeKind.HEALED: "healed",
    OutcomeKind.CLEARED: "cleared",
    OutcomeKind.CLEARED_WITH_PERSON: "cleared",
    OutcomeKind.SHADOW: "shadow",
    OutcomeKind.CLOSED_BY_PERSON: "closed by a person",
    OutcomeKind.LEFT_WITH_PERSON: "left with a person",
    OutcomeKind.NOT_HEARD_AGAIN: "not heard of again",
}
"""Kind of an outcome to its label."""
_OUTCOMES = (*dict.fromkeys(_LABELS.values()), "merged", "other")


def _outcome(incident: Incident) -> str:
    """The label of an incident's outcome."""
    if incident.state is IncidentState.MERGED:
        return "merged"
    return "other" if incident.ended_as is None else _LABELS.get(incident.ended_as, "other")


def _page(record: PageRecord) -> str:
    if record.acknowledged_by:
        return "acknowledged"
    return "delivered" if record.delivered else "undelivered"


def _gauge(name: str, about: str, labels: list[str] | None = None) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, labels=labels)


def serve(metrics: Collector, host: str, port: int) -> tuple[int, Callable[[], None]]:
    """Serve ``/metrics`` in a thread. Returns its port (``port`` 0: a free one) and a function that stops it.

    Raises:
        OSError: the port is in use.
    """
    registry = CollectorRegistry()
    registry.register(metrics)
    server, thread = start_http_server(port, host, registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(5)

    return server.server_port, stop
