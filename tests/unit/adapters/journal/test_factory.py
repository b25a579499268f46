from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.journal.factory import open_journal
from aiops.model.errors import PermanentError
from aiops.model.journal import HaltState
from aiops.settings import Settings


def test_without_a_url_it_is_a_file_of_the_state_folder(tmp_path: Path) -> None:
    """The folder is made with its parents, and what was written is there at the next opening."""
    settings = Settings(state=tmp_path / "a" / "b")
    first = open_journal(settings)
    first.set_halt(HaltState(0, halted=True))
    first.close()
    assert (tmp_path / "a" / "b" / "journal.db").exists()
    second = open_journal(settings)
    assert second.halt_state().halted
    second.close()


def test_a_url_wins(tmp_path: Path) -> None:
    """``control.journal`` names another database; the state folder has none then."""
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    settings = Settings.model_validate({"state": tmp_path / "state", "control": {"journal": url}})
    open_journal(settings).close()
    assert (tmp_path / "elsewhere.db").exists()
    assert not (tmp_path / "state" / "journal.db").exists()


@pytest.mark.parametrize(
    "url", ["mysql://db/aiops", "no url", "sqlite:////proc/none/journal.db", "sqlite://", "sqlite:///:memory:"]
)
def test_a_database_that_cannot_be_used_is_told(tmp_path: Path, url: str) -> None:
    """Another product, nonsense, no such place, and memory that ends with the process: one error of ours."""
    settings = Settings.model_validate({"state": tmp_path, "control": {"journal": url}})
    with pytest.raises(Exception, match=r"journal|database") as raised:
        open_journal(settings)
    assert raised.type.__module__ == PermanentError.__module__
