"""After the second of two contradicting facts took the place of the first, the totals of every day are those
of the second alone: in the real books, through the same code that applies the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.aggregation import replacing
from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.aggregation.apply_events import ApplyEvents
from services.contracts import codec, topics
from services.domain.disbursement import Movement, MovementKind, RecoveryBooking, Reporter, StatementLine
from services.domain.money import Money
from services.runtime.batch_commit import Batch, ReceivedRecord
from services.runtime.postgres import Connection, Cursor, connect, migrate
from tests.support import facts
from tests.support.aggregation import RECORDED_AT
from tests.support.alerting import FUND_SOURCES

_SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Totals = list[tuple[object, ...]]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    migrate(database_url, schema=SCHEMA, folders=MIGRATIONS)
    opened = connect(database_url, application="test")
    yield opened
    opened.close()


def apply(cursor: Cursor, *stated: codec.Fact) -> None:
    """Each fact as a record of its own, in one batch."""
    records = tuple(
        ReceivedRecord(offset, b"P1", codec.encode_batch([fact], recorded_at=RECORDED_AT))
        for offset, fact in enumerate(stated)
    )
    ApplyEvents(FUND_SOURCES).apply(cursor, Batch(topics.DISBURSEMENT, "log", 0, records))


def totals(cursor: Cursor) -> Totals:
    """What every line and series holds on each day, where it is not nothing."""
    cursor.execute("""
        SELECT project_code, fund_source, budget_year, series, value_date::text,
               sum(disbursed), sum(work_certified), sum(advance_outstanding)
          FROM aggregation.balance GROUP BY 1, 2, 3, 4, 5
        HAVING sum(disbursed) <> 0 OR sum(work_certified) <> 0 OR sum(advance_outstanding) <> 0
         ORDER BY 1, 2, 3, 4, 5
    """)
    return cursor.fetchall()


def held(cursor: Cursor) -> int:
    cursor.execute("SELECT count(*) FROM aggregation.quarantine WHERE state = 'held'")
    row = cursor.fetchone()
    assert row
    count: int = row[0]
    return count


def assert_replaced(
    connection: Connection, before: list[Movement], first: codec.Fact, second: codec.Fact
) -> None:
    """The books with the first and its replacement are those with the second alone."""
    with connection.cursor() as cursor:
        apply(cursor, *before, second)
        expected = totals(cursor)
        assert held(cursor) == 0
        connection.rollback()
        apply(cursor, *before, first)
        apply(cursor, second)
        published = replacing.replacement(cursor, first=first, second=second)
        apply(cursor, *published)
        assert totals(cursor) == expected
        # A retry publishes the same again.
        apply(cursor, *published)
        assert totals(cursor) == expected
        assert held(cursor) == 0
        connection.rollback()


def days() -> st.SearchStrategy[date]:
    return st.dates(date(2022, 1, 1), date(2022, 7, 31))


def movements(ref: str) -> st.SearchStrategy[Movement]:
    ordinary = [kind for kind in MovementKind if kind is not MovementKind.REVERSAL]
    return st.builds(
        lambda kind, amount, day, booking, reporter, fund: facts.movement(
            ref,
            amount,
            day.isoformat(),
            kind=kind,
            recovery_booking=booking,
            reporter=reporter,
            fund_source=fund,
        ),
        st.sampled_from(ordinary),
        st.integers(1, 10**12),
        days(),
        st.sampled_from(RecoveryBooking),
        st.sampled_from(Reporter),
        st.sampled_from(["central.sector", "local.land_use"]),
    )


def statements() -> st.SearchStrategy[StatementLine]:
    return st.builds(
        lambda amount, day: facts.statement(amount, day.isoformat()), st.integers(0, 10**12), days()
    )


@given(first=movements("1"), second=movements("1"))
@_SLOW
def test_a_movement_gives_way_to_another(connection: Connection, first: Movement, second: Movement) -> None:
    if first.content_hash != second.content_hash:
        assert_replaced(connection, [], first, second)


@given(paid=movements("paid"), other=movements("other"), dates=st.tuples(days(), days()), both=st.booleans())
@_SLOW
def test_a_reversal_gives_way_to_another(
    connection: Connection, paid: Movement, other: Movement, dates: tuple[date, date], *, both: bool
) -> None:
    first = replace(facts.reversal("r", paid), value_date=dates[0])
    second = replace(facts.reversal("r", paid if both else other), value_date=dates[1])
    if first.content_hash != second.content_hash:
        assert_replaced(connection, [paid, other], first, second)


@given(paid=movements("paid"), plain=movements("r"), day=days(), reversal_first=st.booleans())
@_SLOW
def test_a_reversal_and_a_payment_give_way_to_each_other(
    connection: Connection, paid: Movement, plain: Movement, day: date, reversal_first: bool
) -> None:
    taken_back = replace(facts.reversal("r", paid), value_date=day)
    first, second = (taken_back, plain) if reversal_first else (plain, taken_back)
    assert_replaced(connection, [paid], first, second)


@given(first=statements(), amount=st.integers(0, 10**12), others=st.lists(movements("v"), max_size=1))
@_SLOW
def test_a_statement_gives_way_to_another(
    connection: Connection, first: StatementLine, amount: int, others: list[Movement]
) -> None:
    second = replace(first, cumulative=Money(amount))
    if first.content_hash != second.content_hash:
        assert_replaced(connection, others, first, second)


def test_a_second_reversal_that_cannot_be_booked_is_refused(connection: Connection) -> None:
    paid, other = facts.movement("paid", 300), facts.movement("other", 80)
    first = facts.reversal("r", paid)
    wrong = [
        replace(facts.reversal("r", other), amount=Money(70)),
        facts.reversal("r", facts.movement("nowhere", 5)),
    ]
    for second in wrong:
        with connection.cursor() as cursor:
            apply(cursor, paid, other, first)
            with pytest.raises(replacing.CannotReplaceError):
                replacing.replacement(cursor, first=first, second=second)
            connection.rollback()


def test_a_statement_of_another_line_does_not_take_the_place(connection: Connection) -> None:
    first = facts.statement(500, "2022-05-31")
    with connection.cursor() as cursor:
        apply(cursor, first)
        for second in (
            replace(first, as_of=date(2022, 4, 30)),
            facts.movement(first.source_ref, 5),
        ):
            with pytest.raises(replacing.CannotReplaceError):
                replacing.replacement(cursor, first=first, second=second)


def test_a_later_revision_is_not_overtaken(connection: Connection) -> None:
    first = facts.statement(500, "2022-05-31")
    with connection.cursor() as cursor:
        apply(cursor, first)
        second = replace(first, cumulative=Money(50))
        (corrected,) = replacing.replacement(cursor, first=first, second=second)
        assert isinstance(corrected, StatementLine)
        apply(cursor, replace(corrected, cumulative=Money(70)))
        with pytest.raises(replacing.CannotReplaceError, match="Revision 1"):
            replacing.replacement(cursor, first=first, second=second)
