"""One read-only snapshot of the database for all of a verification, and queries asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg2 import sql

from services.runtime.postgres import Cursor, connect, transaction

# Of one kind; more of them say nothing new.
MOST_FAULTS = 100


@contextmanager
def snapshot(database_url: str) -> Iterator[Cursor]:
    """A transaction that sees the database as it is at its first query. Raises ``psycopg2.Error``."""
    connection = connect(database_url, application="giaingan-verify")
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        connection.set_client_encoding("UTF8")
        with transaction(connection) as cursor:
            cursor.execute(_SETTINGS)
            yield cursor
    finally:
        connection.close()


def rows(
    cursor: Cursor,
    query: str | sql.Composable,
    values: Sequence[Any] | Mapping[str, Any] | None = None,
    *,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """What a query finds, by name of column; at most ``limit`` rows."""
    cursor.execute(query, values)
    names = [column.name for column in cursor.description or ()]
    found = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
    return [
        {
            name: bytes(value) if isinstance(value, memoryview) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in found
    ]


# It may take as long as it takes, on as many processors as the server gives it.
_SETTINGS = """
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL work_mem = '128MB';
SET LOCAL jit = off;
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL max_parallel_workers_per_gather = 4;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL search_path = pg_catalog
"""
