"""Paths of an estate."""

from __future__ import annotations

from pathlib import Path

from simulations.range.run_folder import RunFolder

FOLDER = RunFolder(Path("/state/range/7"), Path("/tmp/aiops-range-7"))


def test_what_others_read_lies_in_the_run_folder() -> None:
    """Plan, truth and measurements have one place each."""
    names = [path.name for path in (FOLDER.plan, FOLDER.run, FOLDER.truth, FOLDER.load, FOLDER.load_control)]
    assert names == ["plan.json", "run.json", "truth.jsonl", "load.jsonl", "load_control.json"]
    assert {path.parent for path in (FOLDER.plan, FOLDER.truth, FOLDER.load)} == {FOLDER.root}


def test_a_release_lies_beside_the_link_to_the_current_one() -> None:
    """The link can name it without leaving the service's folder."""
    assert FOLDER.release("cart", "1.0").parent.parent == FOLDER.current("cart").parent == FOLDER.service("cart")


def test_sockets_and_data_lie_in_the_short_folder() -> None:
    """The path of a socket has at most 107 characters, and other users must be able to enter."""
    for path in (FOLDER.supervisord_socket, FOLDER.haproxy_socket, FOLDER.data("redis")):
        assert path.parent == FOLDER.short


def test_logs_lie_together() -> None:
    """One file a program."""
    assert FOLDER.log("cart-1") == Path("/state/range/7/logs/cart-1.log")
    assert FOLDER.supervisord_log.parent == FOLDER.log("cart-1").parent


def test_programs_have_folders() -> None:
    """Of their configuration; supervisord has files in the root."""
    assert FOLDER.program("haproxy") == Path("/state/range/7/haproxy")
    assert FOLDER.supervisord_configuration.parent == FOLDER.supervisord_pid.parent == FOLDER.root
