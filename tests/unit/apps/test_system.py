"""What applications need of a runtime is what the real one gives."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from aiops.apps.system import MakePages, MakeSystem, Pages, System
from aiops.bootstrap.runtime import Runtime
from aiops.bootstrap.services import Serving
from aiops.settings import Console, Settings


def members(protocol: type) -> list[str]:
    """Methods and properties that it asks for."""
    return [name for name in vars(protocol) if not name.startswith("_")]


@pytest.mark.parametrize(("protocol", "made"), [(System, Runtime), (Pages, Serving)])
def test_the_real_one_has_every_member_of_the_interface(protocol: type, made: type) -> None:
    """And can be called as the interface says."""
    for name in members(protocol):
        asked, given = getattr(protocol, name), getattr(made, name)
        assert isinstance(asked, property) is isinstance(given, property), name
        if callable(asked):
            wanted = list(inspect.signature(asked).parameters)
            found = inspect.signature(given).parameters
            assert list(found)[: len(wanted)] == wanted, name
            assert all(one.default is not one.empty for one in list(found.values())[len(wanted) :]), name


def test_a_system_is_made_from_settings_and_a_listener(tmp_path: Path) -> None:
    """Nothing starts, and nothing is written, before it is told to."""
    make: MakeSystem = Runtime
    said: list[str] = []
    system = make(Settings(state=tmp_path / "state"), said.append)
    assert (system.settings.state, system.bootstrap) == (tmp_path / "state", "")
    assert said == []
    assert not (tmp_path / "state").exists()


def test_pages_know_their_address_before_they_serve(tmp_path: Path) -> None:
    """The runtime tells it to people when it starts."""
    make: MakePages = Serving
    pages = make(Settings(state=tmp_path, console=Console(port=0)))
    try:
        assert pages.console_url.startswith("http://127.0.0.1:")
    finally:
        pages.stop()
