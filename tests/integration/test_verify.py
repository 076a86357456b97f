"""`giaingan verify`: whatever a superuser edits, deletes or adds is found, and the block is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg2
import pytest

from deploy.embedded import servers
from services.domain.disbursement import CompletedWorkLine, FigureStatus, MovementKind, Reporter
from services.domain.money import Money
from services.domain.plan import BaselineKind
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.runtime import roles
from services.verify import row_digests
from services.verify.faults import Verdict
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
def books(postgres_server: str, filled: str) -> Iterator[Books]:
    execute_alone(postgres_server, "DROP DATABASE IF EXISTS verify_copy WITH (FORCE)")
    execute_alone(postgres_server, f"CREATE DATABASE verify_copy TEMPLATE {filled}")
    yield Books(postgres_server.replace("/postgres?", "/verify_copy?", 1))


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
    ((rows,),) = execute(
        books.database_url,
        "SELECT sum(n) FROM ("
        + " UNION ALL ".join(f"SELECT count(*) AS n FROM aggregation.{t}" for t in _BOOKS)
        + ") AS t",
    )
    assert verdict.counted["rows"] == rows
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(auditor, "UPDATE aggregation.ledger SET amount = 1")


def test_every_table_of_the_books_holds_a_row_here(books: Books) -> None:
    for table in _BOOKS:
        assert execute(books.database_url, f"SELECT 1 FROM aggregation.{table}"), table


# --- edited ------------------------------------------------------------------------------------------


def test_an_edit_of_any_column_of_any_row_names_its_block(books: Books) -> None:
    url = books.database_url
    edited = 0
    for table in _BOOKS:
        for name, kind in execute(url, _COLUMNS, table):
            ((key, block_no, before),) = execute(
                url,
                f'SELECT ctid::text, block_no, "{name}" FROM aggregation.{table} ORDER BY block_no, event_id LIMIT 1',
            )
            ((now,),) = execute(
                url,
                f'UPDATE aggregation.{table} SET "{name}" = {_CHANGED[str(kind)].format(name)}'
                " WHERE ctid = %s::tid RETURNING ctid::text",
                key,
            )
            verdict = verdict_of(books)
            assert verdict.first_bad_block is not None, f"{table}.{name}"
            assert verdict.first_bad_block.block_no == block_no, f"{table}.{name}"
            assert any(row["book"] == table for row in verdict.rows) or name == "block_no", f"{table}.{name}"
            execute(
                url,
                f'UPDATE aggregation.{table} SET "{name}" = %s::{kind} WHERE ctid = %s::tid',
                _plain(before),
                now,
            )
            edited += 1
    assert verdict_of(books).faults == []
    assert edited > 150


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict):
        return psycopg2.extras.Json(value)
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
_CHANGED = {
    "bigint": 'coalesce("{0}", 0) + 1000',
    "integer": '"{0}" + 1',
    "text": "\"{0}\" || ' '",
    "bytea": "\"{0}\" || '\\x00'",
    "uuid": "gen_random_uuid()",
    "date": '"{0}" + 1',
    "timestamp with time zone": "\"{0}\" + interval '1 microsecond'",
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
