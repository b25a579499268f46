"""CloudEvents of the estate's other systems: CMDB records at the start, changes, tickets, alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.model import cloudevents
from aiops.model.durations import SECOND
from aiops.model.entities import Criticality, Edge, EdgeKind, Item, Objective
from aiops.model.prose import Prose
from aiops.model.reports import Change, Ticket
from aiops.model.times import rfc3339
from simulations.world.layout import Layout
from simulations.world.streams import stream

if TYPE_CHECKING:
    from simulations.world.world import World

TICKET_SECONDS = 30
"""How often users are asked whether somebody complains."""
ALERT_AFTER = 120
"""An SLO must be violated, or kept, for this many seconds before its alert changes."""
_COMPLAINTS = (
    ("{service} does not work", "I get errors from {service} since a few minutes."),
    ("Page keeps loading", "Nothing happens when I click. I tried again several times."),
    ("Error on {service}", "{service} says: something went wrong, try again later."),
    ("Shop unusable", "It is impossible to finish what I started. Please help."),
)
_UNREACHABLE = (
    ("Cannot reach the shop from {site}", "The browser says: server not found. Colleagues elsewhere have no trouble."),
    ("Address not found", "We are in {site} and the shop's name cannot be resolved, neither by cable nor by radio."),
)


def items(layout: Layout) -> list[Item]:
    """All configuration items: services, instances, hosts, agents, zones, sites."""
    estate, fixed = layout.estate, layout.fixed
    found = [Item(zone, "zone", "platform", Criticality.HIGH) for zone in layout.zones]
    found += [Item(site, "site", "platform", Criticality.MEDIUM) for site in layout.sites]
    for h, host in enumerate(layout.hosts):
        zone = layout.zones[h // estate.hosts_per_zone]
        found.append(Item(host, "host", "platform", Criticality.HIGH, failure_domain=zone))
        found.append(Item(f"agent-{host}", "agent", "platform", Criticality.LOW, failure_domain=zone))
    for n, service in enumerate(layout.services):
        objectives: tuple[Objective, ...] = ()
        if service.slo is not None:
            objectives = (
                Objective("availability", service.slo.availability),
                Objective("latency", 0.95, "latency", service.slo.latency_ms),
            )
        found.append(
            Item(
                service.id,
                service.kind,
                service.owner,
                service.criticality,
                service.value_per_minute,
                objectives,
                service.replicas,
            )
        )
        if service.kind == "external":
            continue
        for i in range(fixed.first[n], fixed.first[n] + service.replicas):
            zone = layout.zones[fixed.zone[i]]
            found.append(Item(layout.instances[i], "instance", service.owner, service.criticality, failure_domain=zone))
    return found


def edges(layout: Layout) -> list[Edge]:
    """All dependencies; ``source`` needs ``target``."""
    estate, fixed = layout.estate, layout.fixed
    found: list[Edge] = []
    for h, host in enumerate(layout.hosts):
        found.append(Edge(host, layout.zones[h // estate.hosts_per_zone], EdgeKind.PART_OF))
        found.append(Edge(f"agent-{host}", host, EdgeKind.RUNS_ON))
    stores = {service.id for service in layout.services if service.kind in ("database", "cache", "queue")}
    for n, service in enumerate(layout.services):
        needs = {call.to for call in service.calls} | {c.unless_cached_in for c in service.calls if c.unless_cached_in}
        needs |= {service.consumes} if service.consumes else set()
        found += [Edge(service.id, to, EdgeKind.USES if to in stores else EdgeKind.CALLS) for to in sorted(needs)]
        if service.kind == "external":
            continue
        for i in range(fixed.first[n], fixed.first[n] + service.replicas):
            found.append(Edge(layout.instances[i], service.id, EdgeKind.PART_OF))
            found.append(Edge(layout.instances[i], layout.hosts[fixed.host[i]], EdgeKind.RUNS_ON))
    return found


class Reporter:
    """Collects CloudEvents until ``drain`` is called."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events: list[dict[str, Any]] = []
        self._numbers = {"change": 0, "ticket": 0}
        self._broken = np.zeros(len(world.truth.services), dtype=np.int64)
        self._firing: dict[int, int] = {}
        outgoing: dict[str, list[Edge]] = {}
        for edge in edges(world.layout):
            outgoing.setdefault(edge.source, []).append(edge)
        for item in items(world.layout):
            self._events.append(cloudevents.of_item(item, tuple(outgoing.get(item.id, ())), world.now))

    def drain(self) -> list[dict[str, Any]]:
        """All events since the last call, in order."""
        drained, self._events = self._events, []
        return drained

    def change(self, entity: str, kind: str, summary: str, *, version: int | None = None) -> None:
        """Adds a change event."""
        self._numbers["change"] += 1
        name = f"change-{self._numbers['change']:04d}"
        stated = "" if version is None else str(version)
        change = Change(name, entity, self._world.now, kind, Prose(summary), author="pipeline", version=stated)
        self._events.append(cloudevents.of_change(change))

    def listen(self) -> None:
        """Adds tickets of users and alert changes; called once a tick."""
        if self._world.tick % TICKET_SECONDS == TICKET_SECONDS - 1:
            self._complain()
        self._alert()

    def _complain(self) -> None:
        """One in 2,000 failed requests becomes a ticket, at most three per front and half a minute."""
        world = self._world
        fronts = len(world.fixed.front)
        luck = stream(world.seed, "tickets", world.tick).random((fronts, 3))
        site_luck = stream(world.seed, "tickets/sites", world.tick).random(len(world.layout.sites))
        served = world.truth.served[-TICKET_SECONDS:, :, :fronts].sum(axis=0)
        for f in range(fronts):
            expected = max(0.0, float(served[0, f] - served[1, f]) - 0.002 * float(served[0, f])) / 2000
            for n in range(3):
                if luck[f, n] < expected / 3:
                    title, text = _COMPLAINTS[int(luck[f, n] * 1e6) % len(_COMPLAINTS)]
                    service = world.layout.ids[world.fixed.front[f]]
                    self._ticket(title.format(service=service), text.format(service=service), service)
        for site, share in enumerate(world.knobs.site_fails):
            if site_luck[site] < 0.8 * share:
                title, text = _UNREACHABLE[int(site_luck[site] * 1e6) % len(_UNREACHABLE)]
                name = world.layout.sites[site]
                self._ticket(title.format(site=name), text.format(site=name), None)

    def _ticket(self, title: str, text: str, service: str | None) -> None:
        self._numbers["ticket"] += 1
        named = service if service is not None and service in title else None
        ticket = Ticket(f"ticket-{self._numbers['ticket']:05d}", self._world.now, Prose(title), Prose(text), item=named)
        self._events.append(cloudevents.of_ticket(ticket))

    def _alert(self) -> None:
        """An alert rule on each SLO: fires after two minutes of violation, resolves after two minutes without."""
        truth, now = self._world.truth, self._world.now
        broken = truth.violated[-1]
        self._broken = np.where(broken, np.maximum(self._broken, 0) + 1, np.minimum(self._broken, 0) - 1)
        for n in np.flatnonzero((self._broken == ALERT_AFTER) | (self._broken == -ALERT_AFTER)).tolist():
            if self._broken[n] > 0 and n not in self._firing:
                self._firing[n] = now - ALERT_AFTER * SECOND
                self._send_alert(n, self._firing[n], ended=None)
            elif self._broken[n] < 0 and n in self._firing:
                self._send_alert(n, self._firing.pop(n), ended=now)

    def _send_alert(self, n: int, since: int, ended: int | None) -> None:
        world = self._world
        service = world.truth.services[n]
        alert = {
            "status": "firing" if ended is None else "resolved",
            "labels": {"alertname": "PromiseBroken", "service": service, "severity": "critical"},
            "annotations": {"summary": f"{service} has broken its objective for two minutes"},
            "startsAt": rfc3339(since),
            "endsAt": "0001-01-01T00:00:00Z" if ended is None else rfc3339(ended),
            "fingerprint": f"promise-{service}-{since // SECOND}",
        }
        body = {"version": "4", "status": alert["status"], "receiver": "aiops", "alerts": [alert]}
        name = f"{alert['fingerprint']}/{alert['status']}"
        self._events.append(cloudevents.envelope(cloudevents.ALERTS, ("/alertmanager", name), body, at=world.now))
