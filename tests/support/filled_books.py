"""Books with a row of every kind in every table, and what a superuser may do to them."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg2 import sql

from services.domain.disbursement import (
    CompletedWorkLine,
    FigureStatus,
    MovementKind,
    RecoveryBooking,
    Reporter,
)
from services.domain.money import Money
from services.domain.plan import BaselineKind
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.verify.faults import Verdict
from services.verify.verification import Asked, verify
from tests.support import facts
from tests.support.applied import Books
from tests.support.logins import execute

TABLES = (
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
# Blocks, in the order in which they are added.
BLOCKS = 9
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
    # A name in decomposed letters; every booking and reporter.
    recovered = {"kind": MovementKind.ADVANCE_RECOVERY, "recovery_booking": RecoveryBooking.NET}
    books.add(
        facts.movement("5", 9, project_code="Ca\u0300 Mau", reporter=Reporter.OWNER),
        facts.movement("6", 8, **recovered),
        facts.movement("7", 8, **recovered, reporter=Reporter.OWNER),
        partition=3,
    )
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


def take_guards_away(database_url: str) -> None:
    """What keeps even a superuser from slips is what one who means it takes away first."""
    for (statement,) in execute(database_url, _TAKE_GUARDS_AWAY):
        execute(database_url, str(statement))


def verdict_of(books: Books, **asked: Any) -> Verdict:
    """The verdict, without a log."""
    return verify(Asked(books.database_url, **asked)).verdict


def codes(verdict: Verdict) -> set[str]:
    """What kinds of fault were found."""
    return {fault.code for fault in verdict.faults}


def run(books: Books, statement: str, *values: object, table: str, **names: str) -> list[tuple[Any, ...]]:
    """A statement on a table of the books, as a superuser."""
    named = {name: sql.Identifier(value) for name, value in names.items() if name != "kind"}
    kind = sql.SQL(names.get("kind", "text"))
    composed = sql.SQL(statement).format(table=sql.Identifier("aggregation", table), kind=kind, **named)
    return execute(books.database_url, composed, *values)


_TAKE_GUARDS_AWAY = """
SELECT format('ALTER TABLE %s DISABLE TRIGGER append_only', tgrelid::regclass)
  FROM pg_trigger WHERE tgname = 'append_only' AND tgrelid::regclass::text LIKE 'aggregation.%'
 UNION ALL
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
  FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text LIKE 'aggregation.%'
 UNION ALL
SELECT format('ALTER TABLE %s ALTER COLUMN %I SET GENERATED BY DEFAULT', attrelid::regclass, attname)
  FROM pg_attribute WHERE attidentity <> '' AND attrelid::regclass::text LIKE 'aggregation.%'
"""
