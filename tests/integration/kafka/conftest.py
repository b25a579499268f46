"""The broker with a listener for each kind of security, started once for the whole run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.secured_broker import SecuredBroker, running_secured_broker


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """The run's secured broker."""
    with running_secured_broker(tmp_path_factory.mktemp("secured")) as broker:
        yield broker
