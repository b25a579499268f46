"""Real servers for the executors' tests, each with its own folder and loopback ports; gone when the test ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.servers import free_port, missing, need

_START_SECONDS = 40.0


def wait_until(holds: Callable[[], bool], what: str, seconds: float = _START_SECONDS) -> None:
    """Wait for a server; the test fails if it takes too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {seconds} s", pytrace=False)
        time.sleep(0.05)


@contextmanager
def folder_of(name: str) -> Iterator[Path]:
    """A short path, for the names of sockets."""
    folder = Path(tempfile.mkdtemp(prefix=f"aiops-{name}-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


SUPERVISORD = """
[supervisord]
nodaemon=true
logfile={folder}/log
pidfile={folder}/pid
childlogdir={folder}
[unix_http_server]
file={folder}/sock
username=ops
password=secret
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[group:cart]
programs=cart-1,cart-2,cart-3
"""
PROGRAM = """
[program:cart-{n}]
command={python} -S -c "import time; print(open('current').read()); time.sleep(600)"
directory={folder}
startsecs=0
stopwaitsecs=2
autorestart=false
autostart={autostart}
"""


@contextmanager
def running_supervisord() -> Iterator[Path]:
    """The folder of a supervisord with the group ``cart``: two processes that run and a spare one."""
    if find_spec("supervisor") is None:
        missing("supervisord", "pip install supervisor")
    with folder_of("supervisord") as folder:
        text = SUPERVISORD.format(folder=folder)
        for n in (1, 2, 3):
            text += PROGRAM.format(n=n, python=sys.executable, folder=folder, autostart="false" if n == 3 else "true")
        (folder / "conf").write_text(text)
        (folder / "password").write_text("secret\n")
        (folder / "releases").mkdir()
        for version in ("41", "42"):
            (folder / "releases" / version).write_text(version)
            time.sleep(0.01)  # the age of a version is the time of its file
        (folder / "current").symlink_to("releases/42")
        with _program([sys.executable, "-m", "supervisor.supervisord", "-c", str(folder / "conf")], folder):
            wait_until((folder / "sock").exists, "supervisord's start")
            yield folder


HAPROXY = """
global
    stats socket {folder}/sock mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend users
    bind 127.0.0.1:{port}
    default_backend cart
backend cart
    http-request set-var(txn.shed) str(cart),map_str_int({folder}/shed.map,0)
    http-request deny deny_status 503 if {{ rand(100),sub(txn.shed) lt 0 }}
    http-request return status 200 content-type text/plain string ok
    server cart-1 127.0.0.1:1 weight 100
    server cart-2 127.0.0.1:1 weight 100
"""


@contextmanager
def running_haproxy() -> Iterator[tuple[Path, int]]:
    """The folder of a HAProxy with the backend ``cart``, and the port of its frontend."""
    program = need("haproxy", "apt-get install haproxy")
    with folder_of("haproxy") as folder:
        port = free_port()
        (folder / "shed.map").write_text("")
        (folder / "conf").write_text(HAPROXY.format(folder=folder, port=port))
        with _program([str(program), "-db", "-f", str(folder / "conf")], folder):
            wait_until((folder / "sock").exists, "HAProxy's start")
            yield folder, port


@contextmanager
def running_rabbitmq() -> Iterator[str]:
    """The URL of a RabbitMQ on loopback, without epmd outliving it."""
    program = shutil.which("rabbitmq-server", path="/usr/sbin:/usr/lib/rabbitmq/bin:/usr/bin") or ""
    if not program:
        missing("RabbitMQ", "apt-get install rabbitmq-server")
    script = next(Path("/usr/lib/rabbitmq/lib").glob("*/sbin/rabbitmq-server"), Path(program))
    with folder_of("rabbitmq") as folder:
        port, epmd, distribution = free_port(), free_port(), free_port()
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/bin",
            "HOME": str(folder),
            "RABBITMQ_BASE": str(folder),
            "RABBITMQ_MNESIA_BASE": str(folder / "db"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_NODENAME": f"aiops{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(epmd),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1",
        }
        (folder / "plugins").write_text("[].\n")
        output = folder / "rabbitmq"
        with (
            _program(["epmd", "-port", str(epmd)], folder, environment, name="epmd"),
            _program([str(script)], folder, environment, name="rabbitmq"),
        ):
            wait_until(lambda: "Starting broker... completed" in output.read_text(errors="replace"), "RabbitMQ's start")
            yield f"amqp://guest@127.0.0.1:{port}/"


@contextmanager
def _program(
    command: list[str], folder: Path, environment: dict[str, str] | None = None, *, name: str = "output"
) -> Iterator[None]:
    with (folder / name).open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=folder, env=environment, start_new_session=True
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
