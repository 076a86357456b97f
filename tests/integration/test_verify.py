"""`giaingan verify`: whatever a superuser edits, deletes or adds is found, and the block is named."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extras import Json

from deploy.embedded import servers
from services.domain.disbursement import CompletedWorkLine, FigureStatus, MovementKind, Reporter
from services.domain.money import Money
from services.domain.plan import BaselineKind
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.runtime import roles
from services.verify import row_digests
from services.verify.faults import BlockPlace, Verdict
from services.verify.snapshot import snapshot
from services.verify.verification import Asked, verify
from tests.support import facts
from tests.support.applied import Books
from tests.support.logins import execute, login_of

ADVANCE = facts.movement("1", 300, kind=MovementKind.ADVANCE)
PAYMENT = facts.movement("2", 70)
LATE = facts.movement("late", 55)


def fill(books: Books) -> None:
    """A row of every kind in every table of the books, in several blocks of three partitions."""
    books.add(facts.plan(1_000), facts.curve(BaselineKind.TARGET, "96", {"2022-06-30": 40}))
    books.add(
        ProjectRegistration(
            source="test",
            source_ref="du-an/P1",
            project_code="P1",
            project_name="Dự án P1",
            province_code="96",
            owner_code="O1",
            project_group="B",
            district="Cái Nước",
            sector="Giao thông",
            starts_on=date(2021, 1, 1),
            closed_on=date(2023, 12, 31),
            total_investment=Money(5_000),
            effective_date=date(2022, 1, 1),
        ),
        OwnerRegistration(
            source="test",
            source_ref="don-vi/O1",
            province_code="96",
            owner_code="O1",
            owner_name="Ban QLDA",
            head_name="Ông A",
            head_post="Giám đốc",
            supervisor_name="Bà B",
            effective_date=date(2022, 1, 1),
        ),
        OfficerAssignment(
            source="test",
            source_ref="can-bo/P1",
            province_code="96",
            owner_code="O1",
            project_code="P1",
            officer_name="Ông C",
            officer_post="Chuyên viên",
            officer_email="c@example.vn",
            effective_date=date(2022, 1, 1),
        ),
    )
    books.add(ADVANCE, PAYMENT, facts.movement("3", 30, kind=MovementKind.ADVANCE_RECOVERY))
    # A reversal that waits, in another partition than its movement.
    books.add(facts.reversal("late-reversed", LATE), b"\xffjunk", partition=1)
    books.add(LATE, partition=2)
    books.add(facts.reversal("4", PAYMENT), facts.movement("1", 301, kind=MovementKind.ADVANCE))
    books.add(
        facts.statement(410, "2022-05-31", reporter=Reporter.OWNER),
        facts.statement(450, "2022-06-30", reporter=Reporter.OWNER, status=FigureStatus.ESTIMATE),
    )
    books.add(
        facts.statement(300, "2022-04-30", reporter=Reporter.OWNER),
        CompletedWorkLine(
            source="test",
            source_ref="khoi-luong/P1",
            project_code="P1",
            budget_year=2022,
            cumulative=Money(420),
            as_of=date(2022, 5, 31),
        ),
    )


@pytest.fixture(scope="module")
def filled(postgres_server: str) -> str:
    """The name of a database that is copied for each test."""
    url = servers.create_database(postgres_server, "verify_template")
    roles.migrate_all(url)
    fill(Books(url))
    # What keeps even a superuser from slips is what one who means it takes away first.
    for (statement,) in execute(url, _TAKE_GUARDS_AWAY):
        execute(url, str(statement))
    return "verify_template"


@pytest.fixture
def books(postgres_server: str, filled: str) -> Books:
    execute_alone(postgres_server, "DROP DATABASE IF EXISTS verify_copy WITH (FORCE)")
    execute_alone(postgres_server, f"CREATE DATABASE verify_copy TEMPLATE {filled}")
    return Books(postgres_server.replace("/postgres?", "/verify_copy?", 1))


def execute_alone(url: str, statement: str) -> None:
    """Outside a transaction."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def verdict_of(books: Books, **asked: Any) -> Verdict:
    return verify(Asked(books.database_url, **asked)).verdict


def codes(verdict: Verdict) -> list[str]:
    return [fault.code for fault in verdict.faults]


# --- books that are right ----------------------------------------------------------------------------


def test_books_that_are_right_have_no_fault_and_an_auditor_can_say_so(books: Books) -> None:
    # A copy has no grants on the database itself.
    roles.migrate_all(books.database_url)
    auditor = login_of(books.database_url, roles.AUDITOR)
    verdict = verify(Asked(auditor)).verdict
    assert verdict.faults == []
    assert verdict.counted["blocks"] == 8
    assert verdict.counted["rows"] == sum(len(run(books, _ALL, table=table)) for table in _BOOKS)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(auditor, "UPDATE aggregation.ledger SET amount = 1")


def test_every_table_of_the_books_holds_a_row_here(books: Books) -> None:
    for table in _BOOKS:
        assert run(books, _ALL, table=table), table


# --- edited ------------------------------------------------------------------------------------------


def test_an_edit_of_any_column_of_any_row_names_its_block(books: Books) -> None:
    edited = 0
    for table in _BOOKS:
        for name, kind in execute(books.database_url, _COLUMNS, table):
            names = {"table": table, "column": str(name), "kind": str(kind)}
            ((place, block_no, before),) = run(books, _FIRST, **names)
            ((edited_place,),) = run(books, _EDIT.replace("CHANGED", _CHANGED[str(kind)]), place, **names)
            found, rows = altered_rows(books)
            assert found, names
            assert found[0].block_no == block_no, names
            assert any(row["book"] == table for row in rows) or name == "block_no", names
            run(books, _RESTORE, _plain(before), edited_place, **names)
            edited += 1
    assert verdict_of(books).faults == []
    assert edited > 150


def altered_rows(books: Books) -> tuple[list[BlockPlace], list[dict[str, Any]]]:
    """The blocks whose rows are not those that they added, and the rows of the first."""
    with snapshot(books.database_url) as cursor:
        bad = [fault.block for fault in row_digests.faults(cursor) if fault.block]
        return bad, row_digests.rows_of(cursor, bad[0]) if bad else []


def run(books: Books, statement: str, *values: object, table: str, **names: str) -> list[tuple[Any, ...]]:
    """A statement on a table of the books, as a superuser."""
    named = {name: sql.Identifier(value) for name, value in names.items() if name != "kind"}
    kind = sql.SQL(names.get("kind", "text"))
    composed = sql.SQL(statement).format(table=sql.Identifier("aggregation", table), kind=kind, **named)
    return execute(books.database_url, composed, *values)


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict):
        return Json(value)
    return value


_BOOKS = (
    "ledger",
    "statement_line",
    "completed_work_line",
    "plan_revision",
    "baseline_schedule",
    "project_registration",
    "owner_registration",
    "officer_assignment",
    "conflict",
)
_ALL = "SELECT 1 FROM {table}"
_FIRST = "SELECT ctid::text, block_no, {column} FROM {table} ORDER BY block_no, event_id LIMIT 1"
_EDIT = "UPDATE {table} SET {column} = CHANGED WHERE ctid = %s::tid RETURNING ctid::text"
_RESTORE = "UPDATE {table} SET {column} = %s::{kind} WHERE ctid = %s::tid"
_CHANGED = {
    "bigint": "coalesce({column}, 0) + 1000",
    "integer": "{column} + 1",
    "text": "{column} || ' '",
    "bytea": "{column} || '\\x00'",
    "uuid": "gen_random_uuid()",
    "date": "{column} + 1",
    "timestamp with time zone": "{column} + interval '1 microsecond'",
    "jsonb": "'[]'",
}
_COLUMNS = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
 WHERE attrelid = ('aggregation.' || %s)::regclass AND attnum > 0 AND NOT attisdropped
 ORDER BY attnum
"""
_TAKE_GUARDS_AWAY = """
SELECT format('ALTER TABLE %s DISABLE TRIGGER append_only', tgrelid::regclass)
  FROM pg_trigger WHERE tgname = 'append_only' AND tgrelid::regclass::text LIKE 'aggregation.%'
 UNION ALL
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
  FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text LIKE 'aggregation.%'
 UNION ALL
SELECT format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', attrelid::regclass, attname)
  FROM pg_attribute WHERE attidentity <> '' AND attrelid::regclass::text LIKE 'aggregation.%'
"""
