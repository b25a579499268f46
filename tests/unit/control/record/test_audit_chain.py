"""The audit chain: what an outsider can tell from the rows, the public key and one checkpoint."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from aiops.control.record.audit_chain import GENESIS, AuditFault, Checkpoint, chained, follow, sign, verify
from aiops.model.journal import JournalEntry, JournalRow

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def entries(count: int = 6) -> list[JournalEntry]:
    """Entries with text of all kinds."""
    return [JournalEntry(f"e{n}", n, "tick", "INC-1", "", '{"ü":1}', "[]") for n in range(count)]


def rows() -> list[JournalRow]:
    """A whole chain, built in two commits."""
    first = chained(entries()[:2], "main")
    return first + chained(entries()[2:], "main", after=2, previous=first[-1].digest)


def checkpoint(at: int = 5, key: Ed25519PrivateKey = KEY) -> Checkpoint:
    """Signed over row ``at``."""
    return sign(Checkpoint("main", at, rows()[at - 1].digest, 99), key)


def test_a_whole_chain_is_whole() -> None:
    """Nothing is found where nothing was done, with more rows than the checkpoint knew."""
    verdict = verify(rows(), [checkpoint()], KEY.public_key())
    assert (verdict.fault, verdict.rows) == (None, 6)


def test_an_edited_entry_is_found() -> None:
    """One character is enough."""
    held = rows()
    held[2] = replace(held[2], entry=replace(held[2].entry, event="{}"))
    verdict = verify(held)
    assert (verdict.fault, verdict.number) == (AuditFault.EDITED, 3)


def test_an_entry_that_was_edited_and_hashed_again_is_found() -> None:
    """Its successor still names the old digest."""
    held = rows()
    forged = replace(held[2].entry, event="{}")
    held[2] = chained([forged], "main", after=2, previous=held[1].digest)[0]
    verdict = verify(held)
    assert (verdict.fault, verdict.number) == (AuditFault.EDITED, 4)


def test_a_chain_that_was_rebuilt_from_there_on_is_found() -> None:
    """It is whole, but not the one that was signed."""
    held = rows()
    forged = [replace(held[2].entry, event="{}"), *(r.entry for r in held[3:])]
    rebuilt = held[:2] + chained(forged, "main", after=2, previous=held[1].digest)
    assert verify(rebuilt).fault is None
    assert verify(rebuilt, [checkpoint()], KEY.public_key()).fault is AuditFault.REBUILT


def test_each_of_many_checkpoints_counts() -> None:
    """A rebuilt journal fits the newest, which was signed after it was rebuilt, and not the older one."""
    held = rows()
    rebuilt = held[:2] + chained([r.entry for r in held[3:]], "main", after=2, previous=held[1].digest)
    after = sign(Checkpoint("main", 5, rebuilt[4].digest, 100), KEY)
    verdict = verify(rebuilt, [after, checkpoint(4)], KEY.public_key())
    assert verify(rebuilt, [after], KEY.public_key()).fault is None
    assert (verdict.fault, verdict.number) == (AuditFault.REBUILT, 4)
    assert verify(held, [checkpoint(n) for n in (5, 1, 3)], KEY.public_key()).fault is None


def test_two_statements_about_one_entry_cannot_both_be_true() -> None:
    """Both are signed; one of them is of another chain."""
    twice = [checkpoint(5), sign(Checkpoint("main", 5, GENESIS, 98), KEY)]
    assert verify(rows(), twice, KEY.public_key()).fault is AuditFault.REBUILT


def test_who_signs_follows_the_chain_from_the_last_checkpoint() -> None:
    """What was appended is followed to its end; what was rebuilt or edited since is not signed."""
    held, last = rows(), checkpoint(3)
    assert follow(held[3:], last) == follow(iter(held[3:]), last)
    assert (follow(held[3:], last).fault, follow(held[3:], last).rows) == (None, 6)
    assert follow([], last).rows == 3
    rebuilt = chained([r.entry for r in held[1:]], "main")
    assert follow(rebuilt[3:], last).fault is AuditFault.EDITED
    assert follow(held[4:], last).fault is AuditFault.GAP


def test_a_missing_entry_is_found() -> None:
    """A gap in the middle."""
    held = rows()
    del held[2]
    verdict = verify(held)
    assert (verdict.fault, verdict.number) == (AuditFault.GAP, 3)


def test_a_cut_chain_is_found_by_the_checkpoint() -> None:
    """Rows at the end are gone: only what was published tells."""
    assert verify(rows()[:3]).fault is None
    verdict = verify(rows()[:3], [checkpoint()], KEY.public_key())
    assert (verdict.fault, verdict.number) == (AuditFault.CUT, 4)


def test_a_chain_without_its_beginning_is_found() -> None:
    """Row 1 must be there."""
    assert verify(rows()[2:]).fault is AuditFault.CUT


def test_reordered_rows_are_found() -> None:
    """Numbers must rise."""
    held = rows()
    held[2], held[3] = held[3], held[2]
    assert verify(held).fault is AuditFault.GAP
    held[3] = held[1]
    assert verify([held[0], held[1], held[1]]).fault is AuditFault.REORDERED


def test_a_forged_checkpoint_is_found() -> None:
    """Signed by another key, or changed after signing."""
    assert verify(rows(), [checkpoint(key=OTHER)], KEY.public_key()).fault is AuditFault.FORGED
    assert verify(rows(), [replace(checkpoint(), number=4)], KEY.public_key()).fault is AuditFault.FORGED
    assert verify(rows(), [replace(checkpoint(), signature="zz")], KEY.public_key()).fault is AuditFault.FORGED


def test_a_row_of_another_domain_does_not_fit() -> None:
    """The domain is hashed too."""
    held = rows()
    held[1] = replace(held[1], domain="other")
    assert verify(held).fault is AuditFault.EDITED


@given(st.integers(0, 5), st.sampled_from(["event_id", "kind", "subject", "cause", "event", "consequences"]), st.text())
def test_any_change_of_any_field_is_found(place: int, field: str, text: str) -> None:
    """Whatever is written where."""
    held = rows()
    changed = replace(held[place].entry, **{field: text})  # type: ignore[arg-type]
    if changed == held[place].entry:
        return
    held[place] = replace(held[place], entry=changed)
    assert verify(held).number == place + 1


def test_lone_surrogates_do_not_break_the_chain() -> None:
    """Text that is no Unicode raises rather than being hashed as something else."""
    with pytest.raises(UnicodeEncodeError):
        chained([replace(entries()[0], event="\ud800")], "main")
