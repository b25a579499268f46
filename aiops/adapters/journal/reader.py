"""Reading side of the journal, for commands, pages and auditors."""

from __future__ import annotations

from sqlalchemy import Engine, literal, select

from aiops.adapters.journal.engine import reading, translated
from aiops.adapters.journal.tables import ARCHIVE, DOCUMENT, ENTRY, SafeText, short, start_of
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.journal import JournalEntry, JournalRow


class SqlJournalReader:
    """``JournalReader`` over the same database. It never writes and never waits for the writer."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)

    def documents(self, kind: str, domain: str = MAIN_DOMAIN) -> dict[str, str]:
        """Open documents of a kind, key to JSON."""
        query = select(DOCUMENT.c.key, DOCUMENT.c.long, DOCUMENT.c.body).where(
            DOCUMENT.c.domain == domain, DOCUMENT.c.kind == kind
        )
        with translated("read documents"), self._reading.connect() as connection:
            return {row.long or row.key: row.body for row in connection.execute(query.order_by(DOCUMENT.c.key))}

    def document(self, kind: str, key: str, domain: str = MAIN_DOMAIN) -> str | None:
        """One document, open or archived."""
        with translated("read a document"), self._reading.connect() as connection:
            for table in (DOCUMENT, ARCHIVE):
                place = (table.c.domain == domain, table.c.kind == kind, table.c.key == short(key))
                body = connection.execute(select(table.c.body).where(*place)).scalar_one_or_none()
                if body is not None:
                    return str(body)
        return None

    def archived(self, kind: str, limit: int = 100, domain: str = MAIN_DOMAIN) -> dict[str, str]:
        """The newest archived documents of a kind, newest first."""
        query = select(ARCHIVE).where(ARCHIVE.c.domain == domain, ARCHIVE.c.kind == kind)
        with translated("read the archive"), self._reading.connect() as connection:
            rows = connection.execute(query.order_by(ARCHIVE.c.number.desc()).limit(limit))
            return {row.long or row.key: row.body for row in rows}

    def rows(
        self, after: int = 0, limit: int = 1000, subject: str | None = None, *, domain: str = MAIN_DOMAIN
    ) -> list[JournalRow]:
        """Entries with a higher number, in order; only of the work item ``subject`` if given."""
        query = select(ENTRY).where(ENTRY.c.domain == domain, ENTRY.c.number > after)
        if subject is not None:
            query = query.where(
                start_of(ENTRY.c.subject) == start_of(literal(subject, SafeText)), ENTRY.c.subject == subject
            )
        with translated("read the journal"), self._reading.connect() as connection:
            return [
                JournalRow(
                    number=row.number,
                    domain=row.domain,
                    entry=JournalEntry(
                        row.event_id, row.at, row.kind, row.subject, row.cause, row.event, row.consequences
                    ),
                    previous=row.previous,
                    digest=row.digest,
                )
                for row in connection.execute(query.order_by(ENTRY.c.number).limit(limit))
            ]
