"""`aiops replay RECORDING`: run a recording through the runtime in shadow mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.plugins import installed
from aiops.apps.replay import InProcessReplay, convert_recording
from aiops.apps.replay_results import INCIDENTS, SUMMARY
from aiops.cli.exits import Exit
from aiops.cli.installation import Config, Json
from aiops.model.times import rfc3339
from aiops.plugins import ExtensionKind
from aiops.recordings.recording import Recording

SHOWN = 40
_Folder = Annotated[
    Path, typer.Argument(help="Folder with recording.yaml and metrics.jsonl[.gz|.zst] or other streams.")
]
_Speed = Annotated[float, typer.Option(help="Speed through Kafka, as a multiple of the recorded speed.", min=0.01)]
_Out = Annotated[Path | None, typer.Option(help="Folder for the results. Default: replay-NAME here.")]
_Only = Annotated[bool, typer.Option("--metrics-only", help="Leave out logs and traces.")]
_From = Annotated[str | None, typer.Option("--from", help="RECORDING is a published data set: convert it first "
                                           "with the converter of this name.", metavar="NAME")]  # fmt: skip
_Kafka = Annotated[str | None, typer.Option(help="Broker. Default: that of the settings, else an embedded one.",
                                            metavar="HOST:PORT")]  # fmt: skip
_Within = Annotated[bool, typer.Option("--in-process", help="Without Kafka and Ray, at full speed; --speed has no "
                                       "effect.")]  # fmt: skip


def replay(  # noqa: PLR0913 (a command's options)
    recording: _Folder,
    speed: _Speed = 60.0,
    out: _Out = None,
    *,
    kafka: _Kafka = None,
    config: Config = None,
    source: _From = None,
    metrics_only: _Only = False,
    in_process: _Within = False,
    as_json: Json = False,
) -> None:
    """Run a recording through Kafka and the pipeline in shadow mode: decisions are recorded, nothing is executed.

    The replay has topics, a domain and a state folder of its own; its clock follows the recording. The results folder
    gets incidents.jsonl (opening time, ranked causes, members and signals of each incident), pages.jsonl, replay.json
    (counts and the ledger), and state/ with the whole journal.

    With --from a data set is converted first, into recording-NAME here; `aiops doctor` lists the converters.

    Exit code 0: replayed, and the ledger's difference is zero. 1: the difference is not zero. 3: the recording cannot
    be used; the message names file and line.
    """
    if source is not None:
        target = Path(f"recording-{recording.name}")
        convert_recording(recording, target, installed().find(ExtensionKind.RECORDING, source))
        recording = target
    opened = Recording(recording)
    results = out or Path(f"replay-{opened.about.name}")
    settings = load_settings(config)
    with _progress(quiet=as_json) as bar:
        task = bar.add_task(opened.about.name, total=max(1, opened.end - opened.begin), at="")

        def report(at: int, records: int) -> None:
            bar.update(task, completed=at - opened.begin, at=f"{rfc3339(at)[:19]}  {records} records")

        if in_process:
            run = InProcessReplay(opened, settings, results)
            found = run.run(metrics_only=metrics_only, progress=report)
        else:
            from aiops.apps.kafka_replay import KafkaReplay  # noqa: PLC0415 (Ray takes a second to import)
            from aiops.bootstrap.runtime import Runtime  # noqa: PLC0415

            through = KafkaReplay(opened, settings, results, make=Runtime, bootstrap=kafka)
            found = through.run(speed, metrics_only=metrics_only, progress=report)
    summary = json.loads((results / SUMMARY).read_text())
    typer.echo(json.dumps(summary) if as_json else as_text(found, summary, results))
    if summary["ledger_difference"]:
        raise typer.Exit(Exit.NO)


def _progress(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[at]}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True)


def as_text(found: list[dict[str, Any]], summary: dict[str, Any], results: Path) -> str:
    """The incidents as lines for a terminal, one line per incident."""
    took = f"{summary['records']} records {summary['through']} in {summary['seconds']:.1f} s"
    lines = [
        f"{summary['recording']}: {took}, {len(found)} incidents, ledger difference {summary['ledger_difference']}"
    ]
    for one in found[:SHOWN]:
        cause = "cause unknown" if one["unknown"] or not one["causes"] else one["causes"][0]["entity"]
        lines.append(f"  {one['opened_at'][:19]}  {one['id']:<8} {cause:<40} {one['outcome'] or one['state']}")
    lines.extend([f"  … and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])
    lines.append(f"all incidents: {results / INCIDENTS}")
    return "\n".join(lines)
