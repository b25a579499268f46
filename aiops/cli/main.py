"""The command `aiops`: a table of commands, of which only the one that is asked for is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, NamedTuple

import typer

from aiops.cli.exits import Exit
from aiops.model.errors import AiopsError, TemporaryError


class Command(NamedTuple):
    """A row of the table.

    Args:
        name: what people type.
        target: "module:attribute", a typer.Typer for a command with sub-commands, else a function.
        summary: one line for `aiops --help`.
    """

    name: str
    target: str
    summary: str


COMMANDS: Final = (
    Command("demo", "aiops.cli.demo:run", "Three incidents on a live system: healed, approved, escalated."),
    Command("up", "aiops.cli.up:run", "Run everything, until told to stop."),
    Command("scale", "aiops.cli.deciding:scale", "Ask the running fleet for another number of shards."),
    Command("incidents", "aiops.cli.incidents:run", "List incidents, or tell the whole story of one."),
    Command("approve", "aiops.cli.deciding:approve", "Agree to the plan that waits for approval."),
    Command("reject", "aiops.cli.deciding:reject", "Refuse the plan that waits for approval."),
    Command("acknowledge", "aiops.cli.deciding:acknowledge", "Take a page, so that nobody else is paged."),
    Command("take-over", "aiops.cli.deciding:take_over", "Say that a stuck plan's targets are in order."),
    Command("close", "aiops.cli.deciding:close", "Close an escalated incident."),
    Command("suppress", "aiops.cli.deciding:suppress", "Be silent about an incident for a while."),
    Command("halt", "aiops.cli.halting:halt", "Stop every new action, now."),
    Command("resume", "aiops.cli.halting:resume", "Let actions begin again."),
    Command("ledger", "aiops.cli.ledger:run", "Show how every unit of input ended, against the broker's offsets."),
    Command("dead-letters", "aiops.cli.dead_letters:app", "What could not be used, why, and another try."),
    Command("audit", "aiops.cli.audit:app", "Check that the record of decisions is the one that was written."),
    Command("dashboards", "aiops.cli.dashboards:app", "Put the Grafana dashboards in place."),
    Command("doctor", "aiops.cli.doctor:run", "Check settings, bundle and everything outside."),
    Command("detect", "aiops.cli.detect:run", "Find episodes of trouble in tables of numbers."),
    Command("diagnose", "aiops.cli.diagnose:diagnose", "Name the causes of recorded incidents, with evidence."),
    Command("topology", "aiops.cli.topology:app", "What depends on what, and what a failure would cost."),
    Command("policy", "aiops.cli.policy:app", "Test and explain what the runtime may do."),
    Command("replay", "aiops.cli.replay:replay", "Run a recording through the pipeline, executing nothing."),
    Command("simulate", "aiops.cli.simulate:simulate", "Run scenarios in a simulated world, or that world live."),
    Command("broker", "aiops.cli.broker:app", "Start, stop and look at the embedded Kafka."),
)  # fmt: skip

_ABOUT: Final = """\
Keeps a fleet of services healthy: reads telemetry from Kafka, finds trouble and its root cause, heals it inside the
bounds that people set, and pages with the evidence when it may not or cannot act.

Exit codes: 0 done or yes; 1 no; 2 wrong usage; 3 a person must change something; 4 may work later.
"""


def build(wanted: str | None) -> typer.Typer:
    """The program with the wanted command loaded; the others are there by name and summary only."""
    program = typer.Typer(
        name="aiops", help=_ABOUT, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    program.callback()(_about)
    for command in COMMANDS:
        target = _load(command.target) if command.name == wanted else _listed
        if isinstance(target, typer.Typer):
            program.add_typer(target, name=command.name, short_help=command.summary)
        else:
            program.command(command.name, short_help=command.summary)(target)
    return program


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    wanted = next((word for word in words if not word.startswith("-")), None)
    try:
        build(wanted)(args=words, prog_name="aiops")
    except TemporaryError as error:
        typer.echo(f"aiops: {error}", err=True)
        sys.exit(Exit.LATER)
    except AiopsError as error:
        typer.echo(f"aiops: {error}", err=True)
        sys.exit(Exit.FAILED)
    except OSError as error:  # a file that somebody named: who reads or writes it says nothing better
        if error.filename is None:
            raise
        typer.echo(f"aiops: {error.filename}: {error.strerror}: name one that can be used", err=True)
        sys.exit(Exit.FAILED)


def _about() -> None:
    pass


def _listed() -> None:
    pass


def _load(target: str) -> typer.Typer | Callable[..., object]:
    module, _, attribute = target.partition(":")
    loaded: typer.Typer | Callable[..., object] = getattr(import_module(module), attribute)
    return loaded


if __name__ == "__main__":
    main()
