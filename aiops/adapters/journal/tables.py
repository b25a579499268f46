"""Tables of the journal. Every row carries its domain, so that tenants need no new keys.

``inbox`` and ``halt`` are the only tables that others than the holder of an epoch write.

Names come from outside and may be hostile: longer than an index takes (PostgreSQL: 2,704 bytes) or with a NUL (which
PostgreSQL refuses). So an indexed name is stored as ``short(name)`` with the whole of it in ``long`` where they differ,
and every text column is ``SafeText``.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Function,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    text,
)

_INDEXED = 256
"""Longest name that is indexed as it is, characters: at most 1,024 bytes."""
_ESCAPED = "\\json:"


class SafeText(TypeDecorator[str]):
    """Any Python text: what the database cannot hold (NUL, lone surrogates) is stored escaped and read back whole."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (the base's shape)
        """Text as it is stored."""
        return None if value is None else stored(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Text as it was given."""
        return None if value is None else given(value)


def stored(value: str) -> str:
    """A text as the database holds it."""
    if _storable(value) and not value.startswith(_ESCAPED):
        return value
    return _ESCAPED + json.dumps(value)


def given(value: str) -> str:
    """A text as it was before ``stored``."""
    return str(json.loads(value[len(_ESCAPED) :])) if value.startswith(_ESCAPED) else value


def _storable(value: str) -> bool:
    if "\0" in value:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def short(name: str) -> str:
    """A name as it is indexed: itself, or its beginning and digest when it is long or cannot be stored as it is.

    The second is longer than any name that is indexed as it is, so nobody can choose a name that equals it.
    """
    if len(name) <= _INDEXED and _storable(name):
        return name
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    head = name[:_INDEXED].replace("\0", "?").encode(errors="replace").decode()
    return f"{head.ljust(_INDEXED)}#{digest}"


def long(name: str) -> str | None:
    """What must be stored beside ``short(name)``; None: nothing."""
    return None if len(name) <= _INDEXED and _storable(name) else name


METADATA = MetaData()

# SQLite gives rising numbers only to a plain INTEGER primary key.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

ENTRY = Table(
    "entry",
    METADATA,
    Column("domain", SafeText, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("event_id", SafeText, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", SafeText, nullable=False),
    Column("cause", SafeText, nullable=False),
    Column("event", SafeText, nullable=False),
    Column("consequences", SafeText, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    PrimaryKeyConstraint("domain", "number"),
)


def start_of(subject: ColumnElement[str]) -> Function[str]:
    """What of a subject is indexed; a query names it beside the whole subject."""
    return func.substr(subject, text("1"), text(str(_INDEXED)))


Index("entry_subject", ENTRY.c.domain, start_of(ENTRY.c.subject), ENTRY.c.number)

DOCUMENT = Table(
    "document",
    METADATA,
    Column("domain", SafeText, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("key", SafeText, nullable=False),
    Column("long", SafeText),
    Column("body", SafeText, nullable=False),
    PrimaryKeyConstraint("domain", "kind", "key"),
)

ARCHIVE = Table(
    "archive",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("domain", SafeText, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("key", SafeText, nullable=False),
    Column("long", SafeText),
    Column("body", SafeText, nullable=False),
    UniqueConstraint("domain", "kind", "key"),
    Index("archive_newest", "domain", "kind", "number"),
    sqlite_autoincrement=True,
)

TIMER = Table(
    "timer",
    METADATA,
    Column("domain", SafeText, nullable=False),
    Column("id", SafeText, nullable=False),
    Column("long", SafeText),
    Column("due", BigInteger, nullable=False),
    Column("name", SafeText, nullable=False),
    Column("subject", SafeText, nullable=False),
    Column("context", BigInteger, nullable=False),
    PrimaryKeyConstraint("domain", "id"),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("domain", SafeText, nullable=False),
    Column("key", SafeText, nullable=False),
    Column("body", SafeText, nullable=False),
    UniqueConstraint("domain", "key"),
    sqlite_autoincrement=True,
)

POSITION = Table(
    "position",
    METADATA,
    Column("domain", SafeText, nullable=False),
    Column("topic", SafeText, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("next", BigInteger, nullable=False),
    PrimaryKeyConstraint("domain", "topic", "partition"),
)

INBOX = Table(
    "inbox",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("domain", SafeText, nullable=False),
    Column("key", SafeText, nullable=False),
    Column("long", SafeText),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("body", SafeText, nullable=False),
    Column("who", SafeText, nullable=False),
    UniqueConstraint("domain", "key"),
    Index("inbox_domain", "domain", "number"),
    sqlite_autoincrement=True,
)

HALT = Table(
    "halt",
    METADATA,
    Column("domain", SafeText, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("halted", Boolean, nullable=False),
    Column("who", SafeText, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", SafeText, nullable=False),
    PrimaryKeyConstraint("domain", "generation"),
)

EPOCH = Table(
    "epoch",
    METADATA,
    Column("domain", SafeText, nullable=False),
    Column("role", String(64), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", SafeText, nullable=False),
    Column("inbox", BigInteger, nullable=False, default=0),
    PrimaryKeyConstraint("domain", "role"),
)

ASSIGNMENT = Table(
    "assignment",
    METADATA,
    Column("domain", SafeText, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("generation", BigInteger, nullable=False),
    PrimaryKeyConstraint("domain", "slot"),
)

RESERVATION = Table(
    "reservation",
    METADATA,
    Column("key", SafeText, primary_key=True),
    Column("long", SafeText),
    Column("domain", SafeText, nullable=False),
    Column("work_item", SafeText, nullable=False),
    Column("targets", SafeText, nullable=False),
    Column("shares", SafeText, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("reason", SafeText, nullable=False),
    Index("reservation_held", "domain", "held"),
    Index("reservation_epoch", "domain", "epoch"),
    Index("reservation_token", "token"),
)
