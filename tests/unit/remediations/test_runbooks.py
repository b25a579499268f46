from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.bundle.loading import APPROVED, approve_runbooks, load_runbooks
from aiops.model.situations import Situation
from remediations.primitives.shipped import shipped
from remediations.runbooks import Runbook, fill, parse

FOLDER = Path(__file__).parents[3] / "remediations" / "default_bundle" / "runbooks"
SHIPPED = load_runbooks(FOLDER)


def first(kind: str, item_kind: str, *metrics: str, change: bool = False, **bindings: str) -> str:
    """The best runbook for a trouble from which others suffer too."""
    found = {"root": "x"} | bindings
    situation = Situation(kind, item_kind, tuple(metrics), change, others=True, bindings=found)
    return SHIPPED.applicable(situation)[0].id


def test_shipped_runbooks_are_sound_and_approved() -> None:
    """Everything in the example bundle loads."""
    assert SHIPPED.problems == ()
    assert len(SHIPPED.runbooks) >= 14


def test_known_troubles_find_their_runbook() -> None:
    """Each common trouble finds what puts it right, and those without a safe action find advice."""
    assert first("crash", "service") == "restart-crashed"
    assert first("memory", "service", "process.memory.usage") == "restart-leaking"
    assert first("saturation", "service", "process.cpu.utilization") == "scale-saturated"
    assert first("bad deploy", "service", change=True) == "roll-back-deploy"
    assert first("bad configuration", "service", change=True) == "roll-back-configuration"
    assert first("latency", "cache", "redis.hit_ratio", caller="catalog") == "shed-stampede"
    assert first("queue", "queue", "rabbitmq.message.current", consumer="worker") == "drain-backlog"
    assert first("disk", "database") == "fail-over-store"
    assert first("crash", "zone") == "fail-over-zone"
    assert first("traffic", "service", "http.server.requests") == "shed-retry-storm"
    for kind, item_kind, metric in (
        ("certificate", "service", ""),
        ("latency", "site", ""),
        ("queue", "queue", "rabbitmq.message.redelivered"),
        ("disk", "host", "system.filesystem.utilization"),
    ):
        assert SHIPPED.runbooks[first(kind, item_kind, metric, consumer="w", store="db")].escalate


def test_nobody_is_refused_where_nobody_suffers() -> None:
    """Shedding load, and stopping a host, want somebody else who is abnormal."""
    assert first("queue", "service", "app.queue.wait") == "shed-retry-storm"
    assert first("saturation", "host", "system.cpu.utilization") == "restart-host"
    alone = Situation("saturation", "host", ("system.cpu.utilization",), bindings={"root": "a"})
    assert SHIPPED.applicable(alone) == ()


def test_places_that_nothing_fills_do_not_apply() -> None:
    """A runbook that needs a caller does not apply where none is known."""
    situation = Situation("latency", "cache", ("redis.hit_ratio",), bindings={"root": "x"})
    assert "shed-stampede" not in [runbook.id for runbook in SHIPPED.applicable(situation)]


def test_fill_keeps_types_and_fills_within_texts() -> None:
    """A lone place keeps its binding's type; within a text it becomes text."""
    assert fill("{count}", {"count": 3}) == 3
    assert fill("{root}-{count}", {"root": "web", "count": 3}) == "web-3"
    assert fill(0.3, {}) == 0.3


def test_only_approved_files_are_loaded(tmp_path: Path) -> None:
    """A file that changed or is not listed is left out and told; approving it brings it in."""
    folder = tmp_path / "runbooks"
    shutil.copytree(FOLDER, folder)
    changed = folder / "restart-agent.yaml"
    changed.write_text(changed.read_text() + "# edited\n")
    (folder / "new.yaml").write_text(changed.read_text().replace("id: restart-agent", "id: new"))
    loaded = load_runbooks(folder)
    assert "restart-agent" not in loaded.runbooks
    assert [problem.what.split(";")[0] for problem in loaded.problems] == [
        "not approved",
        "changed since it was approved",
    ]
    approve_runbooks(folder)
    assert {"new", "restart-agent"} <= load_runbooks(folder).runbooks.keys()
    (folder / APPROVED).unlink()
    assert load_runbooks(folder).runbooks == {}


HEAD = "id: a\ntitle: t\nwhen: {}\n"
STEP = "steps:\n  - {id: a, primitive: restart}\n"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (
            HEAD + "expected: e\nsteps:\n  - id: a\n    primitive: explode\n",
            6,
            "no primitive is named",
        ),
        (HEAD + STEP, 1, "what is expected"),
        (HEAD, 1, "either steps or escalate"),
        ("id: a\ntitle: t\nwhen:\n  colour: red\nescalate: x\n", 4, "when.colour"),
        (
            HEAD + "expected: e\nsteps:\n  - id: a\n    primitive: restart\n    settle_seconds: -1\n",
            8,
            "greater",
        ),
        ("id: a\ntitle: [\n", 3, "not YAML"),
        ("- 1\n- 2\n", 1, "valid dictionary"),
        ("", 1, "valid dictionary"),
        (HEAD.replace("title: t", "title: 2026-13-45") + STEP, 2, "not YAML"),
        ("id: !!int x\n", 1, "not YAML"),
    ],
)
def test_errors_name_the_line(text: str, line: int, told: str) -> None:
    """Whatever is wrong with a file is told with its place."""
    problems = parse(text.encode(), "r.yaml", shipped())
    assert isinstance(problems, tuple)
    assert told in problems[0].what
    assert problems[0].line == line


@given(st.binary(max_size=200))
def test_any_bytes_end_as_runbook_or_problem(content: bytes) -> None:
    """Broken and hostile files never raise."""
    found = parse(content, "r.yaml", shipped())
    assert isinstance(found, Runbook) or all(problem.file == "r.yaml" for problem in found)
    assert found
