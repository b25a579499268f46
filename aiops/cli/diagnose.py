"""`aiops diagnose CASE…`: the cause of recorded incidents, by the ranker that the runtime uses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from aiops.bootstrap.configuration import load_settings
from aiops.cli.exits import Exit
from aiops.model.diagnoses import Diagnosis, Evidence
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.times import parse, rfc3339
from aiops.shell.metric_rows import load_metrics
from topology.cases.episodes import question
from topology.cases.reading import CaseError, read
from topology.diagnosis import Subject
from topology.diagnosis import diagnose as find
from topology.rankers.registry import DEFAULT, ranker

SHOWN = 3
_Cases = Annotated[list[Path], typer.Argument(help="Folders with a case.json and what was recorded around it.")]
_Onset = Annotated[
    str | None, typer.Option(help="When the trouble began, RFC 3339; else case.json says, or it is found.")
]
_Ranker = Annotated[str, typer.Option("--ranker", help="Name of the ranker.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON a case.")]


def diagnose(cases: _Cases, onset: _Onset = None, name: _Ranker = DEFAULT, *, as_json: _Json = False) -> None:
    """Name the probable causes of each case, with evidence, what they break, and suspicious changes.

    A case is a folder: case.json, and any of metrics.parquet, edges.csv, entities.json, logs.parquet, spans.parquet,
    alerts.parquet, changes.json. Names of metrics are whatever their source calls them; a table and the binder's
    metrics.yaml say what they mean. What is missing makes the answer less sure, never an error.

    Exit code 0: each case has a cause. 1: for at least one the cause is unknown. 3: a case cannot be read; the text
    names file, row and column.
    """
    at = None if onset is None else parse(onset)
    if at is not None and at < 0:
        raise typer.BadParameter(f"{onset!r} is no RFC 3339 time", param_hint="--onset")
    chosen, binder = ranker(name), load_settings().binder
    metrics = MetricTable() if binder is None else load_metrics(binder)
    unreadable = unknown = 0
    for folder in cases:
        begin = time.perf_counter()
        try:
            case = read(folder, at)
        except CaseError as error:
            typer.echo(f"aiops: {error}", err=True)
            unreadable += 1
            continue
        found = find(question(case, metrics), chosen, Subject(case.id, case.to_at))
        unknown += found.unknown
        seconds = time.perf_counter() - begin
        typer.echo(json.dumps(as_dict(found, seconds)) if as_json else as_text(found, seconds))
    if unreadable or unknown:
        raise typer.Exit(Exit.FAILED if unreadable else Exit.NO)


def as_dict(found: Diagnosis, seconds: float) -> dict[str, Any]:
    """One case's answer in the case format's JSON."""
    return {
        "case": found.work_item,
        "onset": rfc3339(found.onset) if found.onset else None,
        "unknown": found.unknown,
        "p_unknown": found.p_unknown,
        "p_rest": found.p_rest,
        "seconds": round(seconds, 4),
        "hypotheses": [
            {
                "entity": h.entity,
                "probability": h.probability,
                "kind": h.kind,
                "evidence": [_evidence(e) for e in h.evidence],
            }
            for h in found.hypotheses
        ],
        "impact": [{"entity": i.entity, "how": i.how, "value_per_minute": i.value_per_minute} for i in found.impact],
        "changes": [{"id": c.id, "entity": c.entity, "suspicion": c.suspicion, "why": c.why} for c in found.changes],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "for": evidence.supports,
        "what": evidence.what,
        "source": evidence.source,
        "from": rfc3339(evidence.from_at) if evidence.from_at else None,
        "to": rfc3339(evidence.to_at) if evidence.to_at else None,
        "weight": evidence.weight,
    }


def as_text(found: Diagnosis, seconds: float) -> str:
    """One case's answer for people."""
    since = f"since {rfc3339(found.onset)}" if found.onset else "since an unknown time"
    verdict = "cause unknown" if found.unknown else f"{found.hypotheses[0].entity} ({found.hypotheses[0].kind})"
    lines = [f"{found.work_item}: {verdict}, {since}  ({seconds:.2f} s)"]
    for place, hypothesis in enumerate(found.hypotheses[:SHOWN], start=1):
        lines.append(f"  {place}. {hypothesis.entity}  {hypothesis.probability:.0%}  {hypothesis.kind}")
        lines.extend(f"     {'+' if e.supports else '-'} {e.what}" for e in hypothesis.evidence[:5])
    lines.append(f"  unknown {found.p_unknown:.0%}, others {found.p_rest:.0%}")
    if found.impact:
        lines.append("  impact")
        lines.extend(f"     {i.entity}: {i.how}{_cost(i.value_per_minute)}" for i in found.impact[:5])
        lines.extend([f"     … and {len(found.impact) - 5} more"] if len(found.impact) > 5 else [])
    if found.changes:
        lines.append("  suspicious changes")
        lines.extend(f"     {c.id} on {c.entity}  {c.suspicion:.0%}  {c.why}" for c in found.changes[:3])
    return "\n".join(lines)


def _cost(value: float) -> str:
    return f", {value:g} a minute" if value else ""
