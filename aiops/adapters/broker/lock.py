"""Writes kafka.lock anew: `python -m aiops.adapters.broker.lock VERSION`, a maintainer's step; it needs the network."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from jgo.maven import Dependency, MavenContext, PythonResolver

from aiops.adapters.broker.artifacts import Artifact, kafka_version, locked_artifacts, sha256_of
from aiops.adapters.broker.maven import remote_repositories, trust_system_certificates

HEADER: Final = """\
# Everything that the embedded broker runs, and nothing else: group:name:version sha256:HEX.
# Verified before each start. Written by `python -m aiops.adapters.broker.lock VERSION`; do not edit.
"""
# Kafka brings the slf4j 1.7 interface and log4j; this joins the two, as Kafka's own distribution does.
_LOGGING: Final = ("org.apache.logging.log4j", "log4j-slf4j-impl")


def resolve(version: str, scratch: Path) -> tuple[Artifact, ...]:
    """Kafka of that version with all it needs at run time, downloaded to `scratch` to be hashed.

    Raises:
        RuntimeError: the repository lacks one of them (a release that is only half published).
    """
    trust_system_certificates()
    context = MavenContext(
        resolver=PythonResolver(), repo_cache=scratch, remote_repos=remote_repositories(), timeout=60
    )
    broker = context.project("org.apache.kafka", "kafka_2.13").at_version(version).artifact()
    kafka = Dependency(broker, scope="compile")
    inputs, transitive = context.resolver.resolve([kafka])
    resolved = [*inputs, *(found for found in transitive if found.scope in {"compile", "runtime"})]
    log4j = next(found.version for found in resolved if found.artifactId == "log4j-core")
    logging = context.project(*_LOGGING).at_version(log4j).artifact()
    jars = [*(found.artifact for found in resolved), logging]
    return tuple(Artifact(jar.groupId, jar.artifactId, jar.version, sha256_of(jar.resolve())) for jar in jars)


def main() -> None:
    """Resolve the given version (by default the one locked now) and write the lock beside this file."""
    version = sys.argv[1] if len(sys.argv) > 1 else kafka_version(locked_artifacts())
    with tempfile.TemporaryDirectory() as scratch:
        artifacts = resolve(version, Path(scratch))
    lines = "".join(f"{artifact} sha256:{artifact.sha256}\n" for artifact in artifacts)
    Path(__file__).with_name("kafka.lock").write_text(HEADER + lines, encoding="utf-8")
    sys.stdout.write(f"kafka.lock: Kafka {version}, {len(artifacts)} files\n")


if __name__ == "__main__":
    main()
