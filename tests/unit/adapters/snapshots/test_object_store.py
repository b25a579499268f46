"""The object store's settings, and what its errors become."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.snapshots.object_store import ObjectStoreFiles
from aiops.adapters.snapshots.opening import open_snapshots
from aiops.model.errors import PermanentError, TemporaryError
from aiops.settings import DataPlane, Settings


@pytest.mark.parametrize("name", ["aws_secret_access_key", "access_key_id", "token", "azure_storage_sas_key"])
def test_a_secret_in_the_options_is_refused_without_its_value(name: str) -> None:
    """Settings are shown to people and stored in version control."""
    with pytest.raises(PermanentError, match=f"{name} is a secret; set it as an environment variable") as refused:
        ObjectStoreFiles("s3://bucket/aiops", {name: "hunter2"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s4://bucket/aiops", {}),
        ("s3://bucket/aiops", {"colour": "blue"}),
        ("s3://", {}),
        ("http://server/aiops", {}),
        ("https://[server/aiops", {}),
        ("s3://bucket/aiops", {"timeout": "soon"}),
        ("s3://bucket/aiops", {"allow_http": "maybe"}),
    ],
    ids=["unknown scheme", "unknown option", "no bucket", "web server", "no host", "no time", "no truth value"],
)
def test_a_wrong_url_or_option_is_one_line_that_names_the_setting(url: str, options: dict[str, str]) -> None:
    """Found when the shard starts, before it connects."""
    with pytest.raises(PermanentError, match=r"^data\.snapshot_store: ") as refused:
        ObjectStoreFiles(url, options)
    assert "\n" not in str(refused.value)


def test_credentials_in_the_url_are_refused_and_not_repeated() -> None:
    """Every error of the store names its URL."""
    with pytest.raises(PermanentError, match="contains credentials; set them as environment variables") as refused:
        ObjectStoreFiles("s3://ann:hunter2@bucket/aiops", {})
    assert "hunter2" not in str(refused.value)


def test_a_store_that_does_not_answer_is_a_temporary_error() -> None:
    """Nothing listens on port 9 of this machine."""
    options = {"endpoint": "http://127.0.0.1:9", "skip_signature": "true", "region": "here"}
    files = ObjectStoreFiles("s3://bucket/aiops", options, retries={"max_retries": 0})
    for request in (lambda: files.names("main/slot-0001"), lambda: files.read("a"), lambda: files.write("a", [b"x"])):
        with pytest.raises(TemporaryError, match=r"^s3://bucket/aiops: cannot "):
            request()


def test_objects_that_another_writer_deleted_are_passed_over(tmp_path: Path) -> None:
    """Not every store does so by itself, as S3 does; here a folder."""
    files = ObjectStoreFiles(tmp_path.as_uri(), {})
    files.write("main/slot-0001/a", [b"x"])
    files.delete(["main/slot-0001/b"])
    files.delete(["main/slot-0001/a"])
    assert files.names("main/slot-0001") == []


def test_settings_choose_folder_or_object_store() -> None:
    """A URL is an object store, anything else a folder."""
    store = open_snapshots(Settings(data=DataPlane(snapshot_store="memory:///")))
    assert store.newest(0) == []
    with pytest.raises(PermanentError, match="s4"):
        open_snapshots(Settings(data=DataPlane(snapshot_store="s4://bucket")))
