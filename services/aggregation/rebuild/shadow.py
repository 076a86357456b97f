"""The schema in which the books are made again, and the session that writes to it.

Every statement of aggregation names its schema. The shadow's session writes another name there, so that the
migrations and the code that applies events are the very same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from psycopg2 import sql

from services.aggregation.rebuild.outcome import RebuildError
from services.aggregation.rebuild.session import LIVE, SHADOW, open_session, owner_of
from services.runtime.postgres import Connection, Cursor, migrate, read_queries, transaction

_QUERIES = read_queries(Path(__file__).parents[1] / "sql" / "rebuild")
_LIVE_NAME = re.compile(rf"\b{LIVE}\.")


def in_shadow(statement: str) -> str:
    """The statement with the shadow's name where the live schema's stood."""
    return _LIVE_NAME.sub(f"{SHADOW}.", statement)


class ShadowCursor(Cursor):
    """A cursor whose statements mean the shadow. Values are apart from statements and are never touched."""

    def execute(self, query: str | bytes | sql.Composable, vars: Any = None) -> None:  # noqa: A002 - psycopg2's
        """As psycopg2's."""
        super().execute(in_shadow(self._text(query)), vars)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        """As psycopg2's."""
        super().copy_expert(in_shadow(self._text(sql)), file, size)

    def _text(self, query: str | bytes | sql.Composable) -> str:
        if isinstance(query, sql.Composable):
            return query.as_string(self)
        return query.decode() if isinstance(query, bytes) else query


def create(database_url: str, connection: Connection, folders: Iterable[Path]) -> None:
    """Make the shadow anew by the migrations, with a clock that can be set and the ids of the live rows.

    ``connection`` is no shadow's. Raises ``RebuildError`` and ``psycopg2.Error``.
    """
    drop(connection, SHADOW)
    with transaction(connection) as cursor:
        owner = owner_of(cursor, LIVE)
    migrate(database_url, schema=SHADOW, folders=folders, owner=owner, cursor_factory=ShadowCursor)
    with transaction(connection) as cursor:
        cursor.execute(_QUERIES["replay_clock"])
        for table, column in _defaulting_to(cursor, "now()"):
            cursor.execute(
                _set_default(SHADOW, table, column, sql.SQL("{}.now()").format(sql.Identifier(SHADOW)))
            )
        cursor.execute(_QUERIES["carry_ids"])


def detach(cursor: Cursor) -> None:
    """Take away what only a shadow has: its clock, and the triggers that look ids up."""
    for table, column in _defaulting_to(cursor, f"{SHADOW}.now()"):
        cursor.execute(_set_default(SHADOW, table, column, sql.SQL("pg_catalog.now()")))
    cursor.execute(_QUERIES["detach"])


def open_shadow(database_url: str) -> Connection:
    """A session whose statements mean the shadow, and in which ``now()`` is the shadow's.

    Its commits are not waited for: a shadow that a crash cuts short is begun anew. Raises ``RebuildError``.
    """
    connection = open_session(database_url)
    with transaction(connection) as cursor:
        cursor.execute("SELECT has_database_privilege(current_database(), 'TEMPORARY'), current_user")
        ((may_stage, role),) = cursor.fetchall()
        if not may_stage:
            raise RebuildError(
                "database-not-prepared",
                f"{role} chưa được tạo bảng tạm; cho quản trị chạy giaingan migrate một lần / {role} may not "
                "make temporary tables: let an administrator run giaingan migrate once (docs/ROLES.md)",
            )
        cursor.execute(sql.SQL("SET search_path TO {}, pg_catalog").format(sql.Identifier(SHADOW)))
        cursor.execute("SET synchronous_commit = off")
    connection.cursor_factory = ShadowCursor
    return connection


def drop(connection: Connection, schema: str) -> None:
    """Drop a schema with all that is in it, where it is there."""
    with transaction(connection) as cursor:
        cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def _defaulting_to(cursor: Cursor, expression: str) -> list[tuple[str, str]]:
    cursor.execute(_QUERIES["columns_defaulting_to"], (SHADOW, expression))
    return [(table, column) for table, column in cursor.fetchall()]


def _set_default(schema: str, table: str, column: str, to: sql.Composable) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}").format(
        sql.Identifier(schema, table), sql.Identifier(column), to
    )
