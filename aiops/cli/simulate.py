"""`aiops simulate`: run scenarios in the simulated world with baselines, or run the world live."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.bundle.loading import load_bundle
from aiops.adapters.plugins import installed
from aiops.cli.exits import Exit
from aiops.cli.installation import Config
from aiops.cli.live_target import LiveTarget
from simulations.live.live_world import LiveSettings
from simulations.running.healers import settings_for
from simulations.running.simulation import Who
from simulations.scenarios.scenario import FOLDER, find, shipped, titles
from simulations.scorecards.page import page
from simulations.scorecards.suite import Progress as Told
from simulations.scorecards.suite import ScenarioEntry, play
from simulations.scorecards.summary import Card, as_json, cards
from simulations.scorecards.table import table
from simulations.world.estate import load

_Names = Annotated[list[str] | None, typer.Argument(help="Names of scenarios, paths of .yaml files, or `all`.")]
_Seed = Annotated[int, typer.Option(help="First seed.", min=0)]
_Runs = Annotated[int, typer.Option(help="Number of seeds, counted up from --seed.", min=1, max=10_000)]
_Light = Annotated[
    bool, typer.Option("--light", help="Simulate metrics only, without encoding. Default: also logs and spans.")
]
_Baseline = Annotated[str, typer.Option(help="Baselines, separated by commas: none, restart. Empty: no baseline.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Html = Annotated[Path | None, typer.Option(help="Write an HTML page with timelines to this file.", dir_okay=False)]
_List = Annotated[bool, typer.Option("--list", help="List the shipped scenarios.")]
_Live = Annotated[bool, typer.Option("--live", help="Run the world in real time and publish to Kafka until Ctrl-C.")]
_Kafka = Annotated[str | None, typer.Option(help="With --live: HOST:PORT of the broker.", envvar="AIOPS_KAFKA")]
_History = Annotated[
    int, typer.Option(help="With --live: seconds of history to publish at the start.", min=0, max=86_400)
]
_Interval = Annotated[int, typer.Option(help="With --live: seconds between points.", min=1, max=60)]
_Http = Annotated[
    int, typer.Option(help="With --live: port for actions, faults and ground truth; 0: a free port.", max=65_535)
]
_Unkeyed = Annotated[
    bool, typer.Option("--unkeyed", help="With --live: records without keys, as a default Collector writes them.")
]


def simulate(  # noqa: PLR0913 (one parameter an option)
    names: _Names = None,
    seed: _Seed = 1,
    runs: _Runs = 1,
    *,
    baseline: _Baseline = "none,restart",
    html: _Html = None,
    kafka: _Kafka = None,
    history: _History = 900,
    interval: _Interval = 5,
    http: _Http = 0,
    config: Config = None,
    light: _Light = False,
    json_: _Json = False,
    listed: _List = False,
    live: _Live = False,
    unkeyed: _Unkeyed = False,
) -> None:
    """Run scenarios under a virtual clock and compare the runtime with no healing and with naive restarts.

    A run is a healthy period, in which detectors warm up, followed by the scenario: one hour in all for most. One hour
    takes one to four seconds with --light, and about twenty with logs and spans. The same seed gives the same journal,
    byte for byte. The runtime and the baselines get the same faults and the same users.

    With --live the same world runs in real time. Telemetry and control topics go to Kafka, the faults of the named
    scenario start at their times, and POST http://127.0.0.1:PORT/actions accepts actions.

    With --live the connection (TLS, SASL) and the topics are those of the settings.

    With --config the runtime uses the detectors, views and ranker that the file names, including plug-ins.

    Exit code 0: every run met its scenario's expectations. 1: a run did not; the remarks name it. 3: no such scenario.
    """
    if listed:
        _list()
        return
    if live:
        from aiops.cli.simulate_live import publish  # noqa: PLC0415 (Kafka is loaded only where it is needed)

        entry = _entry(names[0] if names else "none")
        with _progress() as progress:
            world = LiveSettings(history, interval, not unkeyed, http, seed)
            publish(entry, _target(kafka, config), world, progress=progress)
        return
    if not names:
        raise typer.BadParameter("name a scenario, or `all`; --list shows the scenarios", param_hint="SCENARIO")
    entries = [_entry(name) for name in (shipped() if names == ["all"] else names)]
    healers = [Who.PRODUCT, *_baselines(baseline)]
    plugins = installed()
    settings = None if config is None else settings_for(light=light, chosen=load_settings(config))
    with _progress() as progress:
        results = play(
            entries,
            range(seed, seed + runs),
            healers,
            bundle=load_bundle(plugins=plugins),
            light=light,
            progress=progress,
            extended=None if settings is None else (settings, plugins),
        )
    rows, currency = cards(results.grades), load().currency
    if html is not None:
        html.write_text(page([entry.scenario for entry in entries], results, currency), encoding="utf-8")
    if json_:
        typer.echo(
            json.dumps({"seeds": list(range(seed, seed + runs)), "light": light, "rows": as_json(rows)}, indent=1)
        )
    else:
        _print(rows, currency)
    if any(row.remarks for row in rows):
        raise typer.Exit(Exit.NO)


def _target(kafka: str | None, config: Path | None) -> LiveTarget:
    """The broker of the option, else of the settings."""
    settings = load_settings(config)
    broker = kafka or settings.kafka.bootstrap
    if broker is None:
        raise typer.BadParameter("--live needs a broker", param_hint="--kafka")
    return LiveTarget(broker, settings)


def _list() -> None:
    for name, title in titles().items():
        typer.echo(f"{name:<24} {title}")


def _print(rows: Sequence[Card], currency: str) -> None:
    console = Console(width=None if Console().is_terminal else 200)
    console.print(table(rows, currency))
    for row in rows:
        for remark, count in row.remarks.items():
            console.print(f"{row.scenario}: {remark} ({count} of {row.seeds})", style="red", highlight=False)


def _entry(name: str) -> ScenarioEntry:
    return ScenarioEntry(find(name), FOLDER if name in shipped() else Path(name).parent)


def _baselines(text: str) -> list[Who]:
    found = [part.strip() for part in text.split(",") if part.strip()]
    if wrong := [part for part in found if part not in (Who.NONE, Who.RESTART)]:
        raise typer.BadParameter(f"{wrong[0]!r} is not none or restart", param_hint="--baseline")
    return [Who(part) for part in dict.fromkeys(found)]


@contextmanager
def _progress() -> Iterator[Told]:
    """A progress bar on standard error if standard error is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda name, share: bar.update(task, description=name, completed=share)
