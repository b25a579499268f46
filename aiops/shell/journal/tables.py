"""Tables of the journal. Every row carries its domain, so that tenants need no new keys.

``inbox`` and ``halt`` are the only tables that others than the holder of an epoch write.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

# SQLite gives rising numbers only to a plain INTEGER primary key.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

ENTRY = Table(
    "entry",
    METADATA,
    Column("domain", String(200), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("consequences", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    PrimaryKeyConstraint("domain", "number"),
    Index("entry_subject", "domain", "subject", "number"),
)

DOCUMENT = Table(
    "document",
    METADATA,
    Column("domain", String(200), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("key", String(500), nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("domain", "kind", "key"),
)

ARCHIVE = Table(
    "archive",
    METADATA,
    Column("domain", String(200), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("key", String(500), nullable=False),
    Column("body", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("domain", "kind", "key"),
    Index("archive_newest", "domain", "kind", "number"),
)

TIMER = Table(
    "timer",
    METADATA,
    Column("domain", String(200), nullable=False),
    Column("id", String(500), nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("name", String(200), nullable=False),
    Column("subject", Text, nullable=False),
    Column("context", BigInteger, nullable=False),
    PrimaryKeyConstraint("domain", "id"),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("domain", String(200), nullable=False),
    Column("key", String(500), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("place", Integer, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("domain", "key"),
)

POSITION = Table(
    "position",
    METADATA,
    Column("domain", String(200), nullable=False),
    Column("topic", String(249), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("next", BigInteger, nullable=False),
    PrimaryKeyConstraint("domain", "topic", "partition"),
)

INBOX = Table(
    "inbox",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("domain", String(200), nullable=False),
    Column("key", String(500), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("who", Text, nullable=False),
    UniqueConstraint("domain", "key"),
    Index("inbox_domain", "domain", "number"),
    sqlite_autoincrement=True,
)

HALT = Table(
    "halt",
    METADATA,
    Column("domain", String(200), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("halted", Boolean, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("domain", "generation"),
)

EPOCH = Table(
    "epoch",
    METADATA,
    Column("domain", String(200), nullable=False),
    Column("role", String(64), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("inbox", BigInteger, nullable=False, default=0),
    PrimaryKeyConstraint("domain", "role"),
)

ASSIGNMENT = Table(
    "assignment",
    METADATA,
    Column("domain", String(200), nullable=False),
    Column("slot", Integer, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("generation", BigInteger, nullable=False),
    PrimaryKeyConstraint("domain", "slot"),
)

RESERVATION = Table(
    "reservation",
    METADATA,
    Column("key", String(500), primary_key=True),
    Column("domain", String(200), nullable=False),
    Column("work_item", Text, nullable=False),
    Column("targets", Text, nullable=False),
    Column("shares", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("released", Boolean, nullable=False, default=False),
)

SPENT = Table(
    "spent",
    METADATA,
    Column("account", String(500), primary_key=True),
    Column("share", Float, nullable=False),
)
