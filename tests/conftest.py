"""What every test gets: a home of its own, and no Ray in the unit tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest
import ray

_TESTS = Path(__file__).parent

# A change is judged by the same examples each time; runs outside CI look for new ones.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("AIOPS_CI"):
    hypothesis.settings.load_profile("ci")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the folder they are in."""
    marks = {
        "integration": pytest.mark.integration,
        "contracts": pytest.mark.contract,
        "scenarios": pytest.mark.scenario,
    }
    for item in items:
        room = item.path.relative_to(_TESTS).parts[0] if item.path.is_relative_to(_TESTS) else ""
        if room in marks:
            item.add_marker(marks[room])


@pytest.fixture(autouse=True, scope="session")
def home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point the user's state and configuration elsewhere, so that no test touches or depends on them."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.delenv("AIOPS_KAFKA", raising=False)
        yield


@pytest.fixture(autouse=True)
def no_ray_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ray.init raise in a unit test: what needs Ray is an integration test."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a unit test must not start Ray: put it into tests/integration")

    if request.path.is_relative_to(_TESTS / "unit"):
        monkeypatch.setattr(ray, "init", refuse)
