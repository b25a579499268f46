"""The file of people's rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.bundle.metric_rows import load_metrics
from aiops.model.errors import PermanentError
from aiops.model.metric_semantics.semantics import MetricRole


def test_rows_of_the_file_are_in_the_table(tmp_path: Path) -> None:
    """With the place of each in its answer."""
    (tmp_path / "metrics.yaml").write_text("speed.of.light: {role: latency}\n")
    found = load_metrics(tmp_path).of("speed.of.light")
    assert (found.role, found.source) == (MetricRole.LATENCY, f"{tmp_path / 'metrics.yaml'}:1")


def test_without_a_file_the_shipped_table_is_all(tmp_path: Path) -> None:
    """Nobody must write one, nor have the folder."""
    assert len(load_metrics(tmp_path).custom) == 0
    assert len(load_metrics(tmp_path / "missing").custom) == 0


def test_a_wrong_row_is_told_with_the_whole_path(tmp_path: Path) -> None:
    """So that it can be opened from the message."""
    file = tmp_path / "metrics.yaml"
    file.write_text("a: {role: errors}\nb: {role: nothing}\n")
    with pytest.raises(PermanentError, match=f"{file}:2: b: role"):
        load_metrics(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00a", None])
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes | None) -> None:
    """Bytes of something else, or a folder in the file's place."""
    file = tmp_path / "metrics.yaml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(PermanentError, match="cannot be read as text"):
        load_metrics(tmp_path)


def test_a_huge_file_is_refused_at_once(tmp_path: Path) -> None:
    """Reading 200,000 rows would hold up every start of a shard for a minute."""
    file = tmp_path / "metrics.yaml"
    file.write_text("a.b: {role: errors}\n" * 60_000)
    with pytest.raises(PermanentError, match=r"metrics.yaml: has 1,200,000 bytes, at most 1,000,000 are read"):
        load_metrics(tmp_path)
