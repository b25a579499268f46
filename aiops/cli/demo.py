"""`aiops demo`: three incidents on a live system, in a terminal or in plain lines."""

from __future__ import annotations

import os
import secrets
import select
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aiops.adapters.folders import state_home
from aiops.cli.exits import Exit
from aiops.model.incidents import Incident

if TYPE_CHECKING:
    from aiops.apps.demo import Demonstration, Played, Verdicts

_ANSWER_SECONDS = 20
_LINES = 14

Folder = Annotated[Path | None, typer.Option(help="State folder of the demonstration; removed first.", metavar="DIR")]


def run(
    folder: Folder = None, *, alone: Annotated[bool, typer.Option(help="Do not ask for approval.")] = False
) -> None:
    """Show three incidents on a live system: Kafka, Ray, a shop of 29 services, and three faults.

    One incident is healed unattended. One waits for your approval; without an answer the demonstration approves through
    the same API. One is escalated to a person with a page. At the end: the lost value compared with no healing, the
    ledger's difference, the audit's verdict, and the next commands. Takes about four minutes.

    Exit code 0: all three incidents ended as expected, and the ledger and the audit are correct. 1: they did not.
    """
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    # Imported only now: Ray reads its environment when it is imported.
    from aiops.apps.demo import Demonstration  # noqa: PLC0415
    from aiops.apps.demo_setup import ACTS  # noqa: PLC0415
    from aiops.bootstrap.runtime import Runtime  # noqa: PLC0415
    from aiops.bootstrap.services import Serving  # noqa: PLC0415

    console = Console()
    begun = time.monotonic()
    demonstration = Demonstration(
        folder or state_home() / "demo",
        Runtime,
        Serving,
        lambda line: console.print(f"  {line} …", markup=False),
    )
    console.print("[bold]Starting[/bold] a broker, Ray, the runtime and a live world")
    ok = False
    try:
        demonstration.start()
        console.print(f"  ready after {time.monotonic() - begun:.0f} s; console {demonstration.serving.console_url}\n")
        view = _View(console, demonstration, alone=alone or not sys.stdin.isatty())
        for act in ACTS[:-1]:
            view.play(act.title, lambda act=act: demonstration.play(act, person=view.ask, refresh=view.refresh))
        # The last fault affects the metrics that verify the other incidents, so it starts after their verification.
        view.play("remaining verification", lambda: demonstration.finish(person=view.ask, refresh=view.refresh))
        view.play(ACTS[-1].title, lambda: demonstration.play(ACTS[-1], person=view.ask, refresh=view.refresh))
        verdicts = demonstration.verdicts()
        ok = _judge(console, demonstration, verdicts)
    finally:
        console.print("stopping …")
        demonstration.stop()
    console.print(f"{'closed' if ok else '[red]not closed[/red]'} after {time.monotonic() - begun:.0f} s")
    raise typer.Exit(Exit.OK if ok else Exit.NO)


class _View:
    """A live view on a terminal; elsewhere each new line of each incident, printed once."""

    def __init__(self, console: Console, demonstration: Demonstration, *, alone: bool) -> None:
        self._console, self._demonstration, self._alone = console, demonstration, alone
        self._printed: set[tuple[str, int, str]] = set()
        self._live: Live | None = None
        self._title = ""

    def play(self, title: str, act: object) -> None:
        """Run one act under its heading."""
        self._title = title
        self._console.print(f"[bold]{title.capitalize()}[/bold]")
        if self._console.is_terminal:
            with Live(console=self._console, refresh_per_second=4, transient=True) as self._live:
                act()  # type: ignore[operator]
            self._live = None
        else:
            act()  # type: ignore[operator]
        self.refresh()
        self._console.print()

    def refresh(self) -> None:
        """Show new lines."""
        if self._live is not None:
            self._live.update(self._picture())
            return
        for incident in self._demonstration.incidents():
            for line in incident.story:
                key = (incident.id, line.at, line.what)
                if key not in self._printed:
                    self._printed.add(key)
                    self._console.print(_line(incident, line.at, line.who, what=line.what), highlight=False)

    def ask(self, incident: Incident) -> bool | None:
        """A person's answer within ``_ANSWER_SECONDS``. None: no answer."""
        if self._alone:
            return None
        if self._live is not None:
            self._live.stop()
        self._console.print(Text.assemble((f"{incident.id} asks: ", "bold yellow"), _asked(incident)))
        asked = f"approve? [y/n] (in {_ANSWER_SECONDS} s the demonstration answers) "
        self._console.print(asked, end="", markup=False)
        ready, _, _ = select.select([sys.stdin], [], [], _ANSWER_SECONDS)
        answer = sys.stdin.readline().strip().lower() if ready else ""
        if self._live is not None:
            self._live.start()
        return None if not answer else answer.startswith("y")

    def _picture(self) -> Group:
        status = self._demonstration.status()
        shards = status.get("shards", [])
        items = sum(line["items"] for shard in shards for line in shard.get("ledger", []))
        lag = max((lag for shard in shards for lag in shard.get("lag", {}).values()), default=0)
        fleet = Text(f"{len(shards)} shard · {items:,} points, lines and spans taken · lag {lag} records")
        panels = [
            Panel(
                Group(*(_line(i, line.at, line.who, what=line.what) for line in i.story[-_LINES:])),
                title=f"{i.id} · {i.state.value} · {', '.join(i.entities[:4])}",
                border_style="green" if i.state.value == "resolved" else "yellow",
            )
            for i in self._demonstration.incidents()[-3:]
        ]
        return Group(Text(self._title, style="bold"), fleet, *panels)


def _line(incident: Incident, at: int, who: str, *, what: str) -> Text:
    clock = datetime.fromtimestamp(at / 1e9, UTC).strftime("%H:%M:%S")
    return Text.assemble((f"  {clock} ", "dim"), (f"{incident.id:<7}", "cyan"), (f"{who:<13}", "bold"), what)


def _asked(incident: Incident) -> str:
    waiting = [line.what for line in incident.story if "approv" in line.what or "begins plan" in line.what]
    return waiting[-1] if waiting else "may its plan run?"


def _judge(console: Console, demonstration: Demonstration, verdicts: Verdicts) -> bool:
    table = Table(title="Results", title_justify="left")
    for name in ("fault", "expected", "ended", "detected", "repaired", "closed"):
        table.add_column(name)
    for played in demonstration.played:
        table.add_row(*_row(played))
    console.print(table)
    lost, unhealed = verdicts.value_lost, verdicts.value_lost_unhealed
    console.print(
        f"value lost {lost:,.0f} {verdicts.currency}, without healing {unhealed:,.0f}; "
        f"service objectives missed for {verdicts.minutes_broken:.1f} min, "
        f"without healing {verdicts.minutes_broken_unhealed:.1f}"
    )
    console.print(
        f"ledger: {verdicts.ledger_items:,} items, difference {verdicts.ledger_difference}; "
        f"membership difference {verdicts.membership_difference}; "
        f"audit: {verdicts.audit_rows:,} entries, {'whole' if verdicts.audit_ok else 'BROKEN'}"
    )
    console.print("Next:")
    for what, command in demonstration.left_over().items():
        console.print(Text.assemble(f"  {what}: ", (command, "bold")), soft_wrap=True)
    accounts = verdicts.ledger_difference == 0 and verdicts.membership_difference == 0 and verdicts.audit_ok
    return accounts and all(played.closed for played in demonstration.played)


def _row(played: Played) -> tuple[str, ...]:
    incident = played.incident
    since = (played.injected_at, played.act.title, played.act.ending)
    if incident is None:
        return since[1], since[2], "not found", "-", "-", "no"
    found = f"{(incident.opened_at - played.injected_at) / 1e9:.0f} s"
    repaired = "-" if played.repaired_at is None else f"{(played.repaired_at - played.injected_at) / 1e9:.0f} s"
    ended = str(incident.outcome or incident.state.value)
    by = f" (approved by {played.approved_by})" if played.approved_by else ""
    return since[1], since[2], ended + by, found, repaired, "yes" if played.closed else "no"
