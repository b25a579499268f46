"""Supervisord and the programs of an estate. Nothing starts by itself: `aiops range up` starts each when it can run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulations.range.configuration import rabbitmq
from simulations.range.estate_plan import (
    COLLECTOR,
    HAPROXY,
    HOST,
    LOAD,
    POSTGRESQL,
    RABBITMQ,
    REDIS,
    REPLICA,
    TOXIPROXY,
    EstatePlan,
    Instance,
    Language,
    Service,
)
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import RunSettings

EPMD = "epmd"
MARK = "AIOPS_RANGE"
"""Environment variable of every process of an estate; its value is the run folder."""
LAUNCHER = """\
# Starts the current release of a service: launch.sh FOLDER COMMAND…
. "$1/current/environment"
export OTEL_RESOURCE_ATTRIBUTES="service.instance.id=$RANGE_INSTANCE,service.version=$RANGE_VERSION"
shift
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A program of supervisord."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    directory: str = ""
    """That it starts in; empty: the run folder."""
    stop_signal: str = "TERM"
    stop_seconds: int = 5
    restarts: bool = False


def configuration(plan: EstatePlan, folder: RunFolder, run: RunSettings) -> str:
    """Text of ``supervisord.conf``."""
    head = f"""\
[unix_http_server]
file={folder.supervisord_socket}
chmod=0700

[supervisord]
logfile={folder.supervisord_log}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={folder.supervisord_pid}
identifier={plan.name}
directory={folder.root}
childlogdir={folder.root}
nodaemon=false
minfds=1024

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
    return "\n".join([head, *(_section(program, folder) for program in programs(plan, folder, run))])


def programs(plan: EstatePlan, folder: RunFolder, run: RunSettings) -> list[Program]:
    """All programs of an estate."""
    found = _backing(plan, folder, run) + _tools(plan, folder, run)
    for service in plan.services:
        found += [_instance(service, instance, (plan, folder, run)) for instance in service.instances]
    return found


def _backing(plan: EstatePlan, folder: RunFolder, run: RunSettings) -> list[Program]:
    paths, users = run.programs, run.users
    epmd = {"ERL_EPMD_PORT": str(plan.ports.epmd), "ERL_EPMD_ADDRESS": HOST}
    postgres = f"{paths.postgresql}/postgres"
    return [
        Program(EPMD, (paths.epmd,), epmd, user=users.rabbitmq, directory=str(folder.data(RABBITMQ))),
        Program(
            RABBITMQ,
            (paths.rabbitmq,),
            rabbitmq.environment(plan, folder),
            user=users.rabbitmq,
            directory=str(folder.data(RABBITMQ)),
            stop_seconds=15,
            restarts=run.restarts,
        ),
        *(
            Program(
                name,
                (postgres, "-D", str(folder.data(name))),
                {"LC_ALL": "C"},
                user=users.postgresql,
                directory=str(folder.data(name)),
                stop_signal="INT",
                stop_seconds=15,
                restarts=run.restarts,
            )
            for name in (POSTGRESQL, REPLICA)
        ),
        Program(REDIS, (paths.redis, str(folder.program(REDIS) / "redis.conf")), restarts=run.restarts),
        Program(
            HAPROXY, (paths.haproxy, "-db", "-f", str(folder.program(HAPROXY) / "haproxy.cfg")), restarts=run.restarts
        ),
    ]


def _tools(plan: EstatePlan, folder: RunFolder, run: RunSettings) -> list[Program]:
    proxies = str(folder.program(TOXIPROXY) / "proxies.json")
    address = ("-host", HOST, "-port", str(plan.ports.toxiproxy))
    collector = str(folder.program(COLLECTOR) / "config.yaml")
    load = (run.interpreter, "-m", "aiops.apps.range.load", str(folder.root))
    return [
        Program(TOXIPROXY, (run.programs.toxiproxy, "-config", proxies, *address), {"LOG_LEVEL": "warn"}),
        Program(COLLECTOR, (run.programs.collector, "--config", collector), restarts=run.restarts),
        Program(LOAD, load, {"PYTHONPATH": run.product}),
    ]


def _instance(service: Service, instance: Instance, estate: tuple[EstatePlan, RunFolder, RunSettings]) -> Program:
    plan, folder, run = estate
    paths = run.programs
    environment = {
        "PORT": str(instance.port),
        "RANGE_INSTANCE": instance.id,
        "RANGE_PROFILE": str(folder.current(service.id) / "profile.json"),
        "OTEL_SERVICE_NAME": service.id,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{plan.ports.otlp_http}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRIC_EXPORT_INTERVAL": str(run.interval_ms),
        "OTEL_BSP_SCHEDULE_DELAY": "1000",
        "OTEL_BLRP_SCHEDULE_DELAY": "1000",
    }
    match service.language:
        case Language.PYTHON:
            instrument = f"{paths.python_packages}/bin/opentelemetry-instrument"
            command: tuple[str, ...] = (paths.python, instrument, paths.python, paths.python_service)
            environment |= {
                "PYTHONPATH": paths.python_packages,
                "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
                "OTEL_PYTHON_EXCLUDED_URLS": "health",
            }
        case Language.GO:
            command = (paths.go_service,)
        case Language.NODE:
            command = (
                *(paths.node, "--require", "@opentelemetry/auto-instrumentations-node/register"),
                paths.node_service,
            )
            environment |= {
                "NODE_PATH": paths.node_packages,
                "OTEL_NODE_RESOURCE_DETECTORS": "env,host,os,process",
                "OTEL_METRICS_EXPORTER": "otlp",
                "OTEL_LOGS_EXPORTER": "otlp",
            }
    launch = ("/bin/sh", str(folder.root / "launch.sh"), str(folder.service(service.id)))
    return Program(instance.id, (*launch, *command), environment, restarts=run.restarts)


def _section(program: Program, folder: RunFolder) -> str:
    lines = [
        f"[program:{program.name}]",
        f"command={_escaped(' '.join(_word(word) for word in program.command))}",
        "autostart=false",
        f"directory={_escaped(str(program.directory or folder.root))}",
        f"autorestart={'unexpected' if program.restarts else 'false'}",
        "startsecs=1",
        "startretries=3",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={program.stop_seconds}",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_escaped(str(folder.log(program.name)))}",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=1",
    ]
    if program.user:
        lines.append(f"user={program.user}")
    values = ",".join(f'{name}="{_quoted(value)}"' for name, value in sorted(program.environment.items()))
    if values:
        lines.append(f"environment={_escaped(values)}")
    return "\n".join(lines) + "\n"


def _word(word: str) -> str:
    """A word of a command, as ``shlex`` reads it."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' if set(word) & set(' "\\;') else word


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _escaped(value: str) -> str:
    """Supervisord expands ``%(name)s``."""
    return value.replace("%", "%%")
