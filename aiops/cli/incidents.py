"""`aiops incidents`: list the incidents, or show one in full."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from aiops.cli.exits import Exit
from aiops.cli.installation import Config, Json, open_installation, plain
from aiops.console.stories import PlanStory, ShownDecision, Story, as_json, incident_as_json, listed, story
from aiops.model.diagnoses import Diagnosis
from aiops.model.episodes import Episode
from aiops.model.incidents import Incident
from aiops.model.pages import Page
from aiops.model.series_names import display_name
from aiops.model.times import clock_time, span

_CLOSED = 50
"""Number of closed incidents listed with --all."""
_Id = Annotated[str | None, typer.Argument(help="Show this incident in full.", metavar="ID")]
_All = Annotated[bool, typer.Option("--all", help=f"Also list the {_CLOSED} newest closed incidents.")]


def run(incident: _Id = None, config: Config = None, *, all_: _All = False, as_json: Json = False) -> None:
    """List the open incidents, most urgent first; with ID show one incident in full.

    The full report has the timeline (who did what and why), the incident's episodes, ranked causes with evidence,
    impact and its cost, plans with the state of each step, policy decisions, and pages.

    Exit code 0: shown; the list may be empty. 1: there is no incident ID.
    """
    here = open_installation(config)
    if incident is None:
        found = listed(here.reader, here.settings.domain, closed=_CLOSED if all_ else 0)
        typer.echo(json.dumps([incident_as_json(i) for i in found]) if as_json else _table(found, time.time_ns()))
        return
    shown = story(here.reader, incident, here.settings.domain)
    if shown is None:
        typer.echo(f"aiops: there is no incident {incident!r}; see: aiops incidents --all", err=True)
        raise typer.Exit(Exit.NO)
    typer.echo(_json(shown) if as_json else "\n".join(text(shown)))


def _json(shown: Story) -> str:
    return json.dumps(as_json(shown))


def _table(incidents: list[Incident], now: int) -> str:
    if not incidents:
        return "no incident is open"
    head = ("incident", "priority", "state", "for", "probable cause", "items", "what")
    rows = [head, *(_row(incident, now) for incident in incidents)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def _row(incident: Incident, now: int) -> tuple[str, ...]:
    end = incident.closed_at or now
    return (
        incident.id,
        incident.priority.value,
        incident.state.value,
        span(end - incident.opened_at),
        plain(incident.root or "unknown")[:40],
        str(incident.members_total or len(incident.entities)),
        plain(str(incident.outcome or "") or (incident.story[-1].what if incident.story else ""))[:80],
    )


def text(shown: Story) -> Iterator[str]:
    """The full report on one incident as lines for a terminal."""
    i = shown.incident
    count = i.members_total or len(i.entities)
    yield f"{i.id}  {i.priority.value}  {i.state.value}" + (f": {plain(str(i.outcome))}" if i.outcome else "")
    yield f"  opened {clock_time(i.opened_at)} UTC, anomalous since {clock_time(i.onset)}" + (
        f", closed {clock_time(i.closed_at)} after {span(i.closed_at - i.opened_at)}" if i.closed_at else ""
    )
    yield f"  owner {plain(i.owner) or 'none'}; {count} items: {plain(', '.join(i.entities[:8]))}"
    if i.agreement and i.repair_by:
        yield f"  agreed: {plain(i.agreement)}; repair by {clock_time(i.repair_by)} UTC"
    if shown.waits:
        how = f"aiops approve {i.id} --seen {shown.seen}"
        yield f"  WAITS FOR APPROVAL ({len(shown.approvals)} of {shown.approvals_needed}): {how}"
    yield from _part("timeline", (f"{clock_time(e.at)}  {e.who:<13} {e.what}" for e in i.story))
    yield from _part("episodes", (_episode(e) for e in shown.episodes))
    if i.diagnosis:
        yield from _part("probable causes", _causes(i.diagnosis))
        yield from _part("impact", _impact(i.diagnosis))
        changes = (f"{c.id} on {c.entity} ({c.suspicion:.0%}): {c.why}" for c in i.diagnosis.changes)
        yield from _part("suspicious changes", changes)
    for plan in shown.plans:
        yield from _part(f"plan {plain(plan.id)}", _plan(plan))
    yield from _part("policy decisions", (_decision(d) for d in shown.decisions))
    for record in shown.pages:
        mark = "delivered" if record.delivered else f"NOT delivered, {record.failures} failures"
        taken = f", acknowledged by {record.acknowledged_by}" if record.acknowledged_by else ""
        yield from _part(f"page to level {record.page.level + 1} ({mark}{plain(taken)})", _page(record.page))


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    first = True
    for line in lines:
        if first:
            yield f"\n{title}"
            first = False
        yield f"  {plain(line)}"


def _episode(episode: Episode) -> str:
    end = f"until {clock_time(episode.ended_at)}" if episode.ended_at else "still"
    siblings = [signal.series for signal in episode.signals]
    signals = ", ".join(
        f"{display_name(s.series, siblings)} {s.direction.value} {s.value:.4g} (usual {s.expected:.4g})"
        for s in episode.signals[:3]
    )
    more = f" and {episode.signals_total - 3} more" if episode.signals_total > 3 else ""
    return (
        f"{episode.entity} from {clock_time(episode.opened_at)} {end}, severity {episode.severity:.2f}: {signals}{more}"
    )


def _causes(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.unknown:
        yield "no cause is certain enough for an action"
    for rank, hypothesis in enumerate(diagnosis.hypotheses[:5], start=1):
        yield f"{rank}. {hypothesis.entity}: {hypothesis.kind}, {hypothesis.probability:.0%}"
        for evidence in sorted(hypothesis.evidence, key=lambda e: -abs(e.weight))[:5]:
            yield f"     {'for    ' if evidence.supports else 'against'} {evidence.what} [{evidence.id}]"
    yield f"a cause outside the telemetry: {diagnosis.p_unknown:.0%}; any other item: {diagnosis.p_rest:.0%}"


def _impact(diagnosis: Diagnosis) -> Iterator[str]:
    for hit in diagnosis.impact[:12]:
        cost = f", {hit.value_per_minute:,.0f} a minute" if hit.value_per_minute else ""
        yield f"{hit.entity}: {hit.how}{cost}" + (" (business service)" if hit.business_service else "")


def _plan(plan: PlanStory) -> Iterator[str]:
    yield f"{plan.runbook}: {plan.state}"
    yield f"because {plan.reason}; expected: {plan.expected}"
    for step in plan.steps:
        undo = f"undo: {step.undo}" if step.undo else "irreversible"
        yield f"  {step.id}: {step.primitive} {step.target} ({undo}): {step.mark} {step.detail}".rstrip()


def _decision(decision: ShownDecision) -> str:
    word = decision.level if decision.permitted else "no"
    by = f" by {', '.join(decision.policies)} of {decision.digest[:12]}" if decision.policies else ""
    return f"{clock_time(decision.at)}  {word:<13} {decision.subject}: {'; '.join(decision.reasons)}{by}"


def _page(page: Page) -> Iterator[str]:
    yield page.title
    yield f"broken: {page.broken}"
    yield f"matters: {page.matters}"
    yield f"asks: {page.asks}"
