"""`aiops doctor`: check the installation and say how to fix each problem."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.bundle.loading import bundle_folder
from aiops.adapters.clock import SystemClock
from aiops.apps.doctor import examine
from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.cli.exits import Exit
from aiops.cli.installation import Config, Json
from aiops.model.errors import PermanentError

_Page = Annotated[bool, typer.Option("--page", help="Send a test page through every channel of every level.")]


def run(config: Config = None, *, page: _Page = False, as_json: Json = False) -> None:
    """Check settings, config bundle (runbooks, policies, windows, services), Kafka, journal, disk and pages.

    Changes and starts nothing. Each line is OK, WARN or FAIL. A problem has its file and line, and what to do.

    Exit code 0: no check fails. 1: a check fails.
    """
    try:
        settings = load_settings(config)
        findings = list(examine(settings, bundle_folder(settings), SystemClock(), page=page))
    except PermanentError as error:
        findings = [DoctorFinding(Level.FAIL, "settings", line) for line in str(error).splitlines()]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            typer.echo(f"{finding.level.value:<5} {finding.about:<8} {finding.what}")
            if finding.do:
                typer.echo(f"{'':<14} -> {finding.do}")
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(Exit.NO)
