"""The embedded broker where it cannot be had: said before anything is fetched or run."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest

from aiops.adapters.broker.artifacts import BrokerError
from aiops.adapters.broker.embedded import BrokerState, EmbeddedBroker, cache_folder
from aiops.adapters.broker.ports import free_port, is_free
from aiops.adapters.folders import state_home


class Usage(NamedTuple):
    """What shutil.disk_usage answers."""

    total: int
    used: int
    free: int


def test_a_look_at_a_broker_that_never_was_changes_nothing(tmp_path: Path) -> None:
    """Status and stop of an absent broker make no folder."""
    broker = EmbeddedBroker(tmp_path / "broker")

    assert broker.status().state is BrokerState.STOPPED
    assert broker.status().bootstrap is None
    assert broker.stop() is False
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With too little room it does not start, and says how much is needed and the way out."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**6))

    with pytest.raises(BrokerError, match=r"has 0 MiB free.*needs 512.*AIOPS_KAFKA=host:port"):
        EmbeddedBroker(tmp_path).start()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    """A file in the place of the folder is named, with the way out."""
    (tmp_path / "file").write_text("")

    with pytest.raises(BrokerError, match=r"cannot use .*/file/broker.*AIOPS_KAFKA=host:port"):
        EmbeddedBroker(tmp_path / "file" / "broker").start()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"port": 1}'])
def test_a_damaged_node_file_is_not_replaced_in_silence(tmp_path: Path, content: str) -> None:
    """A new identity would lose the records, so a person decides."""
    (tmp_path / "node.json").write_text(content)

    with pytest.raises(BrokerError, match=r"node\.json is damaged.*Delete"):
        EmbeddedBroker(tmp_path).start()

    assert (tmp_path / "node.json").read_text() == content


def test_folders_are_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State and cache follow the XDG variables, and are under the home without them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))

    assert state_home() == tmp_path / ".local" / "state" / "aiops"
    assert cache_folder() == tmp_path / "elsewhere" / "aiops" / "kafka"


def test_a_free_port_is_free_and_outside_the_range_of_outgoing_connections() -> None:
    """A server can listen there, and no client's connection is given it meanwhile."""
    port = free_port()

    assert 20_000 <= port < 32_000
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
    assert is_free(port)
