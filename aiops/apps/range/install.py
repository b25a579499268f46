"""`aiops range install`: builds the Collector, Toxiproxy and the services once, and names what the system lacks."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import simulations.range
from aiops.apps.range.build_cache import cached, digest, forget_unused, home
from aiops.model.errors import PermanentError
from simulations.range.run_settings import Programs

SOURCES: Final = Path(simulations.range.__file__).parent
_BUILD_SECONDS: Final = 1_800.0
_UNUSED_SECONDS: Final = 30 * 86_400.0
_PYTHON: Final = f"{sys.version_info[0]}.{sys.version_info[1]}"
_RABBITMQ: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is built once.

    Args:
        name: begins the folder's name.
        folder: of the sources.
        locks: patterns of the files that it depends on.
        make: fills a folder from the folder of the sources.
        needs: programs that build it.
    """

    name: str
    folder: Path
    locks: tuple[str, ...]
    make: Callable[[Path, Path], None]
    needs: tuple[str, ...]

    @property
    def sources(self) -> list[Path]:
        """Files that it depends on."""
        return [file for pattern in self.locks for file in sorted(self.folder.glob(pattern))]


def parts() -> dict[str, Part]:
    """All parts by name."""
    go, programs, services = ("*.go", "go.*"), SOURCES / "programs", SOURCES / "services"
    found = (
        Part("collector", programs / "collector", go, _go("otelcol", "."), ("go",)),
        Part("toxiproxy", programs / "toxiproxy", go, _go("toxiproxy", _TOXIPROXY), ("go",)),
        Part("supervisor", programs / "supervisor", ("requirements.lock",), _pip, ()),
        Part("go-service", services / "go", go, _go("service", "."), ("go",)),
        Part("node-packages", services / "node", ("package*.json",), _npm, ("node", "npm")),
        Part(f"python-packages-{_PYTHON}", services / "python", ("requirements.lock",), _pip, ()),
    )
    return {part.name: part for part in found}


@dataclass(frozen=True, slots=True)
class SystemProgram:
    """A program that the system's packages bring."""

    name: str
    package: str
    """Debian's name of the package."""
    found: Path | None


def system_programs() -> list[SystemProgram]:
    """What is needed to run an estate beside the parts, and where it is."""
    return [
        SystemProgram("postgres", "postgresql", _postgresql()),
        SystemProgram("redis-server", "redis-server", _on_path("redis-server")),
        SystemProgram("rabbitmq-server", "rabbitmq-server", _RABBITMQ if _RABBITMQ.exists() else None),
        SystemProgram("epmd", "erlang-base", _on_path("epmd")),
        SystemProgram("haproxy", "haproxy", _on_path("haproxy")),
        SystemProgram("node", "nodejs", _on_path("node")),
    ]


def missing_packages() -> list[str]:
    """Debian's packages of the programs that are not here."""
    return [program.package for program in system_programs() if program.found is None]


def apt_line(packages: Sequence[str]) -> str:
    """The command that installs packages, for a person."""
    return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"


def apt(packages: Sequence[str]) -> None:
    """Install packages; only root may.

    Raises:
        PermanentError: apt-get refuses.
    """
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-q"], Path("/"), environment)
    _run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], Path("/"), environment)


def install(report: Report, place: Path | None = None) -> dict[str, float]:
    """Make every part that is not there; the seconds that each took.

    Raises:
        PermanentError: a part cannot be made; the text holds the end of what was printed.
    """
    took: dict[str, float] = {}
    forget_unused(place or home(), time.time() - _UNUSED_SECONDS)
    for part in parts().values():
        begun = time.monotonic()
        fresh = not _folder(part, place).exists()
        if fresh:
            report(f"{part.name}: building")
        folder = make(part, place)
        took[part.name] = time.monotonic() - begun
        report(f"{part.name}: {f'built in {took[part.name]:.0f} s' if fresh else 'is there'}  ({folder})")
    return took


def make(part: Part, place: Path | None = None) -> Path:
    """The folder of a part, made if it is not there.

    Raises:
        PermanentError: it cannot be made.
    """
    return cached(place or home(), part.name, part.sources, make=lambda folder: _build(part, folder))


def installed(place: Path | None = None) -> Programs:
    """Paths of everything that an estate runs.

    Raises:
        PermanentError: a part or a program is not here; the text says how to get it.
    """
    absent = [name for name, part in parts().items() if not _folder(part, place).exists()]
    if absent:
        raise PermanentError(f"not built yet: {', '.join(absent)}; run `aiops range install`")
    if packages := missing_packages():
        raise PermanentError(f"the system lacks programs; run {apt_line(packages)}")
    for part in parts().values():
        with contextlib.suppress(OSError):  # a cache that is shared may be read only
            _folder(part, place).touch()
    at = {part.name.removesuffix(f"-{_PYTHON}"): _folder(part, place) for part in parts().values()}
    system = {program.name: str(program.found) for program in system_programs()}
    return Programs(
        collector=str(at["collector"] / "otelcol"),
        toxiproxy=str(at["toxiproxy"] / "toxiproxy"),
        supervisor=str(at["supervisor"]),
        # the base interpreter, so that nothing of the product's environment is seen
        python=str(Path(sys.base_prefix) / "bin" / f"python{_PYTHON}"),
        python_packages=str(at["python-packages"]),
        python_service=str(SOURCES / "services" / "python" / "service.py"),
        go_service=str(at["go-service"] / "service"),
        node=system["node"],
        node_packages=str(at["node-packages"] / "node_modules"),
        node_service=str(SOURCES / "services" / "node" / "service.js"),
        postgresql=str(Path(system["postgres"]).parent),
        redis=system["redis-server"],
        rabbitmq=system["rabbitmq-server"],
        epmd=system["epmd"],
        haproxy=system["haproxy"],
    )


_TOXIPROXY: Final = "github.com/Shopify/toxiproxy/v2/cmd/server"


def _folder(part: Part, place: Path | None) -> Path:
    return (place or home()) / f"{part.name}-{digest(part.sources)}"


def _build(part: Part, folder: Path) -> None:
    for program in part.needs:
        if shutil.which(program) is None:
            raise PermanentError(f"{part.name} is built with {program}, which is not on the PATH: install {program}")
    part.make(part.folder, folder)


def _go(name: str, package: str) -> Callable[[Path, Path], None]:
    """Compiles a Go program; go.sum is the lock of its modules."""

    def build(source: Path, folder: Path) -> None:
        command = ["go", "build", "-mod=readonly", "-trimpath", "-o", str(folder / name), package]
        _run(command, source, {"GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local"})

    return build


def _pip(source: Path, folder: Path) -> None:
    """Install what the lock names, beside nothing else."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--target", str(folder)]
    _run([*pip, "-r", str(source / "requirements.lock")], source, {})


def _npm(source: Path, folder: Path) -> None:
    for file in source.glob("package*.json"):
        shutil.copy(file, folder)
    _run(["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"], folder, {})


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PermanentError(f"`{' '.join(command)}` did not end in {_BUILD_SECONDS:.0f} s") from error
    if ended.returncode != 0:
        words = (ended.stdout + ended.stderr)[-2_000:]
        raise PermanentError(f"`{' '.join(command)}` ended with {ended.returncode}:\n{words}")


def _on_path(program: str) -> Path | None:
    """A program on the PATH or in the folders of system programs, which a user's PATH often lacks."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
    return Path(found) if found else None


def _postgresql() -> Path | None:
    """The newest server of Debian's packages, which lie off the PATH, else the one on the PATH."""
    debian = [
        path for path in Path("/usr/lib/postgresql").glob("*/bin/postgres") if path.parent.parent.name.isdecimal()
    ]
    if debian:
        return max(debian, key=lambda path: int(path.parent.parent.name))
    return _on_path("postgres")
