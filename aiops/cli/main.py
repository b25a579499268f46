"""The command `aiops`: a table of commands; only the requested command is imported."""

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
        name: the word on the command line.
        target: "module:attribute", a typer.Typer for a command with sub-commands, else a function.
        summary: one line for `aiops --help`.
    """

    name: str
    target: str
    summary: str


COMMANDS: Final = (
    Command("demo", "aiops.cli.demo:run", "Three incidents on a live system: healed, approved, escalated."),
    Command("up", "aiops.cli.up:run", "Run the whole runtime until SIGINT or SIGTERM."),
    Command("scale", "aiops.cli.incident_commands:scale", "Change the number of monitoring shards."),
    Command("incidents", "aiops.cli.incidents:run", "List incidents, or show one in full."),
    Command("approve", "aiops.cli.incident_commands:approve", "Approve the plan that waits for approval."),
    Command("reject", "aiops.cli.incident_commands:reject", "Reject the plan that waits for approval."),
    Command("acknowledge", "aiops.cli.incident_commands:acknowledge", "Acknowledge a page and stop its escalation."),
    Command("take-over", "aiops.cli.incident_commands:take_over", "Confirm that a stuck plan's targets are in order."),
    Command("close", "aiops.cli.incident_commands:close", "Close an escalated incident."),
    Command("suppress", "aiops.cli.incident_commands:suppress", "Suppress an incident for some minutes."),
    Command("breakers", "aiops.cli.breakers:app", "Show and reset circuit breakers."),
    Command("halt", "aiops.cli.halt:halt", "Stop all new actions at once."),
    Command("resume", "aiops.cli.halt:resume", "Allow new actions after a halt."),
    Command("ledger", "aiops.cli.ledger:run", "Account for every unit of input, checked against the broker's offsets."),
    Command("dead-letters", "aiops.cli.dead_letters:app", "List, show and retry unusable input."),
    Command("audit", "aiops.cli.audit:app", "Verify that the record of decisions was not changed."),
    Command("dashboards", "aiops.cli.dashboards:app", "Create or update the Grafana dashboards."),
    Command("doctor", "aiops.cli.doctor:run", "Check settings, config bundle and external services."),
    Command("detect", "aiops.cli.detect:run", "Find anomalous episodes in tables of numbers."),
    Command("diagnose", "aiops.cli.diagnose:diagnose", "Rank the causes of recorded incidents, with evidence."),
    Command("topology", "aiops.cli.topology:app", "Show dependencies and the cost of a failure."),
    Command("entities", "aiops.cli.entities:app", "Rename entities in the config bundle."),
    Command("policy", "aiops.cli.policy:app", "Test and explain the policies."),
    Command("replay", "aiops.cli.replay:replay", "Run a recording through the pipeline in shadow mode."),
    Command("simulate", "aiops.cli.simulate:simulate", "Run scenarios in a simulated world, or run that world live."),
    Command("range", "aiops.cli.range:app", "Start and stop an estate of real services on this machine."),
    Command("broker", "aiops.cli.broker:app", "Start, stop and inspect the embedded Kafka."),
)  # fmt: skip

_ABOUT: Final = """\
Keeps a fleet of services healthy. Reads telemetry from Kafka, detects incidents, diagnoses their root causes and
repairs them within the configured policies. If a repair is not permitted or fails, it pages a person with the evidence.

Exit codes: 0 done, or the answer is yes; 1 the answer is no; 2 wrong usage; 3 a person must change something; 4 may
work later.
"""


def build(wanted: str | None) -> typer.Typer:
    """The program with the ``wanted`` command imported. The others have a name and a summary only."""
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
    except OSError as error:  # an unusable file named on the command line
        if error.filename is None:
            raise
        typer.echo(f"aiops: {error.filename}: {error.strerror}: name a file that can be used", err=True)
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
