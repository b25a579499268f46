from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.adapters.paging.spool import Spool
from aiops.model.pages import Delivery
from tests.unit.adapters.paging.fakes import page


def ended(key: str, *, delivered: bool) -> Delivery:
    return Delivery(key, "fake", delivered=delivered, at=1)


def keys(spool: Spool) -> tuple[list[str], list[str]]:
    return [p.key for p in spool.pending()], [p.key for p in spool.undelivered()]


def test_what_was_added_is_there_for_another_process(tmp_path: Path) -> None:
    """A page comes back whole and in order from a spool opened anew."""
    one, two = Spool(tmp_path), Spool(tmp_path)
    assert two.pending() == []
    one.add(page("a"))
    one.add(page("b", level=1))
    assert two.pending() == [page("a"), page("b", level=1)]
    two.end(ended("a", delivered=True))
    assert keys(one) == (["b"], ["b"])


def test_a_failure_stays_undelivered_and_a_success_stays_delivered(tmp_path: Path) -> None:
    """Given up is not delivered; delivered is for ever, whatever is reported or added later."""
    spool = Spool(tmp_path)
    spool.add(page("a"))
    spool.end(ended("a", delivered=False))
    assert keys(spool) == ([], ["a"])
    spool.add(page("a"))
    assert keys(spool) == (["a"], ["a"])
    spool.end(ended("a", delivered=True))
    spool.end(ended("a", delivered=False))
    assert spool.add(page("a")) == ended("a", delivered=True)
    assert keys(Spool(tmp_path)) == ([], [])


def test_a_torn_last_line_costs_only_itself(tmp_path: Path) -> None:
    """A process was killed in mid-write: what was whole is read, and what comes after it is whole again."""
    Spool(tmp_path).add(page("a"))
    file = tmp_path / "pages.jsonl"
    file.write_bytes(file.read_bytes() + b'{"type":"page","page":{"key":"to')
    spool = Spool(tmp_path)
    assert keys(spool) == (["a"], ["a"])
    spool.add(page("b"))
    assert keys(Spool(tmp_path)) == (["a", "b"], ["a", "b"])


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_any_bytes_in_the_file_are_survived(tmp_path_factory: object, rubbish: bytes) -> None:
    """Whatever is in the file, the spool opens, and a page added to it is there."""
    folder = tmp_path_factory.mktemp("spool")  # type: ignore[attr-defined]
    (folder / "pages.jsonl").write_bytes(rubbish)
    Spool(folder).add(page("a"))
    assert keys(Spool(folder)) == (["a"], ["a"])


def test_a_grown_spool_is_rewritten_with_what_is_needed(tmp_path: Path) -> None:
    """Rotation keeps what reached nobody and the keys that reached somebody; the file stays small."""
    spool, other = Spool(tmp_path, rotate_bytes=20_000), Spool(tmp_path, rotate_bytes=20_000)
    spool.add(page("waits"))
    spool.add(page("given-up"))
    spool.end(ended("given-up", delivered=False))
    for number in range(200):
        spool.add(page(f"k{number}"))
        other.end(ended(f"k{number}", delivered=True))
    assert (tmp_path / "pages.jsonl").stat().st_size < 60_000
    for reopened in (spool, other, Spool(tmp_path)):
        assert keys(reopened) == (["waits"], ["waits", "given-up"])
        assert reopened.add(page("k199")) is not None
        assert reopened.add(page("k0")) is not None
