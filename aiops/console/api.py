"""The API for programs: ``/api`` is JSON with bearer tokens; ``/hooks`` receives webhooks of other systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from aiops.console.command_inbox import LONGEST_REASON, CommandResult
from aiops.console.stories import as_json, incident_as_json, listed, story
from aiops.console.visit import body_within, parts_of, visit_of
from aiops.model.cloudevents_reader import MAX_BYTES, Receipt, UnusableMessage, decode
from aiops.model.records import OutRecord

router: Final = APIRouter()
_CLOSED: Final = 100
_FRESH_SECONDS: Final = 15


class Reason(BaseModel):
    """The reason for a command."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    reason: str = Field(default="", max_length=LONGEST_REASON)


class SeenPlan(BaseModel):
    """The plan that the approver saw: ``seen`` of the incident's story."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    seen: str = Field(min_length=1, max_length=LONGEST_REASON)


class Minutes(BaseModel):
    """The duration of a suppression."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    minutes: float = 60.0


class Shards(BaseModel):
    """The number of shards."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    shards: int


def person(request: Request) -> str:
    """The person whose bearer token the request carries; 401 without one. Cookies are ignored."""
    who = visit_of(request).bearer
    if who is None:
        raise HTTPException(401, "a bearer token is needed", {"www-authenticate": "Bearer"})
    return who


Person = Annotated[str, Depends(person)]


@router.get("/api/health")
def health(request: Request) -> Response:
    """200 while the control plane is healthy; 503 with the reason otherwise."""
    parts = parts_of(request)
    status = parts.status()
    if status is None:
        return JSONResponse({"healthy": False, "why": "the runtime has never run here"}, 503)
    control = status["orchestration"]
    age = (parts.clock.now() - control.get("alive_at", 0)) / 1e9
    error = control.get("error") or (
        "" if age < _FRESH_SECONDS else f"the orchestrator has been silent for {age:.0f} s"
    )
    return JSONResponse({"healthy": not error, "why": error}, 503 if error else 200)


@router.get("/api/status")
def status(request: Request) -> dict[str, Any]:
    """The last status of every part of the runtime."""
    found = parts_of(request).status()
    if found is None:
        raise HTTPException(404, "the runtime has never run here")
    return found


@router.get("/api/ledger")
def ledger(request: Request) -> dict[str, Any]:
    """How every unit of input ended. A ``difference`` other than 0 is an error of the runtime."""
    return parts_of(request).ledger()


@router.get("/api/incidents")
def incidents(request: Request, *, all: bool = False) -> list[dict[str, Any]]:  # noqa: A002 - the query's name
    """Open incidents, highest priority first; with ``all=true`` also closed ones."""
    parts = parts_of(request)
    return [incident_as_json(i) for i in listed(parts.reader, parts.domain, closed=_CLOSED if all else 0)]


@router.get("/api/incidents/{name}")
def incident(request: Request, name: str) -> dict[str, Any]:
    """One incident with its timeline, episodes, plans, decisions and pages."""
    parts = parts_of(request)
    shown = story(parts.reader, name, parts.domain)
    if shown is None:
        raise HTTPException(404, f"there is no incident {name!r}")
    return as_json(shown)


@router.post("/api/incidents/{name}/approve")
def approve(request: Request, name: str, who: Person, *, body: SeenPlan) -> dict[str, Any]:
    """Approve the plan that was seen. 409 if another plan waits now."""
    return _run(request, lambda: parts_of(request).commands.approve(name, who, body.seen))


@router.post("/api/incidents/{name}/reject")
def reject(request: Request, name: str, who: Person, *, body: Reason | None = None) -> dict[str, Any]:
    """Reject the plan that waits."""
    return _run(request, lambda: parts_of(request).commands.reject(name, who, body.reason if body else ""))


@router.post("/api/incidents/{name}/acknowledge")
def acknowledge(request: Request, name: str, who: Person) -> dict[str, Any]:
    """Acknowledge its newest page."""
    return _run(request, lambda: parts_of(request).commands.acknowledge(name, who))


@router.post("/api/incidents/{name}/take-over")
def take_over(request: Request, name: str, who: Person) -> dict[str, Any]:
    """Confirm that a stuck plan's targets are in order: its locks and its budget are released."""
    return _run(request, lambda: parts_of(request).commands.take_over(name, who))


@router.post("/api/incidents/{name}/close")
def close(request: Request, name: str, who: Person) -> dict[str, Any]:
    """Close an escalated incident."""
    return _run(request, lambda: parts_of(request).commands.close(name, who))


@router.post("/api/incidents/{name}/suppress")
def suppress(request: Request, name: str, who: Person, *, body: Minutes | None = None) -> dict[str, Any]:
    """Suppress an incident for some minutes."""
    minutes = (body or Minutes()).minutes
    return _run(request, lambda: parts_of(request).commands.suppress(name, who, minutes))


@router.post("/api/halt")
def halt(request: Request, who: Person, body: Reason | None = None) -> dict[str, Any]:
    """Stop new actions."""
    return _run(request, lambda: parts_of(request).commands.switch.halt(who, body.reason if body else ""))


@router.post("/api/resume")
def resume(request: Request, who: Person, body: Reason | None = None) -> dict[str, Any]:
    """Allow new actions again."""
    return _run(request, lambda: parts_of(request).commands.switch.resume(who, body.reason if body else ""))


@router.post("/api/scale")
def scale(request: Request, who: Person, body: Shards) -> dict[str, Any]:
    """Set the number of monitoring shards."""
    parts = parts_of(request)
    return _run(request, lambda: parts.commands.scale(body.shards, who, parts.most_shards))


@router.post("/hooks/alertmanager", status_code=202)
async def alertmanager(request: Request, who: Person) -> dict[str, Any]:
    """Alertmanager's webhook. 202: the alerts are durable in Kafka. 400: they are invalid, do not repeat."""
    parts = parts_of(request)
    if parts.producer is None:
        raise HTTPException(503, "Kafka is not connected", {"retry-after": "5"})
    body = await body_within(request, MAX_BYTES)
    read = decode(body, Receipt(parts.clock.now()))
    if isinstance(read, UnusableMessage):
        raise HTTPException(400, f"{read.reason.value}: {read.detail}")
    await run_in_threadpool(_send, request, body, who)
    return {"alerts": len(read)}


def _send(request: Request, body: bytes, who: str) -> None:
    parts = parts_of(request)
    assert parts.producer is not None
    with parts.sending:
        parts.producer.send([OutRecord(parts.alerts_topic, None, body, (("received-from", who.encode()),))])
        parts.producer.flush(10.0)


def _run(request: Request, command: Callable[[], CommandResult]) -> dict[str, Any]:
    shown = command()
    parts_of(request).wake()
    return {"result": shown.text, "new": shown.new}
