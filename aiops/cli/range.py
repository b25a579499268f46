"""`aiops range`: an estate of real services on this machine, as a proving ground."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Final

import typer

from aiops.adapters.bundle.configuration import load_settings
from aiops.apps.range import install as installation
from aiops.apps.range.estate import Estate
from aiops.apps.range.start import Wanted, prepare, publish
from aiops.apps.range.state import estates, state, state_text
from aiops.cli import range_faults, range_judge
from aiops.cli.exits import Exit
from aiops.cli.installation import Config
from aiops.model.errors import PermanentError
from simulations.range.estate_plan import Language

app: Final = typer.Typer(
    no_args_is_help=True,
    help="""An estate of real services with a real Collector, databases, a queue and users, on this machine.

    It runs on ports of 127.0.0.1 and keeps its files in range/SEED of the state folder. Telemetry goes to the broker of
    the settings, else to the embedded broker.""",
)

_Seed = Annotated[int, typer.Option(help="Decides services, calls, work, sizes and traffic.", min=0)]
_Which = Annotated[int | None, typer.Option("--seed", help="Which estate. Default: the only one that there is.", min=0)]
_Size = Annotated[int | None, typer.Option(help="Number of services. Default: 5 to 12, drawn.", min=5, max=12)]
_Languages = Annotated[str, typer.Option(help="Implementations that may occur, separated by commas.")]
_ALL: Final = ",".join(Language)
_Kafka = Annotated[str | None, typer.Option(help="HOST:PORT of the broker.", envvar="AIOPS_KAFKA")]
_Interval = Annotated[float, typer.Option(help="Seconds between two samples of each metric.", min=1.0, max=60.0)]
_Share = Annotated[float, typer.Option(min=0.0, max=1.0)]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def install(*, apt: Annotated[bool, typer.Option("--apt", help="Install system packages, as root.")] = False) -> None:
    """Build the Collector, Toxiproxy and the services into ~/.cache/aiops/range, and print how long each part takes.

    A part is built anew only if its lock changed. What the system's packages bring is named with the command that
    installs it; --apt runs that command.

    Exit code 0: an estate can run. 3: a part cannot be built, or a system package is missing.
    """
    installation.install(_aside)
    missing = installation.missing_packages()
    if missing and apt and os.geteuid() == 0:
        _aside(f"installing {' '.join(missing)}")
        installation.apt(missing)
        missing = installation.missing_packages()
    if missing:
        raise PermanentError(f"the system lacks programs; run {installation.apt_line(missing)}")
    _aside("all parts are there: start an estate with `aiops range up`")


@app.command()
def up(  # noqa: PLR0913 (one parameter an option)
    seed: _Seed = 1,
    config: Config = None,
    *,
    size: _Size = None,
    languages: _Languages = _ALL,
    kafka: _Kafka = None,
    interval: _Interval = 2.0,
    cmdb_missing: _Share = 0.0,
    cmdb_wrong: _Share = 0.0,
    unkeyed: Annotated[bool, typer.Option("--unkeyed", help="Records without keys, as a default Collector.")] = False,
    restarts: Annotated[bool, typer.Option("--restarts", help="Supervisord restarts what ended.")] = False,
    no_load: Annotated[bool, typer.Option("--no-load", help="Without users.")] = False,
) -> None:
    """Start the estate of a seed; return when every service answers and users come.

    --cmdb-missing and --cmdb-wrong are the shares of configuration items and dependencies that the CMDB lacks, or holds
    wrongly.

    Exit code 0: it runs. 3: it cannot run here; the message names the reason. 4: the broker does not answer.
    """
    settings = load_settings(config)
    wanted = Wanted(
        seed=seed,
        size=size,
        languages=_languages(languages),
        kafka=kafka,
        interval_ms=round(interval * 1000),
        keyed=not unkeyed,
        restarts=restarts,
        load=not no_load,
        cmdb_missing=cmdb_missing,
        cmdb_wrong=cmdb_wrong,
    )
    estate = prepare(wanted, settings, _aside)
    estate.up(_aside)
    publish(Estate.opened(estate.folder.root), settings)
    typer.echo(state_text(state(estate)))


@app.command()
def down(seed: _Which = None, config: Config = None, *, keep: Annotated[bool, typer.Option("--keep")] = False) -> None:
    """Stop the estate and remove its files; --keep leaves plan, logs, truth and measurements.

    Exit code 0, also if it was not running. 3: there is no such estate.
    """
    estate = Estate.opened(_root(seed, config))
    killed = estate.down(keep=keep)
    typer.echo("Stopped." if not killed else f"Stopped; {killed} processes had to be killed.")


@app.command()
def status(seed: _Which = None, config: Config = None, *, as_json: _Json = False) -> None:
    """Show services, processes, memory, and what users got in the last minute.

    Exit code 0: every program runs. 1: one does not. 3: there is no such estate.
    """
    found = state(Estate.opened(_root(seed, config)))
    typer.echo(json.dumps(found) if as_json else state_text(found))
    if not found["complete"]:
        raise typer.Exit(Exit.NO)


@app.command()
def fault(
    kind: Annotated[str, typer.Argument(help="One of `aiops range faults`.")],
    target: Annotated[str, typer.Argument(help="Service, connection or other place. Default: the first.")] = "",
    seed: _Which = None,
    *,
    seconds: range_faults.Seconds = None,
    config: Config = None,
) -> None:
    """Make a real fault happen, wait for its time, and undo it. Ctrl-C undoes it at once.

    What happens is written to truth.jsonl in the estate's folder before it happens.

    Exit code 0: it happened and is over. 3: no such kind, no such target, or not on this machine; nothing happened.
    """
    range_faults.fault(Estate.opened(_root(seed, config)), kind, target, seconds=seconds, config=config)


@app.command()
def faults(seed: _Which = None, config: Config = None, *, as_json: _Json = False) -> None:
    """List the kinds of faults, and what each can happen to in the estate, if there is one.

    Exit code 0.
    """
    there = seed is not None or estates(load_settings(config).state / "range")
    range_faults.faults(Estate.opened(_root(seed, config)) if there else None, as_json=as_json)


@app.command()
def judge(
    seed: _Which = None, config: Config = None, *, history: range_judge.History = 0.0, as_json: _Json = False
) -> None:
    """Grade what the runtime made of the estate's faults so far: found, cause, action, repair, false incidents.

    What is true comes from truth.jsonl and the load generator's measurements, never from the runtime. The figures are
    also written to score.json and score.html in the estate's folder.

    Exit code 0: nothing that must never happen. 1: something did: an effect without an order, an action in shadow mode,
    a difference in the ledger. 3: there is no such estate, no journal, or nothing was measured.
    """
    range_judge.judge(Estate.opened(_root(seed, config)), config, history=history, as_json=as_json)


@app.command()
def executors(seed: _Which = None, config: Config = None) -> None:
    """Print the settings with which `aiops up` repairs the estate: the executors of its servers, and no shadow mode.

    Exit code 0. 3: there is no such estate.
    """
    range_faults.executors(Estate.opened(_root(seed, config)))


def _root(seed: int | None, config: Path | None) -> Path:
    folder = load_settings(config).state / "range"
    if seed is not None:
        return folder / str(seed)
    there = estates(folder)
    if len(there) != 1:
        seeds = ", ".join(str(one) for one in there)
        raise PermanentError(f"several estates: name one with --seed: {seeds}" if there else "there is no estate")
    return folder / str(there[0])


def _languages(text: str) -> tuple[Language, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if unknown := [word for word in words if word not in list(Language)]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(Language)}", param_hint="--languages")
    return tuple(Language(word) for word in dict.fromkeys(words))


def _aside(text: str) -> None:
    typer.echo(text, err=True)
