"""The demonstration: a simulated world and a real runtime, with three faults that end in three ways.

Only the world is simulated. Kafka, Ray, the journal, the executor's HTTP calls and the console's API, which receives
the approval, are real. The final figures come from the journal, the ledger and the world's ground truth.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from aiops.adapters.clock import SystemClock
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.ledger_report import account
from aiops.adapters.status_file import read_status
from aiops.apps.demo_setup import DOMAIN, HISTORY, INTERVAL, SEED, Act, demonstration_settings, free_port, write_bundle
from aiops.apps.system import MakePages, MakeSystem, Report
from aiops.console.access import kept_token
from aiops.control.record.audit_chain import verify
from aiops.model.codec import decode
from aiops.model.durations import SECOND
from aiops.model.errors import TemporaryError
from aiops.model.incidents import Incident, IncidentState
from aiops.model.journal import JournalRow
from aiops.model.outcomes import OutcomeKind
from simulations.faults.registry import make
from simulations.live.live_world import LiveSettings, LiveWorld
from simulations.world.estate import load
from simulations.world.layout import Layout
from simulations.world.world import World

_FINISH_SECONDS = 150.0
_APART_SECONDS = 25.0
"""Minimum time between two faults; keeps their incidents apart."""


@dataclass
class Played:
    """The course of one act."""

    act: Act
    injected_at: int
    tick: int
    incident: Incident | None = None
    closed: bool = False
    """The incident ended as the act expects."""
    asked_at: int | None = None
    approved_by: str = ""
    repaired_at: int | None = None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Final figures of the demonstration."""

    ledger_difference: int
    ledger_items: int
    membership_difference: int
    audit_ok: bool
    audit_rows: int
    value_lost: float
    value_lost_unhealed: float
    minutes_broken: float
    minutes_broken_unhealed: float
    currency: str


@dataclass
class Demonstration:
    """Starts a world and a runtime, plays the acts, computes the final figures, and stops everything.

    Args:
        folder: state of the demonstration; the state of an earlier run is removed.
        make: makes the runtime.
        make_pages: makes console, metrics and watchdog.
        report: called with progress messages.
    """

    folder: Path
    make: MakeSystem
    make_pages: MakePages
    report: Report
    played: list[Played] = field(default_factory=list)

    def start(self) -> None:
        """Start broker, Ray, runtime, console, and the world with its history.

        Raises:
            TemporaryError: the shards have not read the history within a minute.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.estate = load()
        port = free_port()
        self.settings = demonstration_settings(self.folder, f"http://127.0.0.1:{port}/actions")
        write_bundle(self.folder / "bundle", Layout(self.estate))
        (self.folder / "aiops.yaml").write_text(yaml.safe_dump(json.loads(self.settings.model_dump_json())))
        self.serving = self.make_pages(self.settings)
        self.runtime = self.make(self.settings, self.report)
        self.runtime.start()
        self.serving.start(self.runtime.bootstrap)
        self.reader = SqlJournalReader(SqlJournal(sqlite_url(self.settings.state)).engine)
        self.report(f"a shop of {len(self.estate.services)} services with {HISTORY // 60} minutes of history")
        live = LiveSettings(history_seconds=HISTORY, interval=INTERVAL, port=port, seed=SEED)
        self.world = LiveWorld(
            self.estate,
            KafkaPythonProducer(self.runtime.bootstrap, security=self.settings.kafka),
            SystemClock(),
            settings=live,
            topics=self.settings.topics,
        ).start()
        self._wait_until_current()

    def stop(self) -> None:
        """Stop everything. The journal is kept."""
        for end in ("world", "serving", "runtime"):
            part = getattr(self, end, None)
            if part is not None:
                part.stop()

    # ------------------------------------------------------------------------------------------------- playing

    def play(self, act: Act, *, person: Callable[[Incident], bool | None], refresh: Callable[[], None]) -> Played:
        """Inject the fault. Watch until its incident has ended or is being verified, at most ``act.seconds``.

        Args:
            act: the fault.
            person: called once for a plan that waits for approval; True, False, or None for no answer.
            refresh: called about twice a second.
        """
        truth = self.world.truth()
        played = Played(act, SystemClock().now(), (truth["at"] - truth["start"]) // SECOND)
        self.played.append(played)
        self.world.inject(act.fault, act.settings)
        earliest = time.monotonic() + _APART_SECONDS

        def over() -> bool:
            return played.closed or (time.monotonic() >= earliest and _only_verifying(played))

        self._watch(act.seconds, over, person=person, refresh=refresh)
        return played

    def finish(self, *, person: Callable[[Incident], bool | None], refresh: Callable[[], None]) -> None:
        """Watch until every incident has ended as expected, at most ``_FINISH_SECONDS``."""
        self._watch(
            _FINISH_SECONDS, lambda: all(played.closed for played in self.played), person=person, refresh=refresh
        )

    def _watch(
        self,
        seconds: float,
        over: Callable[[], bool],
        *,
        person: Callable[[Incident], bool | None],
        refresh: Callable[[], None],
    ) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not over():
            refresh()
            for played in self.played:
                if not played.closed:
                    self._observe(played, person)
            time.sleep(0.5)

    def incidents(self) -> list[Incident]:
        """All incidents, newest last."""
        found = {**self.reader.documents("incident", DOMAIN), **self.reader.archived("incident", domain=DOMAIN)}
        return sorted((decode(Incident, body) for body in found.values()), key=lambda i: i.opened_at)

    def _observe(self, played: Played, person: Callable[[Incident], bool | None]) -> None:
        act = played.act
        known = self.incidents()
        # A merged incident counts as the incident that it was merged into.
        names = {i.merged_into or i.id for i in known if i.opened_at >= played.injected_at}
        mine = [i for i in known if i.id in names and i.merged_into is None and _about(i, act)]
        if not mine:
            return
        incident = played.incident = mine[-1]
        if incident.state is IncidentState.AWAITING_APPROVAL and played.asked_at is None:
            played.asked_at = SystemClock().now()
            answer = person(incident)
            played.approved_by = "you" if answer is not None else "the demonstration"
            self._answer(incident, "reject" if answer is False else "approve")
        if act.ending == "escalated":
            played.closed = incident.state is IncidentState.ESCALATED
        else:
            asked = played.asked_at is not None
            healed = incident.state is IncidentState.RESOLVED and incident.ended_as is OutcomeKind.HEALED
            played.closed = healed and asked == (act.ending == "approved")
        if played.closed:
            played.repaired_at = incident.closed_at

    def _answer(self, incident: Incident, word: str) -> None:
        """Approve or reject through the console's API."""
        place = f"{self.serving.console_url.rstrip('/')}/api/incidents/{incident.id}"
        token = {"Authorization": f"Bearer {kept_token(self.settings.state)}"}
        story = httpx.get(place, headers=token, timeout=10).json()
        seen = {"seen": story["seen"]} if word == "approve" else {}
        response = httpx.post(f"{place}/{word}", headers=token, json=seen, timeout=10)
        if not response.is_success:
            raise TemporaryError(f"{place}/{word} answers {response.status_code}: {response.text[:200]}")

    def _wait_until_current(self) -> None:
        """Wait until the shards have read the history."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status = self.status()
            shards = status.get("shards", [])
            lags = [lag for shard in shards for lag in shard.get("lag", {}).values()]
            counted = sum(line["items"] for shard in shards for line in shard.get("ledger", []))
            if counted and lags and max(lags) < 50:
                return
            time.sleep(0.5)
        raise TemporaryError("the shards have not read the world's history within a minute; see the runtime's log")

    def status(self) -> dict[str, Any]:
        """The runtime's status; empty if there is none."""
        return read_status(self.settings.state) or {}

    # ------------------------------------------------------------------------------------------------- judging

    def verdicts(self) -> Verdicts:
        """Ledger, membership and audit, and the value lost compared with the same world without healing."""
        time.sleep(2.0)
        status = self.status()
        accounting = account(self.settings, status)
        rows = self._rows()
        truth = self.world.truth()
        unhealed = self._unhealed((truth["at"] - truth["start"]) // SECOND)
        return Verdicts(
            ledger_difference=accounting.report.difference,
            ledger_items=sum(line["items"] for shard in status["shards"] for line in shard.get("ledger", [])),
            membership_difference=int(status["orchestration"].get("membership_difference", -1)),
            audit_ok=verify(rows).fault is None,
            audit_rows=len(rows),
            value_lost=truth["value_lost"],
            value_lost_unhealed=unhealed.truth.value_lost,
            minutes_broken=sum(truth["minutes_violated"].values()),
            minutes_broken_unhealed=sum(unhealed.truth.minutes_violated().values()),
            currency=truth["currency"],
        )

    def _rows(self) -> list[JournalRow]:
        rows: list[JournalRow] = []
        while page := self.reader.rows(rows[-1].number if rows else 0, 2000, domain=DOMAIN):
            rows += page
        return rows

    def _unhealed(self, ticks: int) -> World:
        """The same world with the same faults at the same seconds, without actions."""
        world = World(self.estate, SEED, self.world.truth()["start"])
        for played in self.played:
            world.inject(make(played.act.fault, played.act.settings), delay_seconds=played.tick)
        world.run(ticks)
        return world

    def left_over(self) -> dict[str, str]:
        """Description to command, for further inspection."""
        config = f"AIOPS_CONFIG={self.folder / 'aiops.yaml'}"
        ids = [p.incident.id for p in self.played if p.incident is not None]
        return {
            "one incident in full": f"{config} .venv/bin/aiops incidents {ids[0] if ids else ''}".strip(),
            "verify every decision": f"{config} .venv/bin/aiops audit verify",
            "start it again, with pages in a browser": f"{config} .venv/bin/aiops up",
        }


def _only_verifying(played: Played) -> bool:
    return played.incident is not None and played.incident.state is IncidentState.VERIFYING


def _about(incident: Incident, act: Act) -> bool:
    """Whether the first hypothesis, or without a diagnosis the members, include a root of the act."""
    causes = incident.diagnosis.hypotheses[:1] if incident.diagnosis is not None else ()
    named = {cause.entity for cause in causes} or set(incident.entities)
    return bool(named & set(act.roots))
