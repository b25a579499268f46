"""Console, metrics and watchdog of one installation: whom the console knows, and ports that are taken."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aiops.bootstrap.services import Serving, access
from aiops.console.access import SHARED, kept_token
from aiops.model.errors import PermanentError
from aiops.settings import Console, Settings


@contextmanager
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@contextmanager
def serving(folder: Path, **console: int) -> Iterator[Serving]:
    """Not started; stopped at the end."""
    made = Serving(Settings(state=folder, console=Console.model_validate({"port": 0} | console)))
    try:
        yield made
    finally:
        made.stop()


def test_the_console_s_port_is_bound_at_once(tmp_path: Path) -> None:
    """What is in use is told before a broker or a cluster starts, with the setting."""
    with taken() as port, pytest.raises(PermanentError, match=r"see console\.port"):
        Serving(Settings(state=tmp_path, console=Console(port=port)))


def test_a_metrics_port_in_use_is_told_before_kafka_is_needed(tmp_path: Path) -> None:
    """With the setting; there is no broker at this address."""
    with taken() as port, serving(tmp_path, metrics_port=port) as made:
        with pytest.raises(PermanentError, match=rf"cannot listen on 127\.0\.0\.1:{port}: .*see console\.metrics_port"):
            made.start("127.0.0.1:1")
        assert made.metrics_url == ""


def test_it_can_be_stopped_before_it_was_started(tmp_path: Path) -> None:
    """As after a broker that did not come up; the port is free again."""
    with serving(tmp_path) as made:
        port = made.console.port
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_the_state_folder_is_made(tmp_path: Path) -> None:
    """The journal and the token are kept there."""
    folder = tmp_path / "a" / "b"
    with serving(folder):
        assert (folder / "journal.db").exists()


def test_the_console_shows_what_the_status_file_says(tmp_path: Path) -> None:
    """Nothing, before the runtime ran; its ledger says what to do."""
    with serving(tmp_path) as made:
        assert made._status() is None
        assert made._difference() is None
        with pytest.raises(PermanentError, match="the runtime never ran here"):
            made._ledger()


# ----------------------------------------------------------------------------------------------------------- access


def test_people_have_tokens_of_their_own_beside_the_shared_one(tmp_path: Path) -> None:
    """The name in the story is the token's."""
    console = Console(people={"ann": "a" * 40}, token="s" * 40)
    found = access(Settings(state=tmp_path, console=console))
    assert (found.person("a" * 40), found.person("s" * 40)) == ("ann", SHARED)
    assert found.person("x" * 40) is None


def test_without_a_shared_token_one_is_made_and_kept(tmp_path: Path) -> None:
    """For the owner of the state folder."""
    found = access(Settings(state=tmp_path))
    assert found.person(kept_token(tmp_path)) == SHARED
    assert (tmp_path / "console.token").stat().st_mode & 0o077 == 0


def test_a_shared_token_of_the_settings_makes_no_file(tmp_path: Path) -> None:
    """It is kept where the settings are."""
    access(Settings(state=tmp_path, console=Console(token="s" * 40)))
    assert not (tmp_path / "console.token").exists()


def test_nobody_takes_the_shared_name(tmp_path: Path) -> None:
    """A person of that name in the settings does not replace the shared token."""
    console = Console(people={SHARED: "p" * 40}, token="s" * 40)
    found = access(Settings(state=tmp_path, console=console))
    assert found.person("s" * 40) == SHARED
    assert found.person("p" * 40) is None
