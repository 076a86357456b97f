"""The schemas of the database: what each is made of, and who brings it up to date.

Whoever starts a service with a role that may migrate need do nothing else. A service's own role may not: then
`giaingan migrate` has done it before (docs/ROLES.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from services.runtime.errors import StopServiceError
from services.runtime.postgres import (
    APPEND_ONLY,
    POSITIONS,
    Cursor,
    connect,
    migrate,
    missing_migrations,
    transaction,
)

_SERVICES = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: the folders of its migrations, and the file that says who may do what in it."""

    name: str
    folders: tuple[Path, ...]
    grants: Path


def _of_service(name: str) -> Schema:
    own = _SERVICES / name / "sql"
    return Schema(name, (APPEND_ONLY, POSITIONS, own / "schema"), own / "grants.sql")


_ACCESS = _SERVICES / "runtime" / "access" / "sql"
# In the order in which they are migrated. A service is not imported to know what its schema is made of.
ALL = (
    Schema("access", (APPEND_ONLY, _ACCESS / "schema"), _ACCESS / "grants.sql"),
    _of_service("ingest"),
    _of_service("aggregation"),
    _of_service("alert"),
)


class SchemaBehindError(StopServiceError):
    """A schema lacks what this version needs, and the role may not bring it up to date."""


def prepare(database_url: str, *, schema: str, folders: Iterable[Path]) -> int:
    """Migrate a schema where the role may, otherwise see that it is not behind; returns how many files were
    applied.

    A schema that knows more than this version is let through: a version runs on the schema of the next.
    Raises ``SchemaBehindError``, and ``StopServiceError`` where the role was granted nothing.
    """
    folders = tuple(folders)
    connection = connect(database_url, application=f"giaingan-prepare-{schema}")
    try:
        with transaction(connection) as cursor:
            cursor.execute(_MAY_MIGRATE, {"schema": schema})
            if cursor.fetchone() != (True,):
                _require_up_to_date(cursor, schema, folders)
                return 0
    finally:
        connection.close()
    return migrate(database_url, schema=schema, folders=folders)


def _require_up_to_date(cursor: Cursor, schema: str, folders: tuple[Path, ...]) -> None:
    cursor.execute("SELECT current_user")
    ((role,),) = cursor.fetchall()
    try:
        cursor.execute(sql.SQL("SELECT name, sha256 FROM {}.schema_migration").format(sql.Identifier(schema)))
        known = dict(cursor.fetchall())
    except psycopg2.errors.UndefinedTable:
        known = {}
    except psycopg2.errors.InsufficientPrivilege:
        raise StopServiceError(
            f"no-grants: vai trò {role} không được đọc lược đồ {schema}; chạy giaingan migrate, rồi cấp vai "
            f"trò của dịch vụ cho tài khoản này / the role {role} may not read the schema {schema}: run "
            "giaingan migrate, then grant the service's role to this login (docs/ROLES.md)"
        ) from None
    if lacking := missing_migrations(folders, schema=schema, known=known):
        names = ", ".join(lacking)
        raise SchemaBehindError(
            f"schema-behind: lược đồ {schema} còn thiếu {names}, và vai trò {role} không được cập nhật; chạy "
            f"giaingan migrate bằng tài khoản quản trị hoặc migrator / the schema {schema} lacks {names}, "
            f"and the role {role} may not bring it up to date: run giaingan migrate as an administrator or "
            "the migrator (docs/ROLES.md)"
        )


# As CREATE SCHEMA IF NOT EXISTS asks, which is where migrating begins.
_MAY_MIGRATE = """
SELECT has_database_privilege(current_database(), 'CREATE')
   AND NOT EXISTS (SELECT FROM pg_namespace
                    WHERE nspname = %(schema)s AND NOT has_schema_privilege(oid, 'CREATE'))
"""
