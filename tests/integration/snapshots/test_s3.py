"""Snapshots in a real S3-compatible object store."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aiops.adapters.snapshots.object_store import ObjectStoreFiles
from aiops.adapters.snapshots.store import ChainedSnapshotStore, SnapshotFiles
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.records import SlotSnapshot
from tests.contracts.snapshots import FOLDER, SnapshotStoreContract, sequences, snapshot
from tests.integration.runtime.harness import until
from tests.integration.snapshots.s3 import CREDENTIAL, IDENTITY, S3, running_s3

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """One server for all tests."""
    with running_s3(tmp_path_factory.mktemp("s3"), "snapshots") as server:
        yield server


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a Kubernetes secret gives them to the shards."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", IDENTITY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CREDENTIAL)


def files_below(s3: S3, prefix: str, *, bucket: str = "snapshots") -> ObjectStoreFiles:
    """Files of one test."""
    return ObjectStoreFiles(f"s3://{bucket}/{prefix}", s3.options(), retries={"max_retries": 0})


class TestS3(SnapshotStoreContract):
    @pytest.fixture
    def files(self, s3: S3, request: pytest.FixtureRequest) -> SnapshotFiles:
        return files_below(s3, f"contract-{abs(hash(request.node.nodeid)):x}")


def test_a_snapshot_of_twenty_megabytes_comes_back(s3: S3) -> None:
    """It is sent in several pieces, and is visible when all have arrived."""
    store = ChainedSnapshotStore(files_below(s3, "large"))
    rows = np.random.default_rng(1).normal(size=(2_500_000,))
    store.write(SlotSnapshot(3, 1, 1, {}, {"bank": {"rows": rows}}, None))
    (found,) = store.newest(3)
    np.testing.assert_array_equal(found.parts["bank"]["rows"], rows)


def test_names_are_found_beyond_one_page_of_a_listing(s3: S3) -> None:
    """S3 lists at most 1,000 objects at once."""
    files = files_below(s3, "many")
    for number in range(1_010):
        files.write(f"{FOLDER}/{number}", [b""])
    assert len(files.names(FOLDER)) == 1_010


def test_wrong_credentials_are_a_sentence_about_credentials(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying again does not help: a person must act."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(PermanentError, match="check the credentials in the environment") as refused:
        ChainedSnapshotStore(files_below(s3, "denied")).write(snapshot(1))
    assert "wrong" not in str(refused.value)


def test_a_missing_bucket_is_a_sentence_about_the_bucket(s3: S3) -> None:
    """A typing error in the settings."""
    with pytest.raises(PermanentError, match="does the bucket exist"):
        ChainedSnapshotStore(files_below(s3, "x", bucket="absent")).write(snapshot(1))


def test_a_server_that_hangs_is_a_temporary_error_and_its_return_is_noticed(tmp_path: Path) -> None:
    """Stopped by a signal, as a host that swaps; afterwards everything written before is there."""
    with running_s3(tmp_path, "snapshots") as server:
        files = ObjectStoreFiles("s3://snapshots/x", {**server.options(), "timeout": "1s"}, retries={"max_retries": 0})
        store = ChainedSnapshotStore(files)
        store.write(snapshot(1))
        server.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(TemporaryError):
                store.write(snapshot(2, 1))
        finally:
            server.process.send_signal(signal.SIGCONT)
        until("the server is used again", lambda: written(store, snapshot(2, 1)), 30)
        assert sequences(store) == [1, 2]


def written(store: ChainedSnapshotStore, made: SlotSnapshot) -> bool:
    """Whether the store took it."""
    try:
        store.write(made)
    except TemporaryError:
        return False
    return True
