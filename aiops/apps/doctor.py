"""Looks at everything that the runtime needs, and says what is missing, where, and what to do about it.

It changes nothing and starts nothing. Each look is one function that yields findings; an error of the outside is a
finding like any other.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from aiops.adapters.bundle.loading import load_acting, load_cases
from aiops.adapters.bundle.metric_rows import load_metrics
from aiops.adapters.bundle.services import services
from aiops.adapters.extension_checks import check_choices
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.paging.channels import open_levels
from aiops.adapters.plugins import installed
from aiops.adapters.status_file import read_status
from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.apps.doctor_kafka import check_kafka
from aiops.apps.doctor_snapshots import check_snapshots
from aiops.console.app import loopback
from aiops.model.errors import AiopsError, PermanentError
from aiops.model.incidents import Priority
from aiops.model.metric_semantics.custom import FILE
from aiops.model.pages import Page
from aiops.model.prose import Prose
from aiops.plugins import Plugins
from aiops.ports import Clock
from aiops.settings import Settings
from remediations.policy_cases import check

_GIB = 2**30


def examine(settings: Settings, bundle: Path, clock: Clock, *, page: bool = False) -> Iterator[DoctorFinding]:
    """Every finding, in the order in which people should read them. ``page``: send a test page to every channel."""
    plugins = installed()
    checks: dict[str, Callable[[], Iterable[DoctorFinding]]] = {
        "plug-ins": lambda: _plugins(settings, plugins),
        "bundle": lambda: _bundle(settings, bundle, clock, plugins=plugins),
        "acting": lambda: _acting(settings),
        "state": lambda: _state(settings),
        "journal": lambda: _journal(settings),
        "snapshots": lambda: check_snapshots(settings),
        "kafka": lambda: check_kafka(settings, clock),
        "runtime": lambda: _runtime(settings, clock),
        "pages": lambda: _pages(settings, clock, plugins, send=page),
        "console": lambda: _console(settings),
    }
    for about, run in checks.items():
        try:
            yield from run()
        except (AiopsError, OSError) as error:
            yield DoctorFinding(Level.FAIL, about, str(error))


def _plugins(settings: Settings, plugins: Plugins) -> Iterator[DoctorFinding]:
    """Every plug-in with its package, and whether it can be loaded; then what the settings choose."""
    for fault in plugins.faults:
        one = fault.extension
        yield DoctorFinding(
            Level.FAIL, "plug-ins", f"{one.kind.word} {one.name!r} of {one.origin} is not used", fault.why
        )
    for one in plugins.plugged():
        try:
            one.load()
        except AiopsError as error:
            yield DoctorFinding(Level.FAIL, "plug-ins", str(error))
        else:
            yield DoctorFinding(Level.OK, "plug-ins", f"{one.kind.word} {one.name}: {one.origin}")
    try:
        check_choices(settings, plugins)
    except AiopsError as error:
        yield DoctorFinding(
            Level.FAIL, "plug-ins", str(error), "change the setting, or install the package; aiops up refuses"
        )


def _bundle(settings: Settings, folder: Path, clock: Clock, *, plugins: Plugins) -> Iterator[DoctorFinding]:
    if not folder.is_dir():
        yield DoctorFinding(
            Level.FAIL, "bundle", f"{folder} is no folder", "set bundle in aiops.yaml to a folder that exists"
        )
        return
    shipped = " (the example that is shipped)" if settings.bundle is None else ""
    policies, runbooks, windows = load_acting(folder, plugins)
    for problem in (*policies.problems, *windows.problems):
        yield DoctorFinding(Level.FAIL, "bundle", str(problem), "nothing is acted on until this is mended")
    for problem in runbooks.problems:
        yield DoctorFinding(Level.FAIL, "bundle", str(problem), "this runbook is not used until it is mended")
    if not policies.problems:
        wrong = [one for one in check(policies, load_cases(folder / "policies")) if not one.right]
        for one in wrong:
            what = f"policies answer case {one.case.name!r} with {one.decision.level}, expected {one.case.expect}"
            yield DoctorFinding(Level.WARN, "bundle", what, "aiops policy test")
        yield DoctorFinding(Level.OK, "bundle", f"{folder}{shipped}: {len(runbooks.runbooks)} runbooks approved")
    items = services(folder / "services", settings.domain)
    paid = sum(1 for item, _ in items if item.value_per_minute)
    if items:
        yield DoctorFinding(Level.OK, "bundle", f"{len(items)} items in services/, {paid} with a value")
    else:
        yield DoctorFinding(
            Level.WARN, "bundle", "services/ names no item", "impact comes from aiops.cmdb and spans alone"
        )
    yield from _metrics(folder)
    hold = windows.hold(clock.now())
    if hold is not None:
        yield DoctorFinding(Level.WARN, "bundle", f"changes are held now: {hold.reason}", "actions wait until it ends")


def _metrics(folder: Path) -> Iterator[DoctorFinding]:
    try:
        rows = len(load_metrics(folder).custom)
    except PermanentError as error:
        for line in str(error).splitlines():
            yield DoctorFinding(Level.FAIL, "bundle", line, "aiops up does not start until it is mended")
        return
    if rows:
        yield DoctorFinding(Level.OK, "bundle", f"{rows} rows of your own in {FILE}")


def _acting(settings: Settings) -> Iterator[DoctorFinding]:
    kinds = {options.get("kind", "none") for options in settings.acting.executors.values()}
    if settings.control.shadow:
        yield DoctorFinding(
            Level.WARN, "acting", "shadow mode: everything is decided, nothing is executed", "control.shadow"
        )
    elif kinds <= {"none"}:
        what = "no executor is set: plans are made, and refused when they are to be carried out"
        yield DoctorFinding(Level.WARN, "acting", what, "set acting.executors, or control.shadow: true")
    else:
        yield DoctorFinding(Level.OK, "acting", f"executors: {', '.join(sorted(kinds))}")


def _state(settings: Settings) -> Iterator[DoctorFinding]:
    folder = settings.state
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free / _GIB
    what = f"{free:.1f} GiB free for {folder}"
    if free < 1:
        yield DoctorFinding(Level.FAIL, "state", what, "make room: a full disk stops every decision")
    else:
        yield DoctorFinding(Level.WARN if free < 5 else Level.OK, "state", what, "make room soon" if free < 5 else "")


def _journal(settings: Settings) -> Iterator[DoctorFinding]:
    url = settings.control.journal
    if url is None and not (settings.state / "journal.db").exists():
        yield DoctorFinding(Level.OK, "journal", "SQLite; aiops up makes it")
        return
    journal = SqlJournal(url or sqlite_url(settings.state))
    try:
        halt = journal.halt_state(settings.domain)
    finally:
        journal.close()
    yield DoctorFinding(Level.OK, "journal", "readable" if url else f"readable, {settings.state / 'journal.db'}")
    if halt.halted:
        yield DoctorFinding(
            Level.WARN, "journal", f"halted by {halt.who}: {halt.reason or 'no reason given'}", "aiops resume"
        )


# ------------------------------------------------------------------------------------------------------------ Kafka


# ---------------------------------------------------------------------------------------------------- the rest


def _runtime(settings: Settings, clock: Clock) -> Iterator[DoctorFinding]:
    if importlib.util.find_spec("ray") is None:
        yield DoctorFinding(Level.FAIL, "ray", "Ray is not installed", "make set-up")
    status = read_status(settings.state)
    if status is None:
        yield DoctorFinding(Level.OK, "runtime", "never ran here; aiops up starts it")
        return
    age = (clock.now() - status["at"]) / 1e9
    if age > 30:
        yield DoctorFinding(Level.WARN, "runtime", f"not running: it last said something {age:,.0f} s ago", "aiops up")
        return
    yield DoctorFinding(
        Level.OK, "runtime", f"up, {len(status['shards'])} shards, epoch {_control(status).get('epoch', 0)}"
    )
    for part in (_control(status), status.get("fleet", {}), *status["shards"]):
        if part.get("error"):
            yield DoctorFinding(Level.WARN, "runtime", str(part["error"]))


def _control(status: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = status.get("orchestration", {})
    return found


def _pages(settings: Settings, clock: Clock, plugins: Plugins, *, send: bool) -> Iterator[DoctorFinding]:
    levels = open_levels(settings.paging.levels, clock, plugins)
    channels = [(number, channel) for number, level in enumerate(levels) for channel in level]
    if not channels:
        yield DoctorFinding(Level.FAIL, "pages", "nobody is ever paged", "set paging.levels")
    elif all(channel.name.startswith("console") for _, channel in channels):
        yield DoctorFinding(
            Level.WARN, "pages", "pages go to the console only", "set paging.levels to people's channels"
        )
    else:
        yield DoctorFinding(Level.OK, "pages", f"{len(levels)} levels, {len(channels)} channels")
    for number, channel in channels if send else ():
        page = _test_page(settings, number, clock.now())
        try:
            delivery = channel.send(page)
        except AiopsError as error:
            yield DoctorFinding(Level.FAIL, "pages", f"level {number + 1}, {channel.name}: {error}", "mend its URL")
            continue
        if delivery.delivered:
            yield DoctorFinding(Level.OK, "pages", f"level {number + 1}, {channel.name}: test page delivered")
        else:
            yield DoctorFinding(
                Level.FAIL, "pages", f"level {number + 1}, {channel.name}: {delivery.error}", "mend its URL"
            )


def _test_page(settings: Settings, level: int, at: int) -> Page:
    return Page(
        key=f"doctor/{at}/{level}",
        work_item="doctor",
        level=level,
        at=at,
        priority=Priority.P4,
        title=Prose("aiops doctor: this is a test"),
        broken=Prose("Nothing."),
        matters=Prose("Somebody tests whether pages arrive."),
        affected=(),
        causes=(),
        tried=(),
        asks=Prose("Nothing is asked of you."),
        domain=settings.domain,
    )


def _console(settings: Settings) -> Iterator[DoctorFinding]:
    if not loopback(settings.console.host):
        what = f"the console listens on {settings.console.host} without TLS: tokens go over the network in clear"
        yield DoctorFinding(
            Level.WARN, "console", what, "put a proxy with TLS in front, or set console.host: 127.0.0.1"
        )
    else:
        yield DoctorFinding(
            Level.OK, "console", f"http://{settings.console.host}:{settings.console.port}/, this machine only"
        )
    token = settings.state / "console.token"
    if token.exists() and token.stat().st_mode & 0o077:
        yield DoctorFinding(Level.FAIL, "console", f"others can read {token}", f"chmod 600 {token}")
