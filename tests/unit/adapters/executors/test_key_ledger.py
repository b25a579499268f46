"""Keys of executors in a folder: what is known of them after a crash, and in which order orders may begin."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.executors.key_ledger import KeyEntry, KeyLedger, KeyState, OldEpoch, Taken
from aiops.model.errors import PermanentError

BEGUN = KeyEntry(key="p/1/do", state=KeyState.BEGUN, deadline_at=9, before={"web:1": "100 5"})


def test_a_key_is_known_before_its_effect_begins(tmp_path: Path) -> None:
    """A process that opens the folder later finds the state of the target before the effect."""
    KeyLedger(tmp_path).begin("main", 1, entry=BEGUN, over=None)
    assert KeyLedger(tmp_path).find("main", "p/1/do") == BEGUN


def test_a_key_of_another_domain_is_another_key(tmp_path: Path) -> None:
    """Two domains may share a folder; their plans have the same names."""
    ledger = KeyLedger(tmp_path)
    ledger.begin("main", 1, entry=BEGUN, over=None)
    assert ledger.find("other", "p/1/do") is None


@pytest.mark.parametrize("state", [KeyState.DONE, KeyState.IN_DOUBT])
def test_the_end_of_a_key_is_kept(tmp_path: Path, state: KeyState) -> None:
    """With everything else as it was."""
    ledger = KeyLedger(tmp_path)
    ledger.begin("main", 1, entry=BEGUN, over=None)
    ledger.end("main", BEGUN, state)
    assert ledger.find("main", "p/1/do") == BEGUN.model_copy(update={"state": state})


def test_a_forgotten_key_may_begin_again(tmp_path: Path) -> None:
    """Its effect changed nothing."""
    ledger = KeyLedger(tmp_path)
    ledger.begin("main", 1, entry=BEGUN, over=None)
    ledger.forget("main", "p/1/do")
    ledger.forget("main", "p/1/do")
    assert ledger.find("main", "p/1/do") is None
    assert ledger.begin("main", 1, entry=BEGUN, over=None) is None


def test_a_key_that_somebody_else_began_meanwhile_is_taken(tmp_path: Path) -> None:
    """What was found before the lock no longer holds."""
    ledger = KeyLedger(tmp_path)
    assert ledger.begin("main", 1, entry=BEGUN, over=None) is None
    assert ledger.begin("main", 1, entry=BEGUN, over=None) == Taken()


def test_a_key_whose_effect_did_not_happen_may_be_begun_over(tmp_path: Path) -> None:
    """Whoever saw the entry, and that the target is unchanged, states the entry."""
    ledger = KeyLedger(tmp_path)
    ledger.begin("main", 1, entry=BEGUN, over=None)
    again = BEGUN.model_copy(update={"deadline_at": 20})
    assert ledger.begin("main", 1, entry=again, over=BEGUN) is None
    assert ledger.find("main", "p/1/do") == again


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_the_newest_epoch_wins(tmp_path_factory: pytest.TempPathFactory, epochs: list[int]) -> None:
    """An order is refused exactly if a newer epoch came before it."""
    ledger = KeyLedger(tmp_path_factory.mktemp("keys"))
    newest = 0
    for epoch in epochs:
        assert ledger.epoch_is_over("main", epoch) == (OldEpoch(newest) if epoch < newest else None)
        newest = max(newest, epoch)


def test_an_old_epoch_begins_nothing(tmp_path: Path) -> None:
    """Also if the newer one came between the look and the begin."""
    ledger = KeyLedger(tmp_path)
    ledger.epoch_is_over("main", 7)
    assert ledger.begin("main", 6, entry=BEGUN, over=None) == OldEpoch(7)
    assert ledger.find("main", "p/1/do") is None
    assert ledger.begin("other", 6, entry=BEGUN, over=None) is None


def _begins(folder: Path, results: multiprocessing.Queue[bool]) -> None:
    results.put(KeyLedger(folder).begin("main", 1, entry=BEGUN, over=None) is None)


def test_of_several_processes_one_begins(tmp_path: Path) -> None:
    """The lock holds between processes."""
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[bool] = context.Queue()
    workers = [context.Process(target=_begins, args=(tmp_path, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    assert sorted(results.get(timeout=30) for _ in workers) == [False, False, False, True]
    for worker in workers:
        worker.join()


@pytest.mark.parametrize("text", ["", "{", '{"key": "p/1/do"}', "[]"])
def test_a_damaged_entry_is_no_free_key(tmp_path: Path, text: str) -> None:
    """Whether it happened is not known, so nothing may run under it."""
    ledger = KeyLedger(tmp_path)
    ledger.begin("main", 1, entry=BEGUN, over=None)
    (file,) = (path for path in tmp_path.glob("*.json") if not path.name.startswith("epoch-"))
    file.write_text(text)
    with pytest.raises(PermanentError, match="cannot be read"):
        ledger.find("main", "p/1/do")


def test_a_folder_that_is_none_is_an_error_at_the_start(tmp_path: Path) -> None:
    """`aiops doctor` opens it and shows the error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PermanentError, match=r"^keys: .*file cannot be used"):
        KeyLedger(tmp_path / "file")
