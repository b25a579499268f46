"""Servers that tests use: whether they are here, how to get them, and a PostgreSQL of one's own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

_START_SECONDS = 60.0
_UNPRIVILEGED = 65534  # nobody: PostgreSQL refuses to run as root


def in_ci() -> bool:
    """Whether every server must be there: set by .ci/run."""
    return os.environ.get("AIOPS_CI") == "1"


def missing(server: str, how_to_get_it: str) -> NoReturn:
    """End the test: skipped on a laptop with the way to get the server, failed in CI."""
    if in_ci():
        pytest.fail(f"{server} is not here, and CI must have it: {how_to_get_it}", pytrace=False)
    pytest.skip(f"needs {server}: {how_to_get_it}")


def need(program: str, how_to_get_it: str) -> Path:
    """The path of a program that a test needs; ends the test when it is not there."""
    found = shutil.which(program)
    return Path(found) if found else missing(program, how_to_get_it)


def postgresql_programs() -> Path:
    """The folder of PostgreSQL's server programs, which Debian keeps off the PATH; the newest version's."""
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=lambda path: int(path.parent.name))
    return need("initdb", "apt-get install postgresql").parent


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_postgresql() -> Iterator[str]:
    """A PostgreSQL of one's own with fsync on; its SQLAlchemy URL. Everything is gone afterwards."""
    programs = postgresql_programs()
    # Not below pytest's folder, which the unprivileged user may not enter; and short, for the socket's name.
    folder = Path(tempfile.mkdtemp(prefix="aiops-postgresql-", dir="/tmp"))
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user, -1)
    data, port = folder / "data", free_port()
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "aiops",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-sync",
    ]
    try:
        subprocess.run(initdb, user=user, cwd=folder, env={"LC_ALL": "C"}, check=True, capture_output=True)
        command: list[str | Path] = [
            programs / "postgres",
            "-D",
            data,
            "-p",
            str(port),
            "-h",
            "127.0.0.1",
            "-k",
            folder,
        ]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, user=user, cwd=folder, env={"LC_ALL": "C"}, stdout=log, stderr=log)
        try:
            _wait_for(port, server, folder / "log")
            yield f"postgresql+psycopg://aiops@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=_START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    # Listening is not yet ready: PostgreSQL says so in its log when it is.
    deadline = time.monotonic() + _START_SECONDS
    while "ready to accept connections" not in (words := log.read_text(errors="replace")):
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"PostgreSQL did not start at {port}:\n{words}", pytrace=False)
        time.sleep(0.05)
