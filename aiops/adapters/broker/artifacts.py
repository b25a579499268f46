"""Kafka's jars: read from the lock, found in a cache or fetched, and verified before anything runs."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from aiops.model.errors import PermanentError

WAY_OUT: Final = "Or use a Kafka that you have: AIOPS_KAFKA=host:port"
_DOWNLOADS_AT_ONCE: Final = 4
_PLAIN: Final = re.compile(r"[\w.-]+", re.ASCII)  # no slash: coordinates become file names
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

Report = Callable[[str], None]
Fetch = Callable[["Artifact", Path], Path]
"""Downloads one artifact to somewhere under a folder and returns where; raises OSError or RuntimeError."""


class BrokerError(PermanentError):
    """The embedded broker cannot be had or does not run; the text says why and what to do."""


@dataclass(frozen=True, slots=True, order=True)
class Artifact:
    """One jar of the lock: Maven coordinates and the SHA-256 of its bytes, in hex."""

    group: str
    name: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        return f"{self.name}-{self.version}.jar"

    @property
    def repository_path(self) -> str:
        """Where a Maven repository keeps it, relative to the repository's root."""
        return f"{self.group.replace('.', '/')}/{self.name}/{self.version}/{self.filename}"

    def __str__(self) -> str:
        return f"{self.group}:{self.name}:{self.version}"


def parse_lock(text: str) -> tuple[Artifact, ...]:
    """The artifacts of a lock: lines `group:name:version sha256:HEX`, and comments that begin with #.

    Raises:
        BrokerError: a line is malformed, or the lock is empty.
    """
    artifacts = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        coordinates, _, digest = line.partition(" sha256:")
        match coordinates.split(":"):
            case [group, name, version] if _PLAIN.fullmatch(group + name + version) and _SHA256.fullmatch(digest):
                artifacts.append(Artifact(group, name, version, digest))
            case _:
                raise BrokerError(f"kafka.lock, line {number}: expected group:name:version sha256:HEX, got {line!r}")
    if not artifacts:
        raise BrokerError("kafka.lock names no artifact")
    return tuple(artifacts)


def locked_artifacts() -> tuple[Artifact, ...]:
    """The artifacts of the lock that this version of the product ships."""
    return parse_lock(files("aiops.adapters.broker").joinpath("kafka.lock").read_text(encoding="utf-8"))


def kafka_version(artifacts: Iterable[Artifact]) -> str:
    """The version of the broker among the artifacts."""
    return next(artifact.version for artifact in artifacts if artifact.name == "kafka_2.13")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class JarStore:
    """Finds the jars of a lock on this machine, and fetches those that are missing.

    Args:
        folder: our own cache; what is put there has been verified first.
        maven_local: the user's Maven repository, looked at and never written to.
        fetch: downloads one artifact.
        report: told about what takes time.
    """

    folder: Path
    maven_local: Path
    fetch: Fetch
    report: Report

    def class_path(self, artifacts: Iterable[Artifact]) -> tuple[Path, ...]:
        """One verified file for each artifact, in the lock's order.

        Raises:
            BrokerError: an artifact is not on this machine and cannot be fetched, or what was fetched has another
                SHA-256 than the lock.
        """
        wanted = tuple(artifacts)
        found = {artifact: self._on_this_machine(artifact) for artifact in wanted}
        missing = [artifact for artifact, path in found.items() if path is None]
        if missing:
            self.report(f"Fetching Apache Kafka {kafka_version(wanted)}: {len(missing)} files, about 45 MB, once")
            with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
                found |= zip(missing, pool.map(self._fetched, missing), strict=True)
        return tuple(path for path in found.values() if path is not None)

    def _on_this_machine(self, artifact: Artifact) -> Path | None:
        for path in (self.folder / artifact.filename, self.maven_local / artifact.repository_path):
            if path.is_file() and sha256_of(path) == artifact.sha256:
                return path
        return None

    def _fetched(self, artifact: Artifact) -> Path:
        target = self.folder / artifact.filename
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix="fetch-") as scratch:
                download = self.fetch(artifact, Path(scratch))
                digest = sha256_of(download)
                if digest != artifact.sha256:
                    raise BrokerError(
                        f"{artifact} has SHA-256 {digest}, but kafka.lock says {artifact.sha256}: the repository or "
                        f"the way to it has changed the file, so it is not run. {WAY_OUT}"
                    )
                shutil.move(download, target)
        except (OSError, RuntimeError) as error:
            raise BrokerError(
                f"{artifact} is not in {self.folder} and could not be fetched from the Maven repository: {error}. "
                f"Connect once (proxies and certificates: HTTPS_PROXY, SSL_CERT_FILE; a mirror: ~/.m2/settings.xml). "
                f"{WAY_OUT}"
            ) from error
        return target
