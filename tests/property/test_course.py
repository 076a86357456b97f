"""In any order: a course ends where the lines stand, today and as known at an instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings

from services.aggregation import province_books
from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.aggregation.apply_events import ApplyEvents
from services.aggregation.subject_progress import Evaluation, of_province
from services.contracts import codec, topics
from services.domain.disbursement import Series
from services.domain.progress import Progress
from services.runtime.batch_commit import Batch, ReceivedRecord
from services.runtime.postgres import Connection, connect, migrate, transaction
from tests.property.histories import histories
from tests.support.aggregation import RECORDED_AT
from tests.support.alerting import FUND_SOURCES

COUNTED = [
    Series.TREASURY_VOUCHERS,
    Series.TREASURY_STATEMENTS,
    Series.OWNER_VOUCHERS,
    Series.OWNER_STATEMENTS,
]
OFFSETS = count()


@pytest.fixture
def books(database_url: str) -> Iterator[Connection]:
    migrate(database_url, schema=SCHEMA, folders=MIGRATIONS)
    connection = connect(database_url, application="test")
    yield connection
    connection.close()


def apply(connection: Connection, stated: list[codec.Fact]) -> datetime:
    """Each topic's facts in a transaction of their own; returns the server's clock after them."""
    for topic in (topics.PLAN, topics.DISBURSEMENT):
        records = tuple(
            ReceivedRecord(next(OFFSETS), b"k", codec.encode_batch([fact], recorded_at=RECORDED_AT))
            for fact in stated
            if isinstance(fact, codec.PlanFact) is (topic == topics.PLAN)
        )
        if records:
            with transaction(connection) as cursor:
                ApplyEvents(FUND_SOURCES).apply(cursor, Batch(topic, "log", 0, records))
    with transaction(connection) as cursor:
        cursor.execute("SELECT clock_timestamp()")
        ((now,),) = cursor.fetchall()
    return now  # type: ignore[no-any-return]


def told(connection: Connection, day: date, year: int, known_at: datetime | None = None) -> list[Progress]:
    with transaction(connection) as cursor:
        found = province_books.read(
            cursor, province="96", budget_year=year, as_of=day, series=COUNTED, known_at=known_at
        )
    return of_province(Evaluation("96", year, day, day, day, 0, 0), found, FUND_SOURCES)


def require_level(subjects: list[Progress]) -> None:
    for each in subjects:
        end = each.course.on(each.as_of, each.budget_year)
        assert (end.disbursed, end.plan) == (each.disbursed, each.current_plan)
        assert end.work_certified == sum(line.work_certified for line in each.lines)
        assert end.advance_outstanding == sum(line.advance_outstanding for line in each.lines)
        assert list(each.course.days) == sorted(set(each.course.days))
    by_kind: dict[str, int] = {}
    for each in subjects:
        by_kind[each.subject.type] = by_kind.get(each.subject.type, 0) + each.disbursed
    for kind in ("project", "owner", "fund_source"):
        assert by_kind.get(kind, 0) == by_kind["province"]


@given(history=histories())
@settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
)
def test_a_course_ends_where_the_lines_stand_now_and_as_known_then(
    books: Connection, history: tuple[int, list[list[codec.Fact]]]
) -> None:
    year, batches = history
    days = [date(year, 6, 30), date(year, 12, 31)]
    then: list[tuple[datetime, list[list[Progress]]]] = []
    for batch in batches:
        instant = apply(books, batch)
        then.append((instant, [told(books, day, year) for day in days]))
        for subjects in then[-1][1]:
            require_level(subjects)
    for instant, answers in then:
        assert [told(books, day, year, instant) for day in days] == answers
