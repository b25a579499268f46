"""`aiops topology`: show dependencies and the cost of a failure."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from aiops.cli.exits import Exit
from aiops.cli.installation import Config, Json, open_installation
from aiops.control.state.documents import ItemRecord
from aiops.model.cloudevents_reader import Receipt, UnusableMessage, decode
from aiops.model.codec import decode as decode_document
from aiops.model.entities import Edge
from aiops.model.errors import PermanentError
from aiops.model.events import EdgesObserved, ItemReported
from aiops.ports import JournalReader
from topology.builder import GraphBuilder
from topology.entity_index import EntityIndex
from topology.graph import Graph
from topology.impact import VALUE, blast, counted_values, impact

app: Final = typer.Typer(no_args_is_help=True, help="Show dependencies and the cost of a failure.")

_Cmdb = Annotated[Path | None, typer.Option(help="File of CMDB CloudEvents, one per line, instead of the journal.")]
_Limit = Annotated[int, typer.Option(min=1, help="Maximum number of items to show.")]


@app.callback()
def about() -> None:
    """Show dependencies and the cost of a failure."""


@app.command(name="impact")
def impact_(item: str, cmdb: _Cmdb = None, limit: _Limit = 20, *, config: Config = None, as_json: Json = False) -> None:
    """Show the items that fail or are at risk if ITEM fails, up to business services, and the cost per minute.

    ITEM may be named without its environment, cluster and namespace where only one item ends in this name. Reads the
    graph from the runtime's journal, or from a file of CMDB records. Risk decreases along calls. A service with
    replicas on other hosts is degraded, not down. The value of a business service is counted once.

    Exit code 0: ITEM is known. 1: ITEM is not in the graph. 3: the file or the journal cannot be read.
    """
    graph = of_file(cmdb) if cmdb is not None else _of_installation(config)
    known = graph.resolve(item)
    if known is None:
        several = EntityIndex(graph.names).described(item)
        what = f"stands for {', '.join(several)}: name one" if several else "is not in the graph"
        typer.echo(f"aiops: {item!r} {what}; the graph has {len(graph)} items", err=True)
        raise typer.Exit(Exit.NO)
    item = known
    found = impact(graph, [item], limit=limit)
    total = sum(i.value_per_minute for i in impact(graph, [item], limit=len(graph)))
    shares = blast([item], graph).shares
    if as_json:
        rows = [{"entity": i.entity, "how": i.how, "value_per_minute": i.value_per_minute} for i in found]
        typer.echo(json.dumps({"item": item, "value_per_minute": total, "shares": shares, "impact": rows}))
        return
    whole = float(counted_values(graph).sum())
    typer.echo(f"{item} fails: about {total:g} a minute of {whole:g} at risk" if whole else f"{item} fails")
    width = max(len(i.entity) for i in found)
    for row in found:
        cost = f"{row.value_per_minute:>12g} a minute" if row.value_per_minute else ""
        typer.echo(f"  {row.entity:<{width}}  {row.how}{cost}")
    domains = {name: share for name, share in shares.items() if name != VALUE and share > 0}
    for name, share in sorted(domains.items()):
        typer.echo(f"  capacity lost in {'the estate' if name == '*' else name}: {share:.1%}")


def of_file(path: Path) -> Graph:
    """The graph of a file of CMDB events.

    Raises:
        PermanentError: the file cannot be read, or a line is unusable; the message names the line.
    """
    builder = GraphBuilder()
    now = time.time_ns()
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise PermanentError(f"{path}: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        read = decode(line, Receipt(at=now))
        if isinstance(read, UnusableMessage):
            raise PermanentError(f"{path}: row {number}: {read.reason}: {read.detail}")
        for event in read:
            if isinstance(event, ItemReported):
                builder.report(event.item, event.edges)
            elif isinstance(event, EdgesObserved):
                builder.observe(event.edges)
    return builder.snapshot(1)


def of_journal(reader: JournalReader, domain: str) -> Graph:
    """The graph that the orchestrator last wrote to the journal."""
    builder = GraphBuilder()
    for body in reader.documents("item", domain).values():
        record = decode_document(ItemRecord, body)
        builder.report(record.item, record.edges)
    builder.observe(decode_document(Edge, body) for body in reader.documents("edge", domain).values())
    return builder.snapshot(1)


def _of_installation(config: Path | None) -> Graph:
    here = open_installation(config)
    return of_journal(here.reader, here.settings.domain)
