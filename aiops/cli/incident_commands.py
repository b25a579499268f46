"""`aiops approve`, `reject` and the other commands of people to the runtime.

Each command is a row in the journal's inbox. It works from any machine that reaches the journal. While the orchestrator
is down, the row waits. The console's pages and API write the same commands.
"""

from __future__ import annotations

from typing import Annotated

import typer

from aiops.adapters.clock import SystemClock
from aiops.cli.installation import As, Config, Installation, Json, Reason, open_installation, person, run_command, show
from aiops.console.commands import Commands

_Incident = Annotated[str, typer.Argument(help="Incident, plan or page, as the page names it: INC-7.", metavar="ID")]

_Seen = Annotated[str | None, typer.Option(help="Approve this plan and no other.", metavar="PLAN@VERSION")]


def approve(
    incident: _Incident, seen: _Seen = None, as_: As = None, *, config: Config = None, as_json: Json = False
) -> None:
    """Approve the plan that waits for approval in incident ID.

    With --seen PLAN@VERSION, as the page and `aiops incidents ID` print it, only this plan is approved; if another plan
    waits by now, the approval is refused. Without --seen the plan that waits now is approved, and the answer names its
    steps. If two approvals are required, two different people must approve.

    Exit code 0: recorded, also if you had approved before. 1: there is no such incident, it does not wait for approval
    now, or its plan is not the one of --seen.
    """
    here = open_installation(config)
    show(run_command(lambda: _commands(here).approve(incident, person(as_), seen)), as_json=as_json)


def reject(
    incident: _Incident, reason: Reason = "", as_: As = None, *, config: Config = None, as_json: Json = False
) -> None:
    """Reject the plan that waits in incident ID; the incident is escalated to a person.

    Exit code 0: recorded. 1: there is no such incident, or it has no waiting plan.
    """
    here = open_installation(config)
    show(run_command(lambda: _commands(here).reject(incident, person(as_), reason)), as_json=as_json)


def acknowledge(incident: _Incident, as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Acknowledge the page about incident ID; the next level is then not paged.

    Exit code 0: recorded. 1: the incident has no open page.
    """
    here = open_installation(config)
    show(run_command(lambda: _commands(here).acknowledge(incident, person(as_))), as_json=as_json)


def take_over(incident: _Incident, as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Confirm that the targets of incident ID's stuck plan are in order. The plan's locks and budget are released.

    Exit code 0: recorded. 1: the incident has no stuck plan.
    """
    here = open_installation(config)
    show(run_command(lambda: _commands(here).take_over(incident, person(as_))), as_json=as_json)


def close(incident: _Incident, as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Close the escalated incident ID.

    Exit code 0: recorded. 1: the incident is not escalated.
    """
    here = open_installation(config)
    show(run_command(lambda: _commands(here).close(incident, person(as_))), as_json=as_json)


def suppress(
    incident: _Incident,
    minutes: Annotated[float, typer.Option(help="Duration; at most one week.")] = 60.0,
    as_: As = None,
    *,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Suppress incident ID for some minutes.

    Exit code 0: recorded. 1: the incident cannot be suppressed in its present state.
    """
    here = open_installation(config)
    show(run_command(lambda: _commands(here).suppress(incident, person(as_), minutes)), as_json=as_json)


def scale(
    shards: Annotated[int, typer.Option(help="Wanted number of monitoring shards.")],
    as_: As = None,
    config: Config = None,
    *,
    as_json: Json = False,
) -> None:
    """Change the running fleet to N shards. Slots move with their state; no input is lost or counted twice.

    At most one shard per slot (kafka.partitions). The number holds until the next `aiops scale`, also after restarts.

    Exit code 0: recorded. 2: the number is out of range.
    """
    here = open_installation(config)
    show(
        run_command(lambda: _commands(here).scale(shards, person(as_), here.settings.kafka.partitions)), as_json=as_json
    )


def _commands(here: Installation) -> Commands:
    return Commands(here.journal, here.reader, SystemClock(), here.settings.domain)
