from __future__ import annotations

import socket
from pathlib import Path

import pytest

from aiops.adapters.bundle.loading import SHIPPED, load_bundle
from aiops.adapters.bundle.services import services
from aiops.apps.demo_setup import ACTS, DOMAIN, demonstration_settings, free_port, write_bundle
from simulations.faults.registry import check, make
from simulations.world.estate import load
from simulations.world.layout import Layout
from simulations.world.reporter import items

LAYOUT = Layout(load())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's bundle."""
    folder = tmp_path_factory.mktemp("demo") / "bundle"
    write_bundle(folder, LAYOUT)
    return folder


def test_every_act_can_be_played() -> None:
    """Its fault exists and fits the shop, and each expected root is an item of it."""
    known = {item.id for item in items(LAYOUT)}
    for act in ACTS:
        check(make(act.fault, dict(act.settings)), LAYOUT.estate)
        assert set(act.roots) <= known
        assert act.ending in {"healed", "approved", "escalated"}


def test_the_bundle_is_sound_and_waits_briefly(folder: Path) -> None:
    """All shipped runbooks are approved anew; nothing settles longer than 8 s, and none gained a step."""
    bundle, shipped = load_bundle(folder), load_bundle()
    assert bundle.problems == ()
    assert set(bundle.catalogue.runbooks) == set(shipped.catalogue.runbooks)
    for name, runbook in bundle.catalogue.runbooks.items():
        before = shipped.catalogue.runbooks[name]
        assert [step.primitive for step in runbook.steps] == [step.primitive for step in before.steps]
        assert all(step.settle_seconds <= 8.0 for step in runbook.steps)
        if runbook.steps:
            assert (runbook.verify_window_seconds, runbook.verify_deadline_seconds) == (8.0, 200.0)


def test_policies_are_those_that_ship(folder: Path) -> None:
    """The demonstration is not allowed more than an installation is."""
    assert load_bundle(folder).policies.digest == load_bundle(SHIPPED).policies.digest


def test_items_with_objectives_are_services_of_the_bundle(folder: Path) -> None:
    """Read back as they are in the shop."""
    wanted = {item.id: item.objectives for item in items(LAYOUT) if item.objectives}
    found = {item.id: item.objectives for item, _ in services(folder / "services", DOMAIN)}
    assert wanted
    assert {name: found.get(name) for name in wanted} == wanted


def test_everything_stays_in_the_folder(tmp_path: Path) -> None:
    """State, bundle and pages; actions go to the world's own address and nowhere else."""
    settings = demonstration_settings(tmp_path, "http://127.0.0.1:7000")
    assert (settings.state, settings.bundle) == (tmp_path / "state", tmp_path / "bundle")
    assert settings.paging.levels == ((f"file://{tmp_path / 'pages.jsonl'}",),)
    assert {str(one) for one in settings.acting.executors} == {"*"}
    assert "http://127.0.0.1:7000" in settings.acting.model_dump_json()
    assert settings.console.port != settings.console.metrics_port


def test_a_free_port_can_be_taken() -> None:
    """On loopback, above the ports of the system."""
    port = free_port()
    assert 1024 <= port < 65_536
    with socket.socket() as own:
        own.bind(("127.0.0.1", port))
