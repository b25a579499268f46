from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from aiops.adapters.keys import KEY_BYTES, own_key
from aiops.model.errors import PermanentError


def test_a_key_is_made_once_and_stays(tmp_path: Path) -> None:
    """The first call makes folder and key; every later one reads the same 32 bytes."""
    file = tmp_path / "state" / "audit.key"
    first = own_key(file)
    assert (len(first), own_key(file)) == (KEY_BYTES, first)
    assert own_key(tmp_path / "other.key") != first


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    """Mode 0600, whatever the process's umask is."""
    before = os.umask(0)
    try:
        own_key(tmp_path / "k.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "k.key").stat().st_mode) == 0o600


def test_nothing_is_left_beside_it(tmp_path: Path) -> None:
    """The file under which the key was written is gone."""
    own_key(tmp_path / "k.key")
    assert [file.name for file in tmp_path.iterdir()] == ["k.key"]


def test_all_who_ask_at_once_get_one_key(tmp_path: Path) -> None:
    """Eight threads that start together: one key counts, and nothing is left of the others."""
    barrier = Barrier(8)

    def ask(_: int) -> bytes:
        barrier.wait()
        return own_key(tmp_path / "k.key")

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))
    assert len(found) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["k.key"]


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"x" * 5000])
def test_a_file_of_another_size_is_no_key(tmp_path: Path, content: bytes) -> None:
    """A damaged key is told with its size, and never made anew: what it sealed would be lost for good."""
    file = tmp_path / "k.key"
    file.write_bytes(content)
    with pytest.raises(PermanentError, match=f"has {len(content)} bytes, a key has 32; bring the right one back"):
        own_key(file)
    assert file.read_bytes() == content


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A folder in the key's place, and a file in its folder's place."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "folder", tmp_path / "file" / "k.key"):
        with pytest.raises(PermanentError, match=f"the key {place} cannot be used: "):
            own_key(place)
