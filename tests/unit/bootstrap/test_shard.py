"""A shard is made from settings alone; what is wrong with them is told before Kafka is needed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aiops.adapters.bundle.loading import SHIPPED
from aiops.bootstrap.shard import make_shard
from aiops.model.errors import PermanentError
from aiops.settings import DataPlane, DetectorChoice, Kafka, Settings
from aiops.topic_names import Topics

NOWHERE = "127.0.0.1:1"
"""No broker listens there: a test that reached it would fail in another way."""


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (Settings(data=DataPlane(views=("nope",))), r"data\.views\.nope: no view is named 'nope'"),
        (Settings(data=DataPlane(detectors=(DetectorChoice(name="nope"),))), r"data\.detectors\.nope: no detector"),
        (Settings(topics=Topics(formats={"t": "nope"})), r"topics\.formats\.t: no format is named 'nope'"),
        (Settings(kafka=Kafka(client="librdkafka")), r"kafka\.client: 'librdkafka' is neither"),
    ],
    ids=["view", "detector", "format", "client"],
)
def test_a_name_that_nobody_knows_is_told_with_its_setting(settings: Settings, text: str, tmp_path: Path) -> None:
    """In the actor's own error, one sentence."""
    with pytest.raises(PermanentError, match=text):
        make_shard(settings.model_copy(update={"state": tmp_path}), NOWHERE, 0)


@pytest.mark.parametrize(
    ("file", "text", "error"),
    [
        ("metrics.yaml", "a: {role: nothing}\n", r"metrics\.yaml:1: a: role"),
        ("services/shop.yaml", "- id: cart\n  replicas: many\n", r"shop\.yaml:1|shop\.yaml:2"),
    ],
)
def test_a_bundle_that_is_wrong_is_told_with_file_and_line(tmp_path: Path, file: str, text: str, error: str) -> None:
    """A shard that guessed would watch the wrong thing."""
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED, folder)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)
    with pytest.raises(PermanentError, match=error):
        make_shard(Settings(state=tmp_path / "state", bundle=folder), NOWHERE, 0)


def test_nothing_is_written_for_a_shard_that_cannot_be_made(tmp_path: Path) -> None:
    """No journal, no snapshots; only that a process began, so that the next one knows if it ended soon."""
    with pytest.raises(PermanentError):
        make_shard(Settings(state=tmp_path / "state", data=DataPlane(views=("nope",))), NOWHERE, 0)
    written = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert written == ["state/deaths/main/shard-0.lives"]
