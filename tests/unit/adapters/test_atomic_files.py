"""Files that are replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.adapters.atomic_files import replace_file


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_and_its_folder_are_made_and_the_file_is_replaced(tmp_path: Path, *, durable: bool) -> None:
    """Nothing else is left in the folder."""
    file = tmp_path / "main" / "a.json"
    for content in (b"a longer content", b"short"):
        replace_file(file, [content[:3], memoryview(content[3:])], durable=durable)
        assert file.read_bytes() == content
    assert [path.name for path in file.parent.iterdir()] == ["a.json"]


def test_a_writer_that_ends_half_way_leaves_the_old_content(tmp_path: Path) -> None:
    """And the next one is not disturbed by what it left."""

    def half() -> Iterator[bytes]:
        yield b"new, and much longer"
        raise OSError("no space left")

    file = tmp_path / "a.json"
    replace_file(file, [b"old"])
    with pytest.raises(OSError, match="no space left"):
        replace_file(file, half())
    assert file.read_bytes() == b"old"
    replace_file(file, [b"new"])
    assert file.read_bytes() == b"new"


def test_files_that_differ_in_their_suffix_have_temporary_names_of_their_own(tmp_path: Path) -> None:
    """Two writers may replace them at the same time."""

    def while_the_other_is_written() -> Iterator[bytes]:
        yield b"full"
        replace_file(tmp_path / "7.part", [b"part"])

    replace_file(tmp_path / "7.full", while_the_other_is_written())
    assert ((tmp_path / "7.full").read_bytes(), (tmp_path / "7.part").read_bytes()) == (b"full", b"part")


def test_a_durable_file_is_on_disk_before_it_is_renamed_and_its_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this order a power failure leaves the old file or the whole new one."""
    synced: list[tuple[str, bool]] = []
    file = tmp_path / "a"

    def fsync(handle: int) -> None:
        synced.append((Path(f"/proc/self/fd/{handle}").readlink().name, file.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    replace_file(file, [b"x"], durable=True)
    assert synced == [("a.writing", False), (tmp_path.name, True)]
