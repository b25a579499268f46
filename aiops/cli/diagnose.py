"""`aiops diagnose CASE…`: the cause of recorded incidents, by the ranker that the runtime uses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.bundle.loading import bundle_folder
from aiops.adapters.bundle.metric_rows import load_metrics
from aiops.adapters.cases import CaseError
from aiops.adapters.plugins import installed
from aiops.apps.diagnose import as_dict, diagnose_case
from aiops.cli.exits import Exit
from aiops.model.diagnoses import Diagnosis
from aiops.model.times import parse, rfc3339
from aiops.plugins import ExtensionKind
from aiops.settings import Analysis

SHOWN = 3
DEFAULT = Analysis().ranker
_Cases = Annotated[list[Path], typer.Argument(help="Folders with a case.json and what was recorded around it.")]
_Onset = Annotated[
    str | None, typer.Option(help="When the trouble began, RFC 3339; else case.json says, or it is found.")
]
_Ranker = Annotated[str, typer.Option("--ranker", help="Name of the ranker, shipped or of a plug-in.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON a case.")]


def diagnose(cases: _Cases, onset: _Onset = None, name: _Ranker = DEFAULT, *, as_json: _Json = False) -> None:
    """Name the probable causes of each case, with evidence, what they break, and suspicious changes.

    A case is a folder: case.json, and any of metrics.parquet, edges.csv, entities.json, logs.parquet, spans.parquet,
    alerts.parquet, changes.json. Names of metrics are whatever their source calls them; a table and the bundle's
    metrics.yaml say what they mean. What is missing makes the answer less sure, never an error.

    Exit code 0: each case has a cause. 1: for at least one the cause is unknown. 3: a case cannot be read; the text
    names file, row and column.
    """
    at = None if onset is None else parse(onset)
    if at is not None and at < 0:
        raise typer.BadParameter(f"{onset!r} is no RFC 3339 time", param_hint="--onset")
    chosen = installed().make(ExtensionKind.RANKER, name)
    metrics = load_metrics(bundle_folder(load_settings()))
    unreadable = unknown = 0
    for folder in cases:
        begin = time.perf_counter()
        try:
            found = diagnose_case(folder, chosen, at, metrics=metrics)
        except CaseError as error:
            typer.echo(f"aiops: {error}", err=True)
            unreadable += 1
            continue
        unknown += found.unknown
        seconds = time.perf_counter() - begin
        typer.echo(json.dumps(as_dict(found, seconds)) if as_json else as_text(found, seconds))
    if unreadable or unknown:
        raise typer.Exit(Exit.FAILED if unreadable else Exit.NO)


def as_text(found: Diagnosis, seconds: float) -> str:
    """One case's answer for people."""
    since = f"since {rfc3339(found.onset)}" if found.onset else "since an unknown time"
    verdict = "cause unknown" if found.unknown else f"{found.hypotheses[0].entity} ({found.hypotheses[0].kind})"
    lines = [f"{found.work_item}: {verdict}, {since}  ({seconds:.2f} s)"]
    for place, hypothesis in enumerate(found.hypotheses[:SHOWN], start=1):
        lines.append(f"  {place}. {hypothesis.entity}  {hypothesis.probability:.0%}  {hypothesis.kind}")
        lines.extend(f"     {'+' if e.supports else '-'} {e.what}" for e in hypothesis.evidence[:5])
    lines.append(f"  unknown {found.p_unknown:.0%}, others {found.p_rest:.0%}")
    if found.impact:
        lines.append("  impact")
        lines.extend(f"     {i.entity}: {i.how}{_cost(i.value_per_minute)}" for i in found.impact[:5])
        lines.extend([f"     … and {len(found.impact) - 5} more"] if len(found.impact) > 5 else [])
    if found.changes:
        lines.append("  suspicious changes")
        lines.extend(f"     {c.id} on {c.entity}  {c.suspicion:.0%}  {c.why}" for c in found.changes[:3])
    return "\n".join(lines)


def _cost(value: float) -> str:
    return f", {value:g} a minute" if value else ""
