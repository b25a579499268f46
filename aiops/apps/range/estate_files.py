"""Writes the files of an estate: plan, settings, releases, configurations."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from aiops.adapters.atomic_files import replace_file
from aiops.model.errors import PermanentError
from simulations.range import estate_plan, run_settings
from simulations.range.configuration import collector, haproxy, rabbitmq, redis, supervisord, toxiproxy
from simulations.range.estate_plan import (
    COLLECTOR,
    HAPROXY,
    POSTGRESQL,
    RABBITMQ,
    REDIS,
    REPLICA,
    TOXIPROXY,
    EstatePlan,
)
from simulations.range.profile import Profile, profile, release
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import RunSettings


def short_folder(root: Path) -> Path:
    """Folder of sockets and data of the estate in a run folder: a short path that other users may enter."""
    mark = hashlib.sha256(str(root).encode()).hexdigest()[:8]
    return Path("/tmp") / f"aiops-range-{os.getuid()}-{mark}"  # noqa: S108 (made for this user alone, refused if not)


def make_folders(folder: RunFolder) -> None:
    """Make the folders of an estate.

    Raises:
        PermanentError: another user has the folder of sockets.
    """
    folder.root.mkdir(parents=True, exist_ok=True)
    (folder.root / "logs").mkdir(exist_ok=True)
    folder.short.mkdir(mode=0o711, exist_ok=True)
    found = folder.short.lstat()
    if folder.short.is_symlink() or found.st_uid != os.getuid():
        raise PermanentError(f"{folder.short} belongs to another user: remove it, or choose another seed")
    for name in (POSTGRESQL, REPLICA, RABBITMQ, REDIS):
        folder.data(name).mkdir(mode=0o700, exist_ok=True)
    for name in (HAPROXY, TOXIPROXY, COLLECTOR, REDIS):
        folder.program(name).mkdir(exist_ok=True)


def write(plan: EstatePlan, folder: RunFolder, run: RunSettings) -> None:
    """Write everything that is read before the first program starts."""
    files = {
        folder.plan: estate_plan.to_json(plan),
        folder.run: run_settings.to_json(run),
        folder.load_control: '{"factor": 1.0}\n',
        folder.supervisord_configuration: supervisord.configuration(plan, folder, run),
        folder.root / "launch.sh": supervisord.LAUNCHER,
        folder.program(HAPROXY) / "haproxy.cfg": haproxy.configuration(plan, folder),
        haproxy.shed_map(folder): "",
        haproxy.rate_map(folder): "",
        folder.program(TOXIPROXY) / "proxies.json": toxiproxy.configuration(plan),
        folder.program(COLLECTOR) / "config.yaml": collector.configuration(plan, folder, run),
        folder.program(REDIS) / "redis.conf": redis.configuration(plan, folder),
        folder.data(RABBITMQ) / "rabbitmq.conf": rabbitmq.configuration(plan, folder),
        folder.data(RABBITMQ) / "definitions.json": rabbitmq.definitions(plan),
        folder.data(RABBITMQ) / "enabled_plugins": rabbitmq.PLUGINS,
    }
    for path, text in files.items():
        replace_file(path, [text.encode()])
    for service in plan.services:
        write_release(folder, profile(plan, service))
        switch(folder, service.id, service.version)
    give(folder.data(RABBITMQ), run.users.rabbitmq)
    for name in (POSTGRESQL, REPLICA):
        give(folder.data(name), run.users.postgresql)


def write_release(folder: RunFolder, content: Profile) -> Path:
    """Write the files of a release beside the current one; the folder."""
    place = folder.release(content.service, content.version)
    for name, text in release(content).items():
        replace_file(place / name, [text.encode()])
    return place


def switch(folder: RunFolder, service: str, version: str) -> str:
    """Let a service run a release from its next start on; the version that was current before, or an empty text.

    Raises:
        PermanentError: there is no such release.
    """
    if not folder.release(service, version).is_dir():
        raise PermanentError(f"{service} has no release {version!r} in {folder.service(service)}")
    link = folder.current(service)
    before = link.readlink().name if link.is_symlink() else ""
    beside = link.with_name("current.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(Path("releases") / version)
    beside.rename(link)
    return before


def give(place: Path, user: str) -> None:
    """Make a user the owner of a folder and of all that is in it. An empty name changes nothing."""
    if user:
        for path in (place, *place.rglob("*")):
            shutil.chown(path, user)


def read(root: Path) -> tuple[EstatePlan, RunFolder, RunSettings]:
    """Plan, paths and settings of an estate that was started.

    Raises:
        PermanentError: there is none in this folder.
    """
    if not (root / "plan.json").exists():
        raise PermanentError(f"there is no estate in {root}: start one with `aiops range up`")
    run = run_settings.from_json((root / "run.json").read_bytes())
    return estate_plan.from_json((root / "plan.json").read_bytes()), RunFolder(root, Path(run.short)), run
