"""Parts are made with what the binder says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aiops.agents.analysis import AnalysisAgent
from aiops.bootstrap.parts import SHIPPED_BINDER, control_agent, metric_table
from aiops.bootstrap.runtime import Runtime
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Role
from aiops.model.metric_semantics.semantics import MetricRole
from aiops.settings import Settings


def with_rows(tmp_path: Path, rows: str) -> Settings:
    folder = tmp_path / "binder"
    shutil.copytree(SHIPPED_BINDER, folder)
    (folder / "metrics.yaml").write_text(rows)
    return Settings(state=tmp_path / "state", binder=folder)


def test_the_analysis_reads_signals_by_the_rows_of_the_binder(tmp_path: Path) -> None:
    """Shards ask the same function."""
    settings = with_rows(tmp_path, "speed.of.light: {role: latency}\n")
    agent = control_agent(settings, Role.ANALYSIS)
    assert isinstance(agent, AnalysisAgent)
    assert agent._metrics.of("speed.of.light").role is MetricRole.LATENCY
    assert metric_table(settings).of("speed.of.light").role is MetricRole.LATENCY


def test_the_shipped_binder_has_no_rows() -> None:
    """What ships is in the table."""
    assert len(metric_table(Settings()).custom) == 0


def test_a_wrong_row_stops_the_runtime_before_anything_else(tmp_path: Path) -> None:
    """One sentence, and not an actor that dies again and again."""
    settings = with_rows(tmp_path, "a: {role: nothing}\n")
    with pytest.raises(PermanentError, match=r"metrics\.yaml:1: a: role"):
        Runtime(settings).start()
    assert not settings.state.exists()
