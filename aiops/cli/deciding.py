"""`aiops approve`, `reject` and the other words that people give to the runtime.

They are rows in the journal's inbox: they work from any machine that reaches the journal, and wait there while the
orchestrator is down. The console's pages and API give the same commands.
"""

from __future__ import annotations

from typing import Annotated

import typer

from aiops.adapters.clock import SystemClock
from aiops.cli.opening import As, Config, Installation, Json, Reason, open_installation, person, show, told
from aiops.console.commands import Commands

_Incident = Annotated[str, typer.Argument(help="Incident, plan or page, as the page names it: INC-7.", metavar="ID")]

_Seen = Annotated[str | None, typer.Option(help="Approve this plan and no other.", metavar="PLAN@VERSION")]


def approve(
    incident: _Incident, seen: _Seen = None, as_: As = None, *, config: Config = None, as_json: Json = False
) -> None:
    """Agree to the plan that waits for approval in incident ID.

    With --seen, as the page and `aiops incidents ID` print it, only the plan that you looked at is approved, and
    another one that waits by now is refused. Without it, it is the one that waits now, and the answer names its steps.
    Where two approvers are asked for, two different people must say so.

    Exit code 0: written (also when you had said so before). 1: there is no such incident, it does not wait for
    approval now, or its plan changed since you looked.
    """
    here = open_installation(config)
    show(told(lambda: _commands(here).approve(incident, person(as_), seen)), as_json=as_json)


def reject(
    incident: _Incident, reason: Reason = "", as_: As = None, *, config: Config = None, as_json: Json = False
) -> None:
    """Refuse the plan that waits in incident ID; the incident is handed to a person.

    Exit code 0: written. 1: there is no such incident, or no plan of it waits.
    """
    here = open_installation(config)
    show(told(lambda: _commands(here).reject(incident, person(as_), reason)), as_json=as_json)


def acknowledge(incident: _Incident, as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Take the page about incident ID, so that nobody else is paged for it.

    Exit code 0: written. 1: no page about it is out.
    """
    here = open_installation(config)
    show(told(lambda: _commands(here).acknowledge(incident, person(as_))), as_json=as_json)


def take_over(incident: _Incident, as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Say that you brought the targets of incident ID's stuck plan in order; its locks and budget are given back.

    Exit code 0: written. 1: no plan of it is stuck.
    """
    here = open_installation(config)
    show(told(lambda: _commands(here).take_over(incident, person(as_))), as_json=as_json)


def close(incident: _Incident, as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Close the escalated incident ID.

    Exit code 0: written. 1: it is not escalated.
    """
    here = open_installation(config)
    show(told(lambda: _commands(here).close(incident, person(as_))), as_json=as_json)


def suppress(
    incident: _Incident,
    minutes: Annotated[float, typer.Option(help="How long; at most a week.")] = 60.0,
    as_: As = None,
    *,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Be silent about incident ID for a while.

    Exit code 0: written. 1: it cannot be suppressed in its present state.
    """
    here = open_installation(config)
    show(told(lambda: _commands(here).suppress(incident, person(as_), minutes)), as_json=as_json)


def scale(
    shards: Annotated[int, typer.Option(help="Monitoring shards wanted.")],
    as_: As = None,
    config: Config = None,
    *,
    as_json: Json = False,
) -> None:
    """Ask the running fleet for N shards: slots move with their state, nothing is lost or counted twice.

    More shards than slots (kafka.partitions) cannot be used. The wish stays until the next one, also over restarts.
    Exit code 0: written. 2: a number that cannot be.
    """
    here = open_installation(config)
    show(told(lambda: _commands(here).scale(shards, person(as_), here.settings.kafka.partitions)), as_json=as_json)


def _commands(here: Installation) -> Commands:
    return Commands(here.journal, here.reader, SystemClock(), here.settings.domain)
