"""`aiops dashboards`: the Grafana dashboards that come with the product."""

from __future__ import annotations

import json
from typing import Annotated, Final

import typer

from aiops.adapters.grafana import Grafana, dashboards
from aiops.cli.opening import Json

app: Final = typer.Typer(no_args_is_help=True, help="Grafana dashboards over the runtime's Prometheus metrics.")


@app.callback()
def about() -> None:
    """Grafana dashboards over the runtime's Prometheus metrics."""


@app.command()
def push(
    grafana: Annotated[str, typer.Option(help="http[s]://HOST[:PORT][/PATH] of Grafana.", metavar="URL")],
    token: Annotated[
        str, typer.Option(envvar="AIOPS_GRAFANA_TOKEN", help="Of a service account that may edit dashboards.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Create or replace the dashboards in Grafana: incidents, outcomes, lag, ledger, shards, pages.

    They ask the Prometheus data source that is chosen at their top, which must scrape the runtime's metrics port
    (console.metrics_port, 9464). Pushing again replaces what is there; edits made in Grafana are lost.

    Exit code 0: all are there. 3: Grafana refuses. 4: it does not answer.
    """
    server = Grafana(grafana, token)
    pushed = {board["title"]: server.push(board, "aiops dashboards push") for board in dashboards()}
    if as_json:
        typer.echo(json.dumps(pushed))
        return
    for title, address in pushed.items():
        typer.echo(f"{title}: {address}")
