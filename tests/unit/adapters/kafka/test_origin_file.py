"""Which topics the journal's positions belong to, in a file of the state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.kafka.origin_file import OriginFile, control_origins
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.records import TopicOrigin, TopicPartition

ORIGINS = {
    TopicPartition("aiops.changes", 0): TopicOrigin("b5c0", 17, 23),
    TopicPartition("aiops.tickets", 3): TopicOrigin(""),
}


def test_what_is_kept_comes_back_and_domains_are_apart(tmp_path: Path) -> None:
    """The first start finds nothing."""
    kept = control_origins(tmp_path, "main")
    assert kept.read() == {}

    kept.write(ORIGINS)

    assert control_origins(tmp_path, "main").read() == ORIGINS
    assert control_origins(tmp_path, "other").read() == {}
    kept.write({})
    assert kept.read() == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[[1]]", '[["t", 0, "id", "much", 0]]', '[["t", 0, "id", 1e999, 0]]', "7", "\xff"]
)
def test_a_damaged_file_needs_a_person(tmp_path: Path, text: str) -> None:
    """To begin again silently would let old offsets win over a new topic."""
    file = tmp_path / "main.json"
    file.write_text(text, encoding="latin-1")

    with pytest.raises(PermanentError, match=r"main\.json cannot be read: .*; restore it, or remove it"):
        OriginFile(file).read()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A folder stands where the new file is to be written."""
    kept = OriginFile(tmp_path / "main.json")
    kept.write(ORIGINS)
    (tmp_path / "main.json.writing").mkdir()

    with pytest.raises(TemporaryError, match="is the disk full"):
        kept.write({})

    assert kept.read() == ORIGINS
