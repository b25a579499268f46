"""`aiops simulate`: scenarios in the simulated world beside no healing and naive restarts; or the world live."""

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
from aiops.cli.opening import Config
from simulations.live.live_world import LiveSettings
from simulations.running.healing import settings_for
from simulations.running.simulation import Who
from simulations.scenarios.scenario import FOLDER, find, shipped, titles
from simulations.scorecards.page import page
from simulations.scorecards.suite import Progress as Told
from simulations.scorecards.suite import ScenarioEntry, play
from simulations.scorecards.summary import Card, as_json, cards
from simulations.scorecards.table import table
from simulations.world.estate import load

_Names = Annotated[list[str] | None, typer.Argument(help="Names of scenarios, paths of .yaml files, or all.")]
_Seed = Annotated[int, typer.Option(help="First seed.", min=0)]
_Runs = Annotated[int, typer.Option(help="Seeds to run, from the first on.", min=1, max=10_000)]
_Light = Annotated[bool, typer.Option("--light", help="Metrics only, no bytes: for sweeps. Else logs and spans too.")]
_Baseline = Annotated[str, typer.Option(help="What to run beside: none, restart, both with a comma; empty: nothing.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Html = Annotated[Path | None, typer.Option(help="Write a page with timelines here.", dir_okay=False)]
_List = Annotated[bool, typer.Option("--list", help="List the shipped scenarios.")]
_Live = Annotated[bool, typer.Option("--live", help="Run the world in real time and publish to Kafka until Ctrl-C.")]
_Kafka = Annotated[str | None, typer.Option(help="With --live: HOST:PORT of the broker.", envvar="AIOPS_KAFKA")]
_History = Annotated[int, typer.Option(help="With --live: seconds of the past to publish at once.", min=0, max=86_400)]
_Interval = Annotated[int, typer.Option(help="With --live: seconds between points.", min=1, max=60)]
_Http = Annotated[int, typer.Option(help="With --live: port for actions, faults, truth; 0: a free one.", max=65_535)]
_Unkeyed = Annotated[bool, typer.Option("--unkeyed", help="With --live: no keys, as a stock Collector writes.")]


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
    """Run scenarios under a virtual clock and print how the runtime did beside no healing and naive restarts.

    A run is a history of health, in which detectors warm up, and then the scenario: an hour in all for most. With
    --light an hour takes one to four seconds, with logs and spans about twenty. The same seed gives the same journal,
    byte for byte, and all healers meet the same faults and the same users.

    With --live the same world runs in real time: telemetry and control topics go to Kafka, the faults of the named
    scenario come in their time, and POST http://127.0.0.1:PORT/actions takes actions back.

    With --config the product uses the detectors, views and ranker that the file names, those of plug-ins too.

    Exit code 0: every run went as its scenario expects. 1: some did not; the remarks say which. 3: no such scenario.
    """
    if listed:
        _list()
        return
    if live:
        if kafka is None:
            raise typer.BadParameter("--live wants a broker", param_hint="--kafka")
        from aiops.cli.simulate_live import publish  # noqa: PLC0415 (Kafka is loaded only where it is needed)

        entry = _entry(names[0] if names else "none")
        with _progress() as told:
            publish(entry, kafka, LiveSettings(history, interval, not unkeyed, http, seed), progress=told)
        return
    if not names:
        raise typer.BadParameter("name a scenario, or all; --list shows them", param_hint="SCENARIO")
    entries = [_entry(name) for name in (shipped() if names == ["all"] else names)]
    healers = [Who.PRODUCT, *_baselines(baseline)]
    plugins = installed()
    settings = None if config is None else settings_for(light=light, chosen=load_settings(config))
    with _progress() as told:
        results = play(
            entries,
            range(seed, seed + runs),
            healers,
            bundle=load_bundle(plugins=plugins),
            light=light,
            progress=told,
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
        raise typer.BadParameter(f"{wrong[0]!r} is none of none, restart", param_hint="--baseline")
    return [Who(part) for part in dict.fromkeys(found)]


@contextmanager
def _progress() -> Iterator[Told]:
    """A bar on standard error, where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda name, share: bar.update(task, description=name, completed=share)
