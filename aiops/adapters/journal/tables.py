"""Tables of the journal. Every row has its domain: tenants need no new keys.

Only ``inbox`` and ``halt`` are written by processes without an epoch.

External names may be hostile: longer than an index entry (PostgreSQL: 2,704 bytes), or with a NUL (PostgreSQL refuses
it). An indexed name is therefore stored as ``short(name)``, with the full name in ``long`` if they differ. Every text
column is ``SafeText``.
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
"""Longest name indexed unchanged, characters; at most 1,024 bytes."""
_ESCAPED = "\\json:"


class SafeText(TypeDecorator[str]):
    """Any Python text. Text that the database refuses (NUL, lone surrogates) is stored escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (the base's shape)
        """The stored form of a text."""
        return None if value is None else stored(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The original text of a stored form."""
        return None if value is None else given(value)


def stored(value: str) -> str:
    """The stored form of a text."""
    if _storable(value) and not value.startswith(_ESCAPED):
        return value
    return _ESCAPED + json.dumps(value)


def given(value: str) -> str:
    """The original text of a stored form."""
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
    """The indexed form of a name: the name, or its beginning and digest if it is long or cannot be stored unchanged.

    The second form is longer than every name that is indexed unchanged. Therefore no name equals another's second form.
    """
    if len(name) <= _INDEXED and _storable(name):
        return name
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    head = name[:_INDEXED].replace("\0", "?").encode(errors="replace").decode()
    return f"{head.ljust(_INDEXED)}#{digest}"


def long(name: str) -> str | None:
    """The full name to store with ``short(name)``; None: ``short(name)`` is the full name."""
    return None if len(name) <= _INDEXED and _storable(name) else name


METADATA = MetaData()

# SQLite generates increasing numbers only for a plain INTEGER primary key.
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
    """The indexed beginning of a subject. A query compares it in addition to the whole subject."""
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
