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
        ("data:\n  shard: 1\n", r"aiops.yaml:2: data.shard: there is no such setting; docs/settings.md lists all"),
        ("data:\n  entity_scope: k8s.cluster.name\n", r"aiops.yaml:2: data.entity_scope: must be a list"),
        ("data:\n  entity_attributes: []\n", r"aiops.yaml:2: data.entity_attributes: .*at least 1"),
        ("data:\n  series_idle_seconds: .inf\n", r"data.series_idle_seconds: .*finite"),
        ("data:\n  future_seconds: -1\n", r"data.future_seconds: .*greater than or equal to 0"),
        ("kafka:\n  tls: true\n", r"aiops.yaml:1: kafka: kafka.tls and kafka.sasl need kafka.bootstrap"),
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


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AIOPS_DATA__SHARDS", "many", r"^AIOPS_DATA__SHARDS: data.shards: .*integer"),
        ("AIOPS_KAFKA__PASSWORD", "hunter2", r"^AIOPS_KAFKA__PASSWORD: kafka.password: there is no such setting"),
    ],
)
def test_a_wrong_variable_is_named_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """The file is not where the mistake is, even if it has the same setting."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(PermanentError, match=said) as raised:
        load_settings(write(tmp_path, "data:\n  shards: 3\n"))
    assert "hunter2" not in str(raised.value)


def test_a_folder_of_snapshots_is_relative_to_the_file(tmp_path: Path) -> None:
    """Shards run in other working directories, so the path is absolute; a URL stays as it is."""
    folder = load_settings(write(tmp_path, "data: {snapshot_store: kept}\n")).data.snapshot_store
    url = load_settings(write(tmp_path, "data: {snapshot_store: 's3://bucket/kept'}\n")).data.snapshot_store
    assert (folder, url) == (str(tmp_path / "kept"), "s3://bucket/kept")
