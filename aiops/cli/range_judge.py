"""`aiops range judge`: what the product made of the faults of an estate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aiops.adapters.status_file import read_status
from aiops.apps.range import judgement
from aiops.apps.range.estate import Estate
from aiops.cli.exits import Exit
from aiops.cli.installation import open_installation
from simulations.range.score.grades import grade
from simulations.range.score.names import EntityNames
from simulations.range.score.table import summary, table

History = Annotated[float, typer.Option(help="Seconds from the first request on that are not graded.", min=0.0)]


def judge(estate: Estate, config: Path | None, *, history: float, as_json: bool) -> None:
    """Grade what happened in an estate so far, print it, and write it to its folder."""
    here = open_installation(config)
    run = judgement.measured(estate, here.reader, here.settings.domain, history=history)
    graded = grade(run, EntityNames(estate.plan, estate.run.host))
    wrong = judgement.violations(run, here.settings, read_status(here.settings.state))
    judgement.write(estate.folder.root, estate.plan.name, run=run, graded=graded, wrong=wrong)
    if as_json:
        typer.echo(json.dumps(judgement.as_document(graded, wrong)))
    else:
        Console(width=None if Console().is_terminal else 200).print(table(graded))
        for line in summary(graded):
            typer.echo(line)
        typer.echo(f"written to        {estate.folder.root / judgement.PAGE_FILE}")
    for violation in wrong:
        typer.echo(f"aiops: must never happen: {violation}", err=True)
    if wrong:
        raise typer.Exit(Exit.NO)
