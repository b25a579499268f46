"""Kafka's jars: nothing runs that does not have the lock's SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.broker.artifacts import Artifact, BrokerError, JarStore, kafka_version, locked_artifacts, parse_lock

GOOD = b"the right bytes"
KAFKA = Artifact("org.apache.kafka", "kafka_2.13", "4.0.0", hashlib.sha256(GOOD).hexdigest())


class Repository:
    """A Maven repository that serves the same bytes for everything, and counts."""

    def __init__(self, content: bytes | Exception) -> None:
        self.content = content
        self.asked: list[Artifact] = []

    def fetch(self, artifact: Artifact, folder: Path) -> Path:
        """Write the bytes below the folder, or fail."""
        self.asked.append(artifact)
        if isinstance(self.content, Exception):
            raise self.content
        path = folder / "download.jar"
        path.write_bytes(self.content)
        return path


def store(tmp_path: Path, repository: Repository, said: list[str] | None = None) -> JarStore:
    """A store with an empty cache and an empty local repository."""
    say = (said if said is not None else []).append
    return JarStore(tmp_path / "cache", tmp_path / "m2", repository.fetch, say)


def test_a_missing_jar_is_fetched_once_and_then_found(tmp_path: Path) -> None:
    """The second class path asks nobody, as without a network."""
    repository, said = Repository(GOOD), list[str]()
    jars = store(tmp_path, repository, said).class_path([KAFKA])
    offline = Repository(OSError("no network"))

    assert [path.read_bytes() for path in jars] == [GOOD]
    assert store(tmp_path, offline).class_path([KAFKA]) == jars
    assert repository.asked == [KAFKA]
    assert offline.asked == []
    assert "4.0.0" in said[0]


def test_changed_bytes_from_the_repository_are_refused_and_not_kept(tmp_path: Path) -> None:
    """A jar with another SHA-256 is never put where it could be run."""
    with pytest.raises(BrokerError, match=r"SHA-256.*kafka\.lock says.*AIOPS_KAFKA=host:port"):
        store(tmp_path, Repository(b"other bytes")).class_path([KAFKA])

    assert list((tmp_path / "cache").iterdir()) == []


def test_changed_bytes_in_the_cache_are_fetched_again(tmp_path: Path) -> None:
    """A damaged or replaced file in the cache is not run."""
    (path,) = store(tmp_path, Repository(GOOD)).class_path([KAFKA])
    path.write_bytes(b"other bytes")

    assert [jar.read_bytes() for jar in store(tmp_path, Repository(GOOD)).class_path([KAFKA])] == [GOOD]


def test_the_users_maven_repository_is_used_when_its_bytes_are_right(tmp_path: Path) -> None:
    """A jar that Maven fetched before is not fetched again; one with other bytes is passed over."""
    path = tmp_path / "m2" / "org/apache/kafka/kafka_2.13/4.0.0/kafka_2.13-4.0.0.jar"
    path.parent.mkdir(parents=True)
    path.write_bytes(GOOD)
    repository = Repository(GOOD)

    assert store(tmp_path, repository).class_path([KAFKA]) == (path,)
    assert repository.asked == []

    path.write_bytes(b"other bytes")

    assert store(tmp_path, repository).class_path([KAFKA]) == (tmp_path / "cache" / KAFKA.filename,)
    assert path.read_bytes() == b"other bytes"


@pytest.mark.parametrize("error", [OSError("connection refused"), RuntimeError("not found in remote repositories")])
def test_no_network_and_no_cache_names_the_way_out(tmp_path: Path, error: Exception) -> None:
    """What cannot be fetched says why, and how to do without."""
    with pytest.raises(BrokerError, match=rf"kafka_2\.13.*{error}.*AIOPS_KAFKA=host:port"):
        store(tmp_path, Repository(error)).class_path([KAFKA])


def test_the_shipped_lock_is_a_whole_kafka_and_names_no_address() -> None:
    """The lock has the broker and its logging, version 4, and no host."""
    artifacts = locked_artifacts()
    names = {artifact.name for artifact in artifacts}

    assert {"kafka_2.13", "kafka-clients", "kafka-server", "log4j-core", "log4j-slf4j-impl"} <= names
    assert len(names) == len(artifacts)
    assert kafka_version(artifacts).startswith("4.")
    assert all("/" not in str(artifact) for artifact in artifacts)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# only a comment",
        "a:b:1",
        f"a:b sha256:{'0' * 64}",
        f"a:b:1 sha256:{'0' * 63}",
        f"a:../b:1 sha256:{'0' * 64}",
    ],
)
def test_a_malformed_lock_is_refused(line: str) -> None:
    """A lock that is empty, cut, or leads out of the cache is not used."""
    with pytest.raises(BrokerError, match=r"kafka\.lock"):
        parse_lock(line)


@given(st.text())
def test_any_text_is_a_lock_or_refused(text: str) -> None:
    """Whatever is in the file, the answer is artifacts or a BrokerError."""
    try:
        artifacts = parse_lock(text)
    except BrokerError:
        return
    assert all("/" not in artifact.filename for artifact in artifacts)
