"""`aiops diagnose CASE…`: rank the causes of recorded incidents with the runtime's rankers."""

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
_Cases = Annotated[
    list[Path], typer.Argument(help="Folders with a case.json and the telemetry recorded around the incident.")
]
_Onset = Annotated[
    str | None, typer.Option(help="Start of the incident, RFC 3339. Default: from case.json, else detected.")
]
_Ranker = Annotated[str, typer.Option("--ranker", help="Name of a built-in or plug-in ranker.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, one line per case.")]


def diagnose(cases: _Cases, onset: _Onset = None, name: _Ranker = DEFAULT, *, as_json: _Json = False) -> None:
    """Rank the probable causes of each case, with evidence, impact and suspicious changes.

    A case is a folder: case.json, and any of metrics.parquet, edges.csv, entities.json, logs.parquet, spans.parquet,
    alerts.parquet, changes.json. Metrics keep the names of their source; a built-in table and the config bundle's
    metrics.yaml define their meaning. A missing optional file lowers the confidence and is not an error.

    Exit code 0: each case has a cause. 1: the cause of at least one case is unknown. 3: a case cannot be read; the
    message names file, row and column.
    """
    at = None if onset is None else parse(onset)
    if at is not None and at < 0:
        raise typer.BadParameter(f"{onset!r} is not an RFC 3339 time", param_hint="--onset")
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
    """The diagnosis of one case as lines for a terminal."""
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
