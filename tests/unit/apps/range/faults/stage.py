"""A scene without an estate: a plan, a run folder, a supervisord of fakes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiops.apps.range import estate_files
from aiops.apps.range.estate import Estate
from aiops.apps.range.faults.scene import Scene
from aiops.model.reports import Change
from aiops.topic_names import Topics
from simulations.range.estate_plan import EstatePlan
from simulations.range.faults.registry import KINDS
from simulations.range.faults.targets import checked
from simulations.range.faults.truth import truth_of
from simulations.range.generation import generate
from simulations.range.profile import profile
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import Programs, RunSettings, Users
from tests.executor_targets import FakeSupervisord, served

PLAN = generate(7)


def estate_in(folder: Path, plan: EstatePlan = PLAN) -> Estate:
    """An estate that does not run, with the first release of each service."""
    programs = Programs(**dict.fromkeys(Programs.__dataclass_fields__, "/none"))
    run = RunSettings(str(folder), "127.0.0.1:1", Topics(), programs, Users(), "host", "", "")
    estate = Estate(plan, RunFolder(folder, folder), run)
    for service in plan.services:
        estate_files.write_release(estate.folder, profile(plan, service))
        estate_files.switch(estate.folder, service.id, service.version)
    return estate


def scene_of(name: str, estate: Estate, target: str = "", changes: list[Change] | None = None) -> Scene:
    """The scene of a fault; its changes go to a list."""
    kind = KINDS[name]
    target = checked(kind, target, estate.plan)
    truth = truth_of(kind, target, estate.plan, onset=1, seconds=60.0)
    return Scene(estate, truth, (changes if changes is not None else []).append)


@contextmanager
def supervised(estate: Estate) -> Iterator[FakeSupervisord]:
    """All instances run, the spare ones do not; each is a group of its own."""
    states = {
        f"{one.id}:{one.id}": 0 if one.spare else 20 for service in estate.plan.services for one in service.instances
    }
    fake = FakeSupervisord(states)
    with served(fake, estate.folder.short, name=estate.folder.supervisord_socket.name):
        yield fake
