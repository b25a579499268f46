from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiops.cli.exits import Exit
from aiops.cli.ledger import run
from aiops.model.errors import PermanentError
from tests.unit.cli.commands import NOW, call, line, status_of


def test_a_ledger_that_adds_up_is_exit_code_zero(state: Path) -> None:
    """Each partition with its counts, the sums, and that the broker was not asked."""
    status_of(state, line())
    ended = call(run)
    assert ended.code == Exit.OK
    assert ended.out.splitlines()[1].split() == ["aiops.metrics.arrow/0", "20", "20", "0", "0"]
    assert ended.out.splitlines()[-1].split() == ["difference", "0"]
    assert "(not checked against the broker: " in ended.err
    assert "(the runtime last reported its status " in ended.err


def test_a_difference_is_exit_code_one(state: Path) -> None:
    """One unit of which nobody says how it ended; as JSON with the partition."""
    status_of(state, line(items=21))
    ended = call(run, "--json")
    assert ended.code == Exit.NO
    told = ended.json
    assert (told["difference"], told["items"], told["at"], told["checked_against_broker"]) == (1, 21, NOW, False)
    assert (told["partitions"][0]["topic"], told["partitions"][0]["difference"]) == ("aiops.metrics.arrow", 1)
    assert told["endings"] == {"learned": 20}


def test_what_waits_is_in_flight(state: Path) -> None:
    """Records that the broker has and nobody read are no difference."""
    status_of(state, line())
    status = json.loads((state / "status.json").read_text())
    status["shards"][0]["bounds"] = {"aiops.metrics.arrow/0": [0, 25]}
    (state / "status.json").write_text(json.dumps(status))
    ended = call(run, "--json")
    assert (ended.code, ended.json["in_flight"], ended.json["difference"]) == (Exit.OK, 5, 0)


def test_without_a_status_nothing_ran(state: Path) -> None:
    """The folder is named, and what starts the runtime."""
    ended = call(run)
    assert isinstance(ended.error, PermanentError)
    assert str(ended.error) == f"the runtime never ran in {state}: start it with `aiops up`"


@pytest.mark.parametrize(
    "status",
    [
        "{",
        "[]",
        '{"at": 1, "shards": [], "orchestration": 5}',
        '{"at": 1, "shards": 5, "orchestration": {}}',
        '{"at": 1, "shards": [{"ledger": [{"topic": "t"}]}], "orchestration": {}}',
        '{"at": 1, "shards": [{"ledger": 7}], "orchestration": {}}',
        '{"at": 1, "shards": [{"bounds": {"t/x": [0, 1]}}], "orchestration": {}}',
        '{"at": 1, "shards": [{"bounds": {"t/0": 5}}], "orchestration": {}}',
        '{"at": "now", "shards": [], "orchestration": {}}',
    ],
)
def test_a_status_of_another_version_is_told(state: Path, status: str) -> None:
    """A status file that does not fit is one sentence with what writes it anew."""
    (state / "status.json").write_text(status)
    ended = call(run)
    assert isinstance(ended.error, PermanentError)
    assert "`aiops up` writes it anew" in str(ended.error)
