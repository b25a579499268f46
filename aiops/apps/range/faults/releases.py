"""Faults that a release or a configuration brings, and the harmless ones. Each is a folder that the launcher runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from aiops.adapters.atomic_files import replace_file
from aiops.apps.range.estate_files import switch, write_release
from aiops.apps.range.faults.scene import Scene
from aiops.apps.range.leftovers import processes
from aiops.model.errors import PermanentError
from aiops.model.prose import Prose
from aiops.model.reports import Change
from simulations.range.estate_plan import HOST, Language
from simulations.range.profile import Knobs, Profile, profile

NOWHERE: Final = 9
"""Port on which nothing listens (discard)."""
LEAK_LIMIT: Final = 400 * 1024 * 1024
"""Resident bytes at which a leaking process is killed, as by the kernel at a container's limit."""
_BACK_OFF_SECONDS: Final = 4
_FAKETIME: Final = tuple(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


@dataclass(frozen=True, slots=True)
class Brought:
    """What a release brings beside the version."""

    knobs: Knobs = field(default_factory=Knobs)
    environment: str = ""
    """Lines of shell before the start."""
    misdirected: bool = False
    """The address of one dependency is wrong."""
    numbered: bool = True
    """It has a version of its own. False: a configuration of the present version."""
    memory_limit: int = 0
    """Bytes; a process above it is killed. 0: none."""
    revived: bool = False
    """What ends is started again, as an orchestrator would."""


class Release:
    """A release is written, linked and started; the end links the one before, unless somebody did."""

    def __init__(self, scene: Scene, brought: Brought) -> None:
        self._scene, self._brought = scene, brought
        self._folder, self._service = scene.estate.folder, scene.service
        self._link = self._folder.current(self._service.id)
        self._before = self._link.readlink().name
        self._name = _free_name(self._before, self._folder.service(self._service.id) / "releases")

    def begin(self) -> None:
        """Release it, publish the change, and restart one instance after the other."""
        scene, brought = self._scene, self._brought
        content = profile(scene.plan, self._service, version=self._name, knobs=brought.knobs)
        place = write_release(self._folder, _misdirected(content) if brought.misdirected else content)
        environment = place / "environment"
        lines = environment.read_text(encoding="utf-8")
        if not brought.numbered:
            lines += f"export RANGE_VERSION={self._before}\n"
        replace_file(environment, [(lines + brought.environment).encode()])
        switch(self._folder, self._service.id, self._name)
        change = _change(scene, self._name if brought.numbered else self._before)
        if change is not None:
            scene.announce(change)
        scene.restart(scene.instances)

    def tick(self, elapsed: float) -> None:
        """Kill what is above its limit, and start what ended every 4 s, while the release is the current one."""
        if self._link.readlink().name != self._name:
            return
        names = [instance.id for instance in self._scene.instances]
        if self._brought.memory_limit:
            self._kill_above(names)
        if self._brought.revived and round(elapsed) % _BACK_OFF_SECONDS == 0:
            self._scene.start_dead(names)

    def end(self) -> bool:
        """Go back, if it is still the current release."""
        if self._link.readlink().name != self._name:
            return True
        switch(self._folder, self._service.id, self._before)
        self._scene.restart(self._scene.instances)
        return False

    def _kill_above(self, names: Sequence[str]) -> None:
        sizes = {one.pid: one.memory_bytes for one in processes(self._folder.root)}
        for one in self._scene.processes(names):
            if sizes.get(one.pid, 0) > self._brought.memory_limit:
                os.kill(one.pid, signal.SIGKILL)


class GoodRelease(Release):
    """A release that brings nothing; it stays."""

    def end(self) -> bool:
        """Nothing is undone."""
        return True


def of_kind(name: str, scene: Scene) -> Release:
    """The release of a kind of fault."""
    match name:
        case "crash-loop":
            brought = Brought(environment="(sleep 1; kill -9 $$) &\n", revived=True)
        case "hog-inside":
            brought = Brought(Knobs(slow_kib=48 * 1024))
        case "memory-leak":
            brought = Brought(Knobs(leak_kib=2_048), memory_limit=LEAK_LIMIT, revived=True)
        case "descriptor-leak":
            brought = Brought(Knobs(leak_descriptors=2), environment="ulimit -n 256\n")
        case "slow-function":
            brought = Brought(Knobs(slow_ms=800))
        case "error-burst":
            brought = Brought(Knobs(error_share=0.4))
        case "bad-configuration":
            brought = Brought(misdirected=True, numbered=False)
        case "log-flood":
            brought = Brought(Knobs(log_lines=100))
        case "wrong-clock":
            brought = Brought(environment=_ahead(scene), numbered=False)
        case _:
            return GoodRelease(scene, Brought())
    return Release(scene, brought)


def clock_obstacle(language: Language | None) -> str:
    """Why a clock cannot be set ahead; empty: it can."""
    if not _FAKETIME:
        return "libfaketime is not installed: apt-get install libfaketime"
    return "a Go service does not ask the C library for the time" if language is Language.GO else ""


def _ahead(scene: Scene) -> str:
    obstacle = clock_obstacle(scene.service.language)
    if obstacle:
        raise PermanentError(obstacle)
    return f'export LD_PRELOAD={_FAKETIME[0]} FAKETIME="+1h" FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1\n'


def _misdirected(content: Profile) -> Profile:
    """A profile in which nothing listens at the address of a dependency."""
    wrong = f"{HOST}:{NOWHERE}"
    if content.upstreams:
        first = min(content.upstreams)
        return replace(content, upstreams={**content.upstreams, first: f"http://{wrong}"})
    if content.database:
        return replace(content, database=f"postgresql://shop@{wrong}/shop", replica="")
    return replace(content, queue=f"amqp://shop:shop@{wrong}/%2F", cache=f"redis://{wrong}/0")


def _change(scene: Scene, version: str) -> Change | None:
    kind = scene.truth.change and _KINDS.get(scene.truth.fault, "deploy")
    if not kind:
        return None
    service = scene.service
    return Change(
        scene.truth.change,
        service.id,
        scene.truth.onset,
        kind,
        Prose(f"{service.id}: {'configuration changed' if kind == 'config' else f'{version} released'}"),
        author="pipeline",
        version=version if kind == "deploy" else "",
    )


_KINDS: Final = {"bad-configuration": "config"}


def _free_name(before: str, folder: Path) -> str:
    """The next version after one that no folder has."""
    head, _, last = before.rpartition(".")
    number = int(last) if last.isdecimal() else 0
    while True:
        number += 1
        name = f"{head or before}.{number}"
        if not (folder / name).exists():
            return name
