"""Releases that bring a fault: what they write, link and publish, and how they are taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.apps.range import estate_files
from aiops.apps.range.estate import Estate
from aiops.apps.range.faults import releases, scene
from aiops.apps.range.faults.releases import of_kind
from aiops.model.errors import PermanentError
from aiops.model.reports import Change
from simulations.range.estate_plan import Language
from simulations.range.profile import Profile
from tests.executor_targets import FakeHaproxy, FakeSupervisord, answering
from tests.unit.apps.range.faults.stage import PLAN, estate_in, scene_of, supervised

SERVICE = PLAN.services[0]


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    """Instances that are well as soon as they run."""
    monkeypatch.setattr(scene, "healthy", lambda _: True)
    monkeypatch.setattr(scene, "_DRAIN_SECONDS", 0.0)
    return estate_in(tmp_path)


@pytest.fixture
def supervisord(estate: Estate) -> Iterator[FakeSupervisord]:
    with supervised(estate) as fake:
        yield fake


def current(estate: Estate) -> Path:
    return estate.folder.current(SERVICE.id)


def knobs(estate: Estate) -> dict[str, object]:
    found: dict[str, object] = json.loads((current(estate) / "profile.json").read_text())["knobs"]
    return found


@pytest.mark.parametrize(
    ("name", "knob", "value"),
    [
        ("slow-function", "slow_ms", 800),
        ("error-burst", "error_share", 0.4),
        ("hog-inside", "slow_kib", 49_152),
        ("memory-leak", "leak_kib", 2_048),
        ("descriptor-leak", "leak_descriptors", 2),
        ("log-flood", "log_lines", 100),
    ],
)
def test_a_bad_release_has_its_knob(
    estate: Estate, supervisord: FakeSupervisord, name: str, knob: str, value: float
) -> None:
    """A version of its own, a published change, one instance restarted after the other, and back again."""
    changes: list[Change] = []
    act = of_kind(name, scene_of(name, estate, changes=changes))
    act.begin()
    version = current(estate).readlink().name
    assert knobs(estate)[knob] == value
    assert (changes[0].entity, changes[0].kind, changes[0].version) == (SERVICE.id, "deploy", version)
    instances = [one.id for one in SERVICE.instances if not one.spare]
    assert supervisord.calls == [f"{verb} {one}" for one in instances for verb in ("stop", "start")]
    assert act.end() is False
    assert current(estate).readlink().name == SERVICE.version
    assert len(supervisord.calls) == 4 * len(instances)


@pytest.mark.usefixtures("supervisord")
def test_a_release_that_somebody_took_back_is_left_alone(estate: Estate) -> None:
    """The roll-back healed it: nothing is restarted, and nothing is killed any more."""
    act = of_kind("error-burst", scene_of("error-burst", estate))
    act.begin()
    estate_files.switch(estate.folder, SERVICE.id, SERVICE.version)
    act.tick(4.0)
    assert act.end() is True
    assert current(estate).readlink().name == SERVICE.version


@pytest.mark.usefixtures("supervisord")
def test_a_bad_configuration_keeps_the_version(estate: Estate) -> None:
    """The address of a dependency leads nowhere, and the change is one of configuration."""
    changes: list[Change] = []
    act = of_kind("bad-configuration", scene_of("bad-configuration", estate, changes=changes))
    act.begin()
    before = json.loads((estate.folder.release(SERVICE.id, SERVICE.version) / "profile.json").read_text())
    now = json.loads((current(estate) / "profile.json").read_text())
    assert {name for name in ("upstreams", "database", "cache", "queue") if before[name] != now[name]}
    assert "127.0.0.1:9" in json.dumps(now)
    assert (current(estate) / "environment").read_text().splitlines()[-1] == f"export RANGE_VERSION={SERVICE.version}"
    assert (changes[0].kind, changes[0].version) == ("config", "")


@pytest.mark.parametrize("kept", ["database", "queue"])
def test_a_service_without_calls_loses_a_store(estate: Estate, kept: str) -> None:
    """Whatever it has."""
    content = json.loads((estate.folder.release(SERVICE.id, SERVICE.version) / "profile.json").read_text())
    names = {field: content[field] for field in Profile.__dataclass_fields__}
    plain = Profile(**names | {"upstreams": {}, "database": "db" if kept == "database" else "", "queue": "q"})
    assert "127.0.0.1:9" in getattr(releases._misdirected(plain), kept)


def test_a_crash_loop_is_started_again(estate: Estate, supervisord: FakeSupervisord) -> None:
    """Every four seconds, as long as its release is the current one."""
    act = of_kind("crash-loop", scene_of("crash-loop", estate))
    act.begin()
    assert "kill -9 $$" in (current(estate) / "environment").read_text()
    name = f"{SERVICE.instances[0].id}:{SERVICE.instances[0].id}"
    supervisord.table[name][:2] = [100, 0]
    act.tick(3.0)
    assert supervisord.table[name][0] == 100
    act.tick(4.0)
    assert supervisord.table[name][0] == 20


def test_two_faults_have_two_releases(estate: Estate, supervisord: FakeSupervisord) -> None:
    """A name is never used twice, so a roll-back finds the good one."""
    versions = []
    for name in ("error-burst", "harmless-deployment", "slow-function"):
        act = of_kind(name, scene_of(name, estate))
        act.begin()
        versions.append(current(estate).readlink().name)
        act.end()
    assert len(set(versions)) == 3
    assert current(estate).readlink().name == versions[1]  # the harmless one stays
    assert supervisord.calls


def test_a_clock_is_set_only_where_it_can_be(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of the system is needed, and a program that asks the C library."""
    monkeypatch.setattr(releases, "_FAKETIME", ())
    assert "libfaketime is not installed" in releases.clock_obstacle(Language.PYTHON)
    with pytest.raises(PermanentError, match="libfaketime is not installed"):
        of_kind("wrong-clock", scene_of("wrong-clock", estate))
    monkeypatch.setattr(releases, "_FAKETIME", (Path("/lib/faketime.so"),))
    assert "Go service" in releases.clock_obstacle(Language.GO)
    assert releases.clock_obstacle(Language.NODE) == ""
    service = replace(SERVICE, language=Language.PYTHON)
    plan = replace(PLAN, services=(service, *PLAN.services[1:]))
    made = of_kind("wrong-clock", scene_of("wrong-clock", Estate(plan, estate.folder, estate.run)))
    assert 'FAKETIME="+1h"' in made._brought.environment


def test_what_is_above_its_limit_is_killed(
    estate: Estate, supervisord: FakeSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And started again, as an orchestrator would."""
    instance = SERVICE.instances[0].id
    supervisord.table[f"{instance}:{instance}"][1] = 4_242
    killed: list[int] = []
    monkeypatch.setattr("os.kill", lambda pid, _: killed.append(pid))
    sizes = [type("Size", (), {"pid": 4_242, "memory_bytes": releases.LEAK_LIMIT + 1})]
    monkeypatch.setattr(releases, "processes", lambda _: sizes)
    act = of_kind("memory-leak", scene_of("memory-leak", estate))
    act.begin()
    supervisord.table[f"{instance}:{instance}"][1] = 4_242
    act.tick(1.0)
    assert killed == [4_242]


@pytest.mark.usefixtures("supervisord")
def test_a_deployment_takes_each_instance_out_of_rotation(estate: Estate) -> None:
    """HAProxy sends it no requests while it restarts, if another one serves."""
    service = next(one for one in PLAN.services if one.replicas > 1)
    instances = [one.id for one in service.instances if not one.spare]
    proxy = FakeHaproxy()
    with answering(proxy, estate.folder.short, name=estate.folder.haproxy_socket.name):
        of_kind("harmless-deployment", scene_of("harmless-deployment", estate, service.id)).begin()
    wanted = [f"set server {service.id}/{one} state {word}" for one in instances for word in ("drain", "ready")]
    assert proxy.commands == wanted
