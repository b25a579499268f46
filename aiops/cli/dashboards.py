"""`aiops dashboards`: push the product's Grafana dashboards to Grafana."""

from __future__ import annotations

import json
from typing import Annotated, Final

import typer

from aiops.adapters.grafana import Grafana, dashboards
from aiops.cli.installation import Json

app: Final = typer.Typer(no_args_is_help=True, help="Grafana dashboards over the runtime's Prometheus metrics.")


@app.callback()
def about() -> None:
    """Grafana dashboards over the runtime's Prometheus metrics."""


@app.command()
def push(
    grafana: Annotated[str, typer.Option(help="http[s]://HOST[:PORT][/PATH] of Grafana.", metavar="URL")],
    token: Annotated[
        str, typer.Option(envvar="AIOPS_GRAFANA_TOKEN", help="Token of a service account that may edit dashboards.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Create or replace the dashboards in Grafana: incidents, outcomes, lag, ledger, shards, pages.

    The dashboards query the Prometheus data source selected at their top. Prometheus must scrape the runtime's metrics
    port (console.metrics_port, 9464). Pushing again overwrites edits made in Grafana.

    Exit code 0: all dashboards are in Grafana. 3: Grafana refuses. 4: Grafana does not answer.
    """
    server = Grafana(grafana, token)
    pushed = {board["title"]: server.push(board, "aiops dashboards push") for board in dashboards()}
    if as_json:
        typer.echo(json.dumps(pushed))
        return
    for title, address in pushed.items():
        typer.echo(f"{title}: {address}")
