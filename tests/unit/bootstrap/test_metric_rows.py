"""Parts are made with what the bundle says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aiops.adapters.bundle.loading import SHIPPED, bundle_folder, load_bundle
from aiops.adapters.bundle.metric_rows import load_metrics
from aiops.agents.analysis import AnalysisAgent
from aiops.agents.composition import control_agent
from aiops.bootstrap.runtime import Runtime
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Role
from aiops.model.metric_semantics.semantics import MetricRole
from aiops.settings import Settings


def with_rows(tmp_path: Path, rows: str) -> Settings:
    """Settings of a bundle with these rows."""
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED, folder)
    (folder / "metrics.yaml").write_text(rows)
    return Settings(state=tmp_path / "state", bundle=folder)


def test_the_analysis_reads_signals_by_the_rows_of_the_bundle(tmp_path: Path) -> None:
    """Shards read the same rows."""
    settings = with_rows(tmp_path, "speed.of.light: {role: latency}\n")
    agent = control_agent(Role.ANALYSIS, settings, load_bundle(bundle_folder(settings)))
    assert isinstance(agent, AnalysisAgent)
    assert agent._metrics.of("speed.of.light").role is MetricRole.LATENCY
    assert load_metrics(bundle_folder(settings)).of("speed.of.light").role is MetricRole.LATENCY


def test_the_shipped_bundle_has_no_rows() -> None:
    """What ships is in the table."""
    assert len(load_metrics(SHIPPED).custom) == 0


def test_a_wrong_row_stops_the_runtime_before_anything_else(tmp_path: Path) -> None:
    """One sentence, and not an actor that dies again and again."""
    settings = with_rows(tmp_path, "a: {role: nothing}\n")
    with pytest.raises(PermanentError, match=r"metrics\.yaml:1: a: role"):
        Runtime(settings).start()
    assert not settings.state.exists()
