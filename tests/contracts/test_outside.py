"""Our executors and notifiers that need no server keep their contracts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aiops.adapters.paging.channels import open_channel
from aiops.contracts import executors, notifiers
from aiops.model.plans import Action
from aiops.plugins import BUILT_INS, ExtensionKind
from aiops.ports import Notifier
from tests.executor_targets import FakeHaproxy, FakeSupervisord, answering, served

pytestmark = pytest.mark.contract
SCRIPT = """
import json, pathlib, sys
key = json.load(sys.stdin)["capability"]["key"].replace("/", "_")
file = pathlib.Path(sys.argv[1]) / key
if sys.argv[2] == "run":
    file.touch()
else:
    print("done" if file.exists() else "not-done")
"""


class Clock:
    """Stands still."""

    def now(self) -> int:
        return 1_750_000_000 * 10**9


@pytest.mark.parametrize("rule", executors.RULES, ids=lambda rule: rule.__name__)
def test_a_script_keeps_the_executors_contract(
    rule: Callable[[executors.ExecutorSubject], None], tmp_path: Path
) -> None:
    """A program that keeps keys as files."""
    program = tmp_path / "act.py"
    program.write_text(SCRIPT)
    options = {"kind": "script", "command": f"{sys.executable} {program} {tmp_path}"}
    made = BUILT_INS.make(ExtensionKind.EXECUTOR, "script", options, Clock())
    rule(executors.ExecutorSubject(made, Action("restart", "cart"), Clock()))


@pytest.mark.parametrize("rule", executors.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize(
    "action", [Action("restart", "cart"), Action("scale", "cart", {"replicas": 2}), Action("stop", "cart")], ids=str
)
def test_supervisord_keeps_the_executors_contract(
    rule: Callable[[executors.ExecutorSubject], None], action: Action, tmp_path: Path
) -> None:
    """Over its XML-RPC interface."""
    with served(FakeSupervisord({"cart:a": 20, "cart:b": 0}), tmp_path) as url:
        options = {"kind": "supervisord", "url": url, "keys": str(tmp_path / "keys")}
        made = BUILT_INS.make(ExtensionKind.EXECUTOR, "supervisord", options, Clock())
        rule(executors.ExecutorSubject(made, action, Clock()))


@pytest.mark.parametrize("rule", executors.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize(
    "action",
    [
        Action("drain", "a", {"keep": 0.0}),
        Action("shed-load", "cart", {"share": 0.3}),
        Action("limit-load", "cart", {"rate": 9}),
    ],
    ids=str,
)
def test_haproxy_keeps_the_executors_contract(
    rule: Callable[[executors.ExecutorSubject], None], action: Action, tmp_path: Path
) -> None:
    """Over its runtime API."""
    with answering(FakeHaproxy({"cart/a": 100, "cart/b": 100}), tmp_path) as url:
        options = {"kind": "haproxy", "url": url, "keys": str(tmp_path / "keys"), "shed_map": "shed.map"}
        made = BUILT_INS.make(ExtensionKind.EXECUTOR, "haproxy", options, Clock())
        rule(executors.ExecutorSubject(made, action, Clock()))


@pytest.mark.parametrize("rule", notifiers.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("scheme", ["console", "file"])
def test_keeps_the_notifiers_contract(scheme: str, rule: Callable[[Notifier], None], tmp_path: Path) -> None:
    """Channels that are always there."""
    url = "console://" if scheme == "console" else (tmp_path / "pages").as_uri()
    rule(open_channel(url, Clock(), BUILT_INS))
