"""Supervisord's configuration."""

from __future__ import annotations

import configparser
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from simulations.range.configuration.supervisord import LAUNCHER, configuration, programs
from simulations.range.estate_plan import BACKING, Language
from simulations.range.run_settings import Users
from tests.unit.simulations.range.runs import FOLDER, PLAN, run


def made(**changes: Any) -> configparser.RawConfigParser:
    """The configuration, as an INI reader reads it."""
    parser = configparser.RawConfigParser(strict=True)
    parser.read_string(configuration(PLAN, FOLDER, run(**changes)))
    return parser


def section(name: str, **changes: Any) -> dict[str, str]:
    """A program's section."""
    return dict(made(**changes)[f"program:{name}"])


def test_every_instance_and_backing_service_is_a_program() -> None:
    """Also the spare instances."""
    names = {name.removeprefix("program:") for name in made().sections() if name.startswith("program:")}
    instances = {instance.id for service in PLAN.services for instance in service.instances}
    assert names == instances | set(BACKING) | {"epmd", "toxiproxy", "collector", "load"}


def test_nothing_starts_by_itself() -> None:
    """`aiops range up` decides the order."""
    found = made()
    assert {found[name]["autostart"] for name in found.sections() if name.startswith("program:")} == {"false"}


def test_supervisord_restarts_services_only_if_it_is_told() -> None:
    """That is a control of the judge, not the default."""
    instance = PLAN.services[0].instances[0].id
    assert section(instance)["autorestart"] == "false"
    assert section(instance, restarts=True)["autorestart"] == "unexpected"
    assert section("load", restarts=True)["autorestart"] == "false"


def test_programs_that_refuse_root_run_as_their_users() -> None:
    """In folders that these users may enter."""
    users = Users("postgres", "rabbitmq")
    assert section("postgresql", users=users)["user"] == "postgres"
    assert section("rabbitmq", users=users)["user"] == "rabbitmq"
    assert section("epmd", users=users)["directory"] == str(FOLDER.data("rabbitmq"))
    assert "user" not in section("postgresql")


@pytest.mark.parametrize("language", list(Language))
def test_a_service_has_the_usual_variables(language: Language) -> None:
    """Name, endpoint, interval, port and profile; the launcher adds the release's version."""
    service = next(one for one in PLAN.services if one.language is language)
    environment = section(service.instances[0].id)["environment"]
    for part in (
        f'OTEL_SERVICE_NAME="{service.id}"',
        f'OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:{PLAN.ports.otlp_http}"',
        'OTEL_METRIC_EXPORT_INTERVAL="2000"',
        f'PORT="{service.instances[0].port}"',
        f'RANGE_PROFILE="{FOLDER.current(service.id)}/profile.json"',
    ):
        assert part in environment


def test_programs_of_each_language_are_started_with_their_instrumentation() -> None:
    """Python by opentelemetry-instrument, Node by --require, Go by itself."""
    commands = {
        service.language: section(service.instances[0].id)["command"].split(str(FOLDER.service(service.id)))[1]
        for service in PLAN.services
    }
    assert "/bin/opentelemetry-instrument" in commands[Language.PYTHON]
    assert "--require @opentelemetry/auto-instrumentations-node/register" in commands[Language.NODE]
    assert commands[Language.GO].split() == ["/programs/go_service"]


def test_percent_signs_are_not_expanded() -> None:
    """Supervisord would take them for a format."""
    odd = run(product="/100%/product")
    text = configuration(PLAN, FOLDER, odd)
    assert 'PYTHONPATH="/100%%/product"' in text


def test_a_path_with_blanks_stays_one_word() -> None:
    """Supervisord splits commands as a shell does."""
    command = section("load", interpreter="/my python/bin/python")["command"]
    assert shlex.split(command)[:3] == ["/my python/bin/python", "-m", "aiops.apps.range.load"]


def test_stop_signals_are_those_of_a_quick_end() -> None:
    """PostgreSQL ends its connections on SIGINT; on SIGTERM it waits for clients."""
    assert section("postgresql")["stopsignal"] == "INT"
    assert {program.stop_signal for program in programs(PLAN, FOLDER, run()) if program.name not in BACKING} == {"TERM"}


def test_the_launcher_starts_the_current_release(tmp_path: Path) -> None:
    """Version and instance reach the resource attributes, and the process keeps its id."""
    (tmp_path / "current").mkdir()
    (tmp_path / "current" / "environment").write_text("export RANGE_VERSION=1.2.3\n")
    (tmp_path / "launch.sh").write_text(LAUNCHER)
    command = [
        "/bin/sh",
        str(tmp_path / "launch.sh"),
        str(tmp_path),
        "/bin/sh",
        "-c",
        'echo "$OTEL_RESOURCE_ATTRIBUTES"',
    ]
    ended = subprocess.run(command, env={"RANGE_INSTANCE": "cart-1"}, capture_output=True, text=True, check=True)
    assert ended.stdout == "service.instance.id=cart-1,service.version=1.2.3\n"
