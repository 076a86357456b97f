"""The roles of the database, and `giaingan migrate`: roles, migrations and grants, in this order.

No role here has a password or may log in: an operator grants one of them to a login (docs/ROLES.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from services.runtime import logs, schemas
from services.runtime.errors import StopServiceError
from services.runtime.postgres import (
    Connection,
    Cursor,
    acquire_lock,
    connect,
    may_become,
    migrate,
    transaction,
)

OWNER = "giaingan_owner"
MIGRATOR = "giaingan_migrator"
SERVICES = ("giaingan_ingest", "giaingan_aggregation", "giaingan_alert")
AUDITOR = "giaingan_auditor"
ALL = (OWNER, MIGRATOR, *SERVICES, AUDITOR)

_DENY = Path(__file__).parent / "sql" / "roles" / "deny_by_default.sql"
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What `giaingan migrate` did."""

    roles_created: tuple[str, ...]
    # How many files, by schema.
    applied: dict[str, int]


def migrate_all(database_url: str, *, wait_seconds: float = 60) -> Done:
    """Create the roles that are missing, migrate every schema, grant anew. Harmless when run again; a second
    one waits for the first.

    Raises ``StopServiceError`` where the login may not do what is still to be done, or another one runs for
    longer than ``wait_seconds``, and ``psycopg2.Error``.
    """
    connection = connect(database_url, application="giaingan-migrate")
    try:
        acquire_lock(connection, "giaingan-migrate", what="the database", wait_seconds=wait_seconds)
        created = _create_roles(connection)
        with transaction(connection) as cursor:
            _prepare_database(cursor)
            _take_over(cursor)
        applied = {
            schema.name: migrate(
                database_url,
                schema=schema.name,
                folders=schema.folders,
                wait_seconds=wait_seconds,
                owner=OWNER,
            )
            for schema in schemas.ALL
        }
        # One transaction: services at work never see a moment without their grants.
        with transaction(connection) as cursor:
            apply_grants(cursor)
    finally:
        connection.close()
    return Done(created, applied)


def apply_grants(cursor: Cursor, *, of: Sequence[schemas.Schema] = schemas.ALL) -> None:
    """Take every grant in these schemas from the roles and grant anew, as the owner, who this transaction is
    from then on."""
    cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER)))
    deny = sql.SQL(_DENY.read_text(encoding="utf-8"))
    for schema in of:
        cursor.execute(deny.format(schema=sql.Identifier(schema.name)))
        cursor.execute(schema.grants.read_text(encoding="utf-8"))


def _create_roles(connection: Connection) -> tuple[str, ...]:
    """Create what is missing; returns the names. Roles are the cluster's, not the database's."""
    with transaction(connection) as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (list(ALL),))
        known = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        may_create = cursor.fetchone() == (True,)
    missing = tuple(role for role in ALL if role not in known)
    if missing and not may_create:
        raise StopServiceError(
            f"roles-missing: chưa có các vai trò {', '.join(missing)}; lần đầu hãy chạy giaingan migrate "
            f"bằng tài khoản quản trị / the roles {', '.join(missing)} do not exist: let an administrator "
            "run giaingan migrate once"
        )
    for role in missing:
        try:
            with transaction(connection) as cursor:
                cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
        except (psycopg2.errors.DuplicateObject, psycopg2.errors.UniqueViolation):
            # The command ran on another database of the cluster at this moment.
            continue
        _log.info("role created", role=role)
    with transaction(connection) as cursor:
        names = {"owner": sql.Identifier(OWNER), "migrator": sql.Identifier(MIGRATOR)}
        cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", (MIGRATOR, OWNER))
        if may_create and cursor.fetchone() != (True,):
            cursor.execute(sql.SQL("GRANT {owner} TO {migrator}").format(**names))
        if not may_become(cursor, OWNER):
            if not may_create:
                raise StopServiceError(
                    f"not-migrator: tài khoản này không thuộc {MIGRATOR} / this login is neither an "
                    f"administrator nor a member of {MIGRATOR}"
                )
            # An administrator that is no superuser may grant what it created, and is no member of it.
            cursor.execute(sql.SQL("GRANT {owner} TO CURRENT_USER").format(**names))
    return missing


def _prepare_database(cursor: Cursor) -> None:
    """Who may connect. Left as it is by a login to which the database does not belong."""
    cursor.execute(
        "SELECT datname, pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
    )
    ((database, is_ours),) = cursor.fetchall()
    if not is_ours:
        cursor.execute("SELECT has_database_privilege(%s, current_database(), 'CREATE')", (OWNER,))
        if cursor.fetchone() != (True,):
            raise StopServiceError(
                f"database-not-prepared: {OWNER} chưa được tạo lược đồ trong {database}; lần đầu hãy chạy "
                f"giaingan migrate bằng tài khoản quản trị / {OWNER} may not make schemas in {database}: let "
                "the database's owner or an administrator run giaingan migrate once"
            )
        return
    names = {
        "database": sql.Identifier(database),
        "owner": sql.Identifier(OWNER),
        "services": sql.SQL(", ").join(sql.Identifier(role) for role in SERVICES),
        "readers": sql.SQL(", ").join(sql.Identifier(role) for role in (MIGRATOR, AUDITOR)),
    }
    cursor.execute(sql.SQL(_DATABASE_GRANTS).format(**names))
    cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'public' AND pg_has_role(nspowner, 'USAGE')")
    if cursor.fetchone():
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def _take_over(cursor: Cursor) -> None:
    """What belongs to whoever ran the services before there were roles becomes the owner's."""
    cursor.execute(_NOT_THE_OWNERS, {"schemas": [schema.name for schema in schemas.ALL], "owner": OWNER})
    statements = [statement for (statement,) in cursor.fetchall()]
    try:
        for statement in statements:
            cursor.execute(statement)
    except psycopg2.errors.InsufficientPrivilege as error:
        raise StopServiceError(
            f"not-owner: có đối tượng chưa thuộc {OWNER}; hãy chạy giaingan migrate bằng tài khoản quản "
            f"trị / something does not belong to {OWNER} yet: let an administrator run giaingan migrate "
            f"({str(error).strip()})"
        ) from error
    if statements:
        _log.info("ownership taken over", objects=len(statements))


# Temporary tables are where a service stages what it writes, and the owner when it rebuilds the books.
_DATABASE_GRANTS = """
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {owner};
GRANT CONNECT ON DATABASE {database} TO {readers};
GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {services};
"""

# A sequence of a column and an index go with their table; schemas come first.
_NOT_THE_OWNERS = """
SELECT format('ALTER %%s %%s OWNER TO %%I', kind, name, %(owner)s)
  FROM (
    SELECT 1 AS place, 'SCHEMA' AS kind, quote_ident(nspname) AS name, nspname, nspowner AS owned_by
      FROM pg_namespace
     UNION ALL
    SELECT 2, CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
           format('%%I.%%I', n.nspname, c.relname), n.nspname, c.relowner
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'S')
       AND NOT EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND c.relkind = 'S'
                          AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
     UNION ALL
    SELECT 3, 'ROUTINE', p.oid::regprocedure::text, n.nspname, p.proowner
      FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
  ) AS found
 WHERE nspname = ANY(%(schemas)s) AND pg_get_userbyid(owned_by) <> %(owner)s
 ORDER BY place, name
"""
