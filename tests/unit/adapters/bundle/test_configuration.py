"""Reading the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.bundle.configuration import load_settings
from aiops.model.errors import PermanentError


def write(folder: Path, text: str) -> Path:
    path = folder / "aiops.yaml"
    path.write_text(text)
    return path


def test_what_the_file_says_holds_and_the_rest_is_default(tmp_path: Path) -> None:
    """Relative folders are relative to the file."""
    settings = load_settings(write(tmp_path, "domain: shop\nstate: here\ndata:\n  shards: 3\n"))
    assert (settings.domain, settings.data.shards, settings.kafka.partitions) == ("shop", 3, 4)
    assert settings.state == tmp_path / "here"


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the file, field by field."""
    monkeypatch.setenv("AIOPS_KAFKA", "broker:9092")
    monkeypatch.setenv("AIOPS_DATA__SHARDS", "5")
    settings = load_settings(write(tmp_path, "data:\n  shards: 3\n  snapshot_seconds: 4\n"))
    assert (settings.kafka.bootstrap, settings.data.shards, settings.data.snapshot_seconds) == ("broker:9092", 5, 4.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data:\n  shards: many\n", r"aiops.yaml:2: data.shards: .*integer"),
        ("data:\n  shard: 1\n", r"aiops.yaml:2: data.shard: Extra"),
        ("- a\n", "expected groups of settings"),
        ("a: [", "not YAML"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_field(tmp_path: Path, text: str, said: str) -> None:
    """A person can go there."""
    with pytest.raises(PermanentError, match=said):
        load_settings(write(tmp_path, text))


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """Silence would run with defaults that nobody meant."""
    with pytest.raises(PermanentError, match="no such file"):
        load_settings(tmp_path / "none.yaml")
