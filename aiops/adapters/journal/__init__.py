"""The journal in a SQL database: SQLite in WAL mode on one node, PostgreSQL by URL.

Belongs here: tables, transactions, fencing, and the store of blast-radius reservations beside them. Does not belong
here: any decision; what is written comes from ``aiops.control``. ``sqlalchemy`` is imported nowhere else.
"""
