"""The recipes of docs/extend.md, carried out in a copy: one new file, at most two edits, and it works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("aiops", "detectors", "topology", "remediations", "simulations")
_BLOCK = re.compile(r"^```python (?P<how>[^\n]+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_EDIT = re.compile(r'(after|replace) "(.*)" in (\S+)')
CHECKS = {
    "An always-on view": """
import numpy as np
from aiops.agents.monitoring import MonitoringAgent
from aiops.contracts import views
from aiops.settings import Settings
from detectors.views import leap

for rule in (views.its_state_is_small, views.wild_values_give_scores):
    rule(leap)
agent = MonitoringAgent(Settings())
agent.adopt(0, 1)
assert "leap" in agent._owned[0].slot.detection.names
""",
    "A primitive": """
from aiops.adapters.bundle.loading import load_bundle
from aiops.contracts import primitives
from aiops.contracts.rule import check
from aiops.plugins import BUILT_INS
from remediations.primitives.suspend import Suspend

check(primitives.RULES, Suspend())
bundle = load_bundle(plugins=BUILT_INS)
assert not bundle.problems
assert "suspend" in bundle.catalogue.primitives
from remediations.policy import PolicySet
files = {"a.cedarschema": open("remediations/default_bundle/policies/schema.cedarschema").read(),
         "p.cedar": '@id("x") permit (principal, action == Action::"suspend", resource);'}
assert not PolicySet.of("p", files, actions=bundle.catalogue.primitives).problems
assert PolicySet.of("p", files).problems
""",
    "A telemetry format": """
from aiops.agents.monitoring import MonitoringAgent
from aiops.contracts import formats
from aiops.contracts.rule import check
from aiops.ports import FetchedRecords, TopicPartition
from aiops.settings import Settings
from detectors.wire.numbers import NUMBERS

now = 1_750_000_000
records = [f"{now + k} {k}.5".encode() for k in range(5)]
check(formats.RULES, formats.FormatSubject(NUMBERS, records, (now + 60) * 10**9))
agent = MonitoringAgent(Settings.model_validate({"topics": {"formats": {"t": "numbers"}}, "kafka": {"partitions": 1}}))
agent.adopt(0, 1)
agent.handle([FetchedRecords(TopicPartition("t", 0), (0,), [b"1750000000 1.5"], [None], [now * 10**9])], now * 10**9)
(line,) = agent.ledger()
assert (line.items, line.difference) == (1, 0)
""",
}


def recipe(title: str) -> list[tuple[str, str]]:
    """The blocks of one recipe: what to do, and the text."""
    text = (ROOT / "docs" / "extend.md").read_text()
    section = text.partition(f"### {title}\n")[2].partition("\n### ")[0]
    return [(found["how"], found["code"]) for found in _BLOCK.finditer(section)]


def carry_out(copy: Path, how: str, code: str) -> str:
    """Do one block; the file that it touches."""
    if how.startswith("new "):
        path = how.removeprefix("new ")
        assert not (copy / path).exists()
        (copy / path).write_text(code)
        return path
    found = _EDIT.fullmatch(how)
    assert found, how
    kind, anchor, path = found.groups()
    before = (copy / path).read_text()
    assert before.count(f"{anchor}\n") == 1, f"{anchor!r} is not once in {path}"
    after = f"{anchor}\n{code}" if kind == "after" else code
    (copy / path).write_text(before.replace(f"{anchor}\n", after))
    return path


@pytest.mark.parametrize("title", CHECKS)
def test_the_recipe_works_and_touches_at_most_three_files(title: str, tmp_path: Path) -> None:
    """What the documentation says is enough."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    touched = {carry_out(tmp_path, how, code) for how, code in recipe(title)}
    assert 1 < len(touched) <= 3
    # uncompiled: what counts here is the registration, and a copy has no cache of compiled loops
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_DISABLE_JIT": "1"}
    told = subprocess.run(
        [sys.executable, "-c", CHECKS[title]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]
