"""The audit chain: every journal entry is hashed over the one before it, and checkpoints of the chain are signed.

An outsider with the public key, the last published checkpoint and the rows can check that no entry was edited,
reordered, cut off or rebuilt. Pure functions; who stores and publishes is elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from aiops.model.journal import JournalEntry, JournalRow
from aiops.model.prose import NOTHING, Prose

_FIELDS: Final = tuple(field.name for field in fields(JournalEntry))
GENESIS: Final = "0" * 64
"""What the first entry is hashed over."""


class AuditFault(StrEnum):
    """What is wrong with a chain."""

    EDITED = "edited"
    """An entry's content is not what was hashed."""
    REORDERED = "reordered"
    """Rows are not in the order in which they were chained."""
    GAP = "gap"
    """Rows are missing in the middle."""
    CUT = "cut"
    """The chain ends before the checkpoint, or does not begin at its beginning."""
    REBUILT = "rebuilt"
    """The chain is whole but is not the one that the checkpoint was signed over."""
    FORGED = "forged"
    """The checkpoint's signature is not of this key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement that entry ``number`` of ``domain`` had ``digest``."""

    domain: str
    number: int
    digest: str
    at: int
    signature: str = ""
    """Hex Ed25519 over the canonical JSON of the other fields."""


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What checking found; ``fault`` None: the chain is whole."""

    rows: int
    fault: AuditFault | None = None
    number: int | None = None
    """First bad row."""
    detail: Prose = NOTHING
    digest: str = ""
    """Of the last row, when the chain is whole."""


def canonical(entry: JournalEntry) -> bytes:
    """The bytes of an entry that are hashed: JSON with sorted keys, no spaces, UTF-8."""
    return json.dumps(
        {name: getattr(entry, name) for name in _FIELDS}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode("utf-8")


def link(previous: str, entry: JournalEntry, number: int, *, domain: str) -> str:
    """Hex SHA-256 of an entry over its place and the digest before it."""
    head = f"{domain}\n{number}\n{previous}\n".encode()
    return hashlib.sha256(head + canonical(entry)).hexdigest()


def chained(
    entries: Iterable[JournalEntry], domain: str, *, after: int = 0, previous: str = GENESIS
) -> list[JournalRow]:
    """Rows for new entries, going on from row ``after`` whose digest is ``previous``."""
    rows: list[JournalRow] = []
    for number, entry in enumerate(entries, start=after + 1):
        digest = link(previous, entry, number, domain=domain)
        rows.append(JournalRow(number, domain, entry, previous, digest))
        previous = digest
    return rows


def verify(
    rows: Iterable[JournalRow], checkpoints: Sequence[Checkpoint] = (), key: Ed25519PublicKey | None = None
) -> AuditVerdict:
    """Check one domain's rows, from the first on, in the order given; with checkpoints also that nothing was cut.

    Args:
        rows: of one domain; number 1 first.
        checkpoints: that were published, in any order; each must be on the chain.
        key: public key of the runtime; every checkpoint's signature is checked with it.
    """
    for checkpoint in checkpoints:
        if key is not None and not signed(checkpoint, key):
            return AuditVerdict(
                0, AuditFault.FORGED, checkpoint.number, Prose("the checkpoint's signature does not fit the key")
            )
    return _walk(rows, (0, GENESIS), checkpoints)


def follow(rows: Iterable[JournalRow], last: Checkpoint) -> AuditVerdict:
    """Check that the rows after a checkpoint go on from it; ``rows`` of the verdict is the number of the last one."""
    return _walk(rows, (last.number, last.digest), ())


def _walk(rows: Iterable[JournalRow], begin: tuple[int, str], checkpoints: Sequence[Checkpoint]) -> AuditVerdict:
    number, previous = begin
    stated: dict[int, set[str]] = {}
    for checkpoint in checkpoints:
        stated.setdefault(checkpoint.number, set()).add(checkpoint.digest)
    for row in rows:
        fault = _fault(row, number, previous)
        if fault is not None:
            return AuditVerdict(number, *fault)
        number, previous = row.number, row.digest
        if stated.get(number, {previous}) != {previous}:
            return AuditVerdict(number, AuditFault.REBUILT, number, Prose("another chain than the one that was signed"))
    newest = max(stated, default=0)
    if number < newest:
        return AuditVerdict(
            number, AuditFault.CUT, number + 1, Prose(f"ends at {number}, a checkpoint was made at {newest}")
        )
    return AuditVerdict(number, digest=previous)


def _fault(row: JournalRow, number: int, previous: str) -> tuple[AuditFault, int, Prose] | None:
    """What is wrong with ``row`` as the one after ``number``."""
    sound = row.digest == link(row.previous, row.entry, row.number, domain=row.domain)
    if row.number <= number:
        return AuditFault.REORDERED, row.number, Prose(f"row {row.number} comes after {number}")
    if row.number > number + 1:
        kind = AuditFault.CUT if number == 0 else AuditFault.GAP
        return kind, number + 1, Prose(f"row {row.number} comes after {number}")
    if not sound:
        return AuditFault.EDITED, row.number, Prose("its content is not what was hashed")
    if row.previous != previous:
        return AuditFault.EDITED, row.number, Prose("it was not chained to the row before it")
    return None


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> Checkpoint:
    """The checkpoint with its signature."""
    bare = Checkpoint(checkpoint.domain, checkpoint.number, checkpoint.digest, checkpoint.at)
    return Checkpoint(bare.domain, bare.number, bare.digest, bare.at, key.sign(_statement(bare)).hex())


def signed(checkpoint: Checkpoint, key: Ed25519PublicKey) -> bool:
    """Whether the signature is of this key over this statement."""
    try:
        key.verify(bytes.fromhex(checkpoint.signature), _statement(checkpoint))
    except (InvalidSignature, ValueError):
        return False
    return True


def _statement(checkpoint: Checkpoint) -> bytes:
    stated = [checkpoint.domain, checkpoint.number, checkpoint.digest, checkpoint.at]
    return json.dumps(["aiops-checkpoint-1", *stated], separators=(",", ":"), ensure_ascii=False).encode("utf-8")
