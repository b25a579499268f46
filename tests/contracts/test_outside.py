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


@pytest.mark.parametrize("rule", notifiers.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("scheme", ["console", "file"])
def test_keeps_the_notifiers_contract(scheme: str, rule: Callable[[Notifier], None], tmp_path: Path) -> None:
    """Channels that are always there."""
    url = "console://" if scheme == "console" else (tmp_path / "pages").as_uri()
    rule(open_channel(url, Clock(), BUILT_INS))
