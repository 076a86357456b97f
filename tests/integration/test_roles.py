"""Least privilege in PostgreSQL: who may do what, compared with the catalogue and tried as each role."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from deploy.embedded import servers
from services.runtime import roles
from tests.support import grants
from tests.support.logins import execute, login_of, logins

LIMITED = (*roles.SERVICES, roles.AUDITOR)
EVERY_SCHEMA = ("access", "ingest", "aggregation", "alert")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database after `giaingan migrate`, and a login of each role."""

    admin: str
    of: dict[str, str]


@pytest.fixture(scope="module")
def prepared(postgres_server: str) -> Prepared:
    url = servers.create_database(postgres_server, f"roles_{uuid4().hex[:12]}")
    roles.migrate_all(url)
    return Prepared(url, logins(url))


# --- the matrix ------------------------------------------------------------------------------------

_TABLE_GRANTS = """
SELECT n.nspname || '.' || c.relname, r.rolname,
       has_table_privilege(r.oid, c.oid, 'SELECT'), has_table_privilege(r.oid, c.oid, 'INSERT'),
       has_table_privilege(r.oid, c.oid, 'UPDATE'), has_table_privilege(r.oid, c.oid, 'DELETE'),
       has_table_privilege(r.oid, c.oid, 'TRUNCATE') OR has_table_privilege(r.oid, c.oid, 'REFERENCES')
           OR has_table_privilege(r.oid, c.oid, 'TRIGGER')
           OR (current_setting('server_version_num')::int >= 170000
               AND has_table_privilege(r.oid, c.oid, 'MAINTAIN')),
       ARRAY(SELECT a.attname::text FROM pg_attribute AS a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT') ORDER BY 1),
       ARRAY(SELECT a.attname::text FROM pg_attribute AS a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND has_column_privilege(r.oid, c.oid, a.attnum, 'UPDATE') ORDER BY 1),
       ARRAY(SELECT a.attname::text FROM pg_attribute AS a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND has_column_privilege(r.oid, c.oid, a.attnum, 'INSERT') ORDER BY 1)
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, pg_roles AS r
 WHERE n.nspname = ANY(%s) AND c.relkind NOT IN ('i', 'I', 'S', 't', 'c') AND r.rolname = ANY(%s)
"""


def _granted(row: tuple[object, ...]) -> str:
    _, _, select, insert, update, delete, other, selected, updated, inserted = row
    assert isinstance(selected, list)
    assert isinstance(updated, list)
    held = [
        "S" if select else f"S({','.join(selected)})" if selected else "",
        "I" if insert else "I(some columns)" if inserted else "",
        "U" if update else f"U({','.join(updated)})" if updated else "",
        "D" if delete else "",
        "TRUNCATE, REFERENCES, TRIGGER or MAINTAIN" if other else "",
    ]
    return " ".join(one for one in held if one)


def _tables(url: str) -> dict[tuple[str, str], str]:
    rows = execute(url, _TABLE_GRANTS, list(EVERY_SCHEMA), list(LIMITED))
    return {(str(row[0]), str(row[1])): _granted(row) for row in rows}


def _matrix() -> dict[tuple[str, str], str]:
    return {(table, role): held.get(role, "") for table, held in grants.TABLES.items() for role in LIMITED}


def test_every_table_of_every_schema_is_granted_as_the_matrix_says(prepared: Prepared) -> None:
    assert _tables(prepared.admin) == _matrix()


def test_a_table_or_a_grant_without_a_line_in_the_matrix_is_seen(database_url: str) -> None:
    roles.migrate_all(database_url)
    execute(database_url, "SET ROLE giaingan_owner; CREATE TABLE aggregation.added (x int)")
    found = _tables(database_url)
    assert {table for table, _ in found.keys() - _matrix().keys()} == {"aggregation.added"}
    # And what is made later is granted to nobody.
    assert {found["aggregation.added", role] for role in LIMITED} == {""}
    execute(database_url, "GRANT UPDATE (amount) ON aggregation.ledger TO giaingan_alert")
    assert _tables(database_url)["aggregation.ledger", "giaingan_alert"] == "U(amount)"
    # Granted by hand, it is taken back by the next run.
    roles.migrate_all(database_url)
    assert _tables(database_url)["aggregation.ledger", "giaingan_alert"] == ""


def _holders(url: str, query: str) -> dict[str, set[str]]:
    held: dict[str, set[str]] = {}
    for name, role, may in execute(url, query, list(EVERY_SCHEMA), list(LIMITED)):
        held.setdefault(str(name), set()).update({str(role)} if may else set())
    return held


def test_sequences_functions_and_schemas_are_granted_as_the_matrix_says(prepared: Prepared) -> None:
    sequences = """
        SELECT n.nspname || '.' || c.relname, r.rolname, has_sequence_privilege(r.oid, c.oid, 'USAGE')
               OR has_sequence_privilege(r.oid, c.oid, 'UPDATE')
               OR has_sequence_privilege(r.oid, c.oid, 'SELECT')
          FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, pg_roles AS r
         WHERE n.nspname = ANY(%s) AND c.relkind = 'S' AND r.rolname = ANY(%s)"""
    assert _holders(prepared.admin, sequences) == grants.SEQUENCES
    routines = """
        SELECT n.nspname || '.' || p.proname, r.rolname, has_function_privilege(r.oid, p.oid, 'EXECUTE')
          FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace, pg_roles AS r
         WHERE n.nspname = ANY(%s) AND r.rolname = ANY(%s)"""
    assert _holders(prepared.admin, routines) == grants.ROUTINES
    usage = """
        SELECT n.nspname, r.rolname, has_schema_privilege(r.oid, n.oid, 'USAGE')
          FROM pg_namespace AS n, pg_roles AS r WHERE n.nspname = ANY(%s) AND r.rolname = ANY(%s)"""
    assert _holders(prepared.admin, usage) == grants.SCHEMAS
    create = """
        SELECT n.nspname, r.rolname, has_schema_privilege(r.oid, n.oid, 'CREATE')
          FROM pg_namespace AS n, pg_roles AS r WHERE n.nspname = ANY(%s) AND r.rolname = ANY(%s)"""
    assert set[str]().union(*_holders(prepared.admin, create).values()) == set()


def test_who_was_granted_nothing_may_not_even_connect(prepared: Prepared) -> None:
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        execute(login_of(prepared.admin, None), "SELECT 1")


def test_no_role_may_log_in_has_a_password_or_is_more_than_its_grants(prepared: Prepared) -> None:
    rows = execute(
        prepared.admin,
        "SELECT rolname FROM pg_authid WHERE rolname = ANY(%s) AND (rolcanlogin OR rolpassword IS NOT NULL"
        " OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)",
        list(roles.ALL),
    )
    assert rows == []
    everything = execute(
        prepared.admin,
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class AS c JOIN pg_namespace AS n"
        " ON n.oid = c.relnamespace WHERE nspname = ANY(%s)",
        list(EVERY_SCHEMA),
    )
    assert everything == [(roles.OWNER,)]


# --- tried as each role ------------------------------------------------------------------------------

_APPEND_ONLY = tuple(
    table
    for table, held in grants.TABLES.items()
    if not any(letter in right for right in held.values() for letter in ("U", "D"))
    and not table.endswith(("schema_migration", "plan_decision", "posting"))
)


def test_the_ledger_is_among_what_is_append_only() -> None:
    assert len(_APPEND_ONLY) >= 15
    assert {"aggregation.ledger", "access.audit", "alert.alert_change", "ingest.receipt"} <= set(_APPEND_ONLY)


@pytest.mark.parametrize("role", LIMITED)
def test_nobody_changes_what_is_append_only(prepared: Prepared, role: str) -> None:
    """Each attempt is refused for want of a privilege, before any trigger."""
    for table in (*_APPEND_ONLY, "access.token", "ingest.journal"):
        column = execute(
            prepared.admin,
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 2",
            table,
        )[0][0]
        for attempt in (
            f'UPDATE {table} SET "{column}" = "{column}"',  # noqa: S608
            f"DELETE FROM {table}",  # noqa: S608
            f"TRUNCATE {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} ADD COLUMN mine integer",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"ALTER TABLE {table} OWNER TO {role}",
            f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION now()",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                execute(prepared.of[role], attempt)


@pytest.mark.parametrize("role", LIMITED)
@pytest.mark.parametrize(
    "attempt",
    [
        "SET session_replication_role = replica",
        "SET ROLE giaingan_owner",
        "SET ROLE giaingan_migrator",
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine (x integer)",
        "CREATE TABLE aggregation.mine (x integer)",
        "CREATE OR REPLACE FUNCTION access.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "INSERT INTO access.token (token_id) VALUES (gen_random_uuid())",
        "INSERT INTO access.schema_migration (name, sha256) VALUES ('x', 'y')",
        "DROP SCHEMA aggregation CASCADE",
    ],
)
def test_nobody_gets_around_it(prepared: Prepared, role: str, attempt: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(prepared.of[role], attempt)


@pytest.mark.parametrize(
    ("role", "query"),
    [
        ("giaingan_ingest", "SELECT * FROM aggregation.ledger"),
        ("giaingan_ingest", "INSERT INTO alert.outbox (change_id) VALUES (gen_random_uuid())"),
        ("giaingan_aggregation", "SELECT * FROM ingest.journal"),
        ("giaingan_aggregation", "SELECT nextval('ingest.accepted_no')"),
        ("giaingan_alert", "SELECT * FROM aggregation.lines(2022, '2022-05-31', '96', '{}')"),
        ("giaingan_alert", "SELECT * FROM access.audit"),
    ],
)
def test_a_service_has_no_business_in_anothers_schema(prepared: Prepared, role: str, query: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(prepared.of[role], query)


def test_the_auditor_reads_the_books_and_no_secret(prepared: Prepared) -> None:
    auditor = prepared.of[roles.AUDITOR]
    assert execute(auditor, "SELECT count(*) FROM aggregation.ledger") == [(0,)]
    assert execute(auditor, "SELECT * FROM aggregation.lines(2022, '2022-05-31', '96', '{}')") == []
    assert execute(auditor, "SELECT name, scopes, unit, revoked_at FROM access.token") == []
    for secret in (
        "SELECT token_hash FROM access.token",
        "SELECT * FROM access.token",
        "SELECT response FROM ingest.idempotency_key",
        "SELECT fingerprint FROM ingest.idempotency_key",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(auditor, secret)


def test_the_migrator_becomes_the_owner_and_even_the_owner_changes_no_ledger(prepared: Prepared) -> None:
    migrator = prepared.of[roles.MIGRATOR]
    assert execute(migrator, "SET ROLE giaingan_owner; SELECT current_user") == [(roles.OWNER,)]
    for attempt in (
        "UPDATE aggregation.ledger SET amount = 0",
        "DELETE FROM aggregation.ledger",
        "TRUNCATE aggregation.ledger",
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation):
            execute(migrator, attempt)


def test_the_grants_of_each_schema_name_no_truncate_and_nothing_for_everybody() -> None:
    root = Path(roles.__file__).parents[1]
    files = sorted(root.rglob("grants.sql"))
    assert len(files) == len(EVERY_SCHEMA)
    for file in files:
        lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("--")]
        said = " ".join(lines).upper()
        assert "TRUNCATE" not in said
        assert "PUBLIC" not in said
        assert "ALL " not in said
