"""The PostgreSQL that other tests stand on is a real one that keeps what it says."""

from __future__ import annotations

from sqlalchemy import create_engine, text


def test_postgresql_is_real_and_durable(postgres: str) -> None:
    """The fixture's server answers through SQLAlchemy and writes to disk before it says so."""
    engine = create_engine(postgres)
    with engine.connect() as connection:
        assert connection.execute(text("show fsync")).scalar_one() == "on"
        assert "PostgreSQL" in connection.execute(text("select version()")).scalar_one()
    engine.dispose()
