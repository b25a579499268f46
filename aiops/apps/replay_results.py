"""Results of a replay, read from its journal: one incident per line, for people, the grader and other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiops.control.state.documents import EpisodeRecord
from aiops.control.state.transaction import refusal_in
from aiops.model.codec import decode
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.episodes import Episode
from aiops.model.incidents import Incident
from aiops.model.outcomes import as_fields
from aiops.model.refusals import RefusalKind
from aiops.model.times import rfc3339
from aiops.ports import JournalReader

INCIDENTS, SUMMARY = "incidents.jsonl", "replay.json"
_MOST = 1_000_000
_PAGE = 5_000


def found(reader: JournalReader, domain: str, end: int) -> list[dict[str, Any]]:
    """Every incident of the domain, oldest first, with its ranked causes and its episodes.

    Incidents that opened after ``end`` (ns, end of the recording) are left out: all sources are silent after it.
    """
    episodes: dict[str, list[Episode]] = {}
    for body in _documents(reader, "episode", domain).values():
        record = decode(EpisodeRecord, body)
        episodes.setdefault(record.incident, []).append(record.episode)
    incidents = [decode(Incident, body) for body in _documents(reader, "incident", domain).values()]
    incidents.sort(key=lambda incident: (incident.opened_at, incident.id))
    return [_incident(one, episodes.get(one.id, [])) for one in incidents if one.opened_at <= end]


def faults(reader: JournalReader, domain: str) -> int:
    """Number of events whose handling failed with an internal error; 0 is correct."""
    count = after = 0
    while rows := reader.rows(after, _PAGE, domain=domain):
        refusals = (refusal_in(row.entry) for row in rows)
        count += sum(one is not None and one.kind is RefusalKind.FAULT for one in refusals)
        after = rows[-1].number
    return count


def _documents(reader: JournalReader, kind: str, domain: str) -> Mapping[str, str]:
    return reader.archived(kind, _MOST, domain) | reader.documents(kind, domain)


def _incident(incident: Incident, episodes: list[Episode]) -> dict[str, Any]:
    diagnosis = incident.diagnosis
    return {
        "id": incident.id,
        "opened_at": rfc3339(incident.opened_at),
        "onset": rfc3339(incident.onset),
        "closed_at": None if incident.closed_at is None else rfc3339(incident.closed_at),
        "state": incident.state,
        **as_fields(incident.outcome),
        "merged_into": incident.merged_into,
        "of_runtime": RUNTIME_ENTITY in incident.entities or not episodes,
        "priority": incident.priority,
        "members": list(incident.entities),
        "members_total": incident.members_total,
        "unknown": diagnosis is None or diagnosis.unknown,
        "p_unknown": 1.0 if diagnosis is None else diagnosis.p_unknown,
        "causes": []
        if diagnosis is None
        else [{"entity": h.entity, "probability": h.probability, "kind": h.kind} for h in diagnosis.hypotheses],
        "episodes": [_episode(episode) for episode in sorted(episodes, key=lambda one: (one.opened_at, one.entity))],
    }


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "entity": episode.entity,
        "opened_at": rfc3339(episode.opened_at),
        "ended_at": None if episode.ended_at is None else rfc3339(episode.ended_at),
        "severity": round(episode.severity, 4),
        "signals_total": episode.signals_total,
        "signals": [
            {
                "series": signal.series,
                "direction": signal.direction,
                "source": signal.source,
                "detector": signal.detector,
                "since": rfc3339(signal.since),
                "score": round(signal.score, 4),
                "value": signal.value,
                "expected": signal.expected,
            }
            for signal in episode.signals
        ],
    }


def write(folder: Path, incidents: list[dict[str, Any]], summary: Mapping[str, Any]) -> None:
    """Write ``incidents.jsonl`` and ``replay.json`` to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INCIDENTS).write_text("".join(json.dumps(one) + "\n" for one in incidents))
    (folder / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n")
