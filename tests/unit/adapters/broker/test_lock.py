from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from aiops.adapters.broker import lock
from aiops.adapters.broker.artifacts import Artifact, kafka_version, locked_artifacts, parse_lock


@dataclass
class Jar:
    """An artifact of Maven: its coordinates, and its file once it is resolved."""

    groupId: str  # noqa: N815 (Maven's own spelling)
    artifactId: str  # noqa: N815
    version: str
    folder: Path

    def resolve(self) -> Path:
        file = self.folder / f"{self.artifactId}.jar"
        file.write_text(f"{self.artifactId} {self.version}")
        return file

    def at_version(self, version: str) -> Jar:
        return Jar(self.groupId, self.artifactId, version, self.folder)

    def artifact(self) -> Jar:
        return self


@dataclass
class Found:
    """A resolved dependency."""

    artifact: Jar
    scope: str = "compile"

    @property
    def artifactId(self) -> str:  # noqa: N802 (Maven's own spelling)
        return self.artifact.artifactId

    @property
    def version(self) -> str:
        return self.artifact.version


class Resolver:
    """Resolves Kafka to itself with a logger, a client and something for its tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resolve(self, wanted: list[Found]) -> tuple[list[Found], list[Found]]:
        return wanted, [
            Found(Jar("org.apache.logging.log4j", "log4j-core", "2.25.1", self.folder), "runtime"),
            Found(Jar("org.apache.kafka", "kafka-clients", wanted[0].version, self.folder)),
            Found(Jar("junit", "junit", "5", self.folder), "test"),
            Found(Jar("javax", "servlet", "3", self.folder), "provided"),
        ]


class Context:
    """A Maven repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.resolver = folder, Resolver(folder)

    def project(self, group: str, name: str) -> Jar:
        return Jar(group, name, "?", self.folder)


@pytest.fixture
def maven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maven without a network."""
    monkeypatch.setattr(lock, "trust_system_certificates", lambda: None)
    monkeypatch.setattr(lock, "remote_repositories", dict)
    monkeypatch.setattr(lock, "PythonResolver", object)
    monkeypatch.setattr(lock, "MavenContext", lambda *, repo_cache, **_: Context(repo_cache))
    monkeypatch.setattr(lock, "Dependency", Found)


@pytest.mark.usefixtures("maven")
def test_what_runs_is_locked_by_digest(tmp_path: Path) -> None:
    """Kafka, what it needs at run time, and the logging bridge in log4j's own version; nothing for tests."""
    found = lock.resolve("4.1.0", tmp_path)
    assert [(jar.name, jar.version) for jar in found] == [
        ("kafka_2.13", "4.1.0"),
        ("log4j-core", "2.25.1"),
        ("kafka-clients", "4.1.0"),
        ("log4j-slf4j-impl", "2.25.1"),
    ]
    assert found[0].sha256 == hashlib.sha256(b"kafka_2.13 4.1.0").hexdigest()


@pytest.mark.usefixtures("maven")
@pytest.mark.parametrize("arguments", [["4.1.0"], []])
def test_the_lock_that_is_written_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """A version that is given, or the one locked now: the file parses to the same artifacts."""
    monkeypatch.setattr(lock, "__file__", str(tmp_path / "lock.py"))
    monkeypatch.setattr(sys, "argv", ["lock", *arguments])
    lock.main()
    version = arguments[0] if arguments else kafka_version(locked_artifacts())
    text = (tmp_path / "kafka.lock").read_text()
    assert text.startswith(lock.HEADER)
    assert kafka_version(parse_lock(text)) == version
    assert [str(artifact) for artifact in parse_lock(text)] == [
        f"org.apache.kafka:kafka_2.13:{version}",
        "org.apache.logging.log4j:log4j-core:2.25.1",
        f"org.apache.kafka:kafka-clients:{version}",
        "org.apache.logging.log4j:log4j-slf4j-impl:2.25.1",
    ]
    assert capsys.readouterr().out == f"kafka.lock: Kafka {version}, 4 files\n"


def test_the_shipped_lock_has_everything_once() -> None:
    """No artifact twice, and the bridge in the version of the logger that it joins."""
    found = locked_artifacts()
    names = [(artifact.group, artifact.name) for artifact in found]
    assert len(set(names)) == len(names)
    version: dict[str, str] = {artifact.name: artifact.version for artifact in found}
    assert version["log4j-slf4j-impl"] == version["log4j-core"]
    assert all(isinstance(artifact, Artifact) for artifact in found)
