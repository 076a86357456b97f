"""The back-test's own reading of the books, day by day, is what aggregation itself says of that day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from services.aggregation import lines_store, plan_store, series_policy
from services.aggregation.apply_events import ApplyEvents
from services.backtest.history import History
from services.backtest.reading import Wanted, read
from services.contracts import codec, topics
from services.domain.plan import NATIONAL_SCOPE
from services.domain.progress import SubjectType
from services.runtime import roles
from services.runtime.batch_commit import Batch, ReceivedRecord
from services.runtime.clock import VIETNAM
from services.runtime.postgres import Connection, Cursor, connect, transaction
from tests.property.histories import histories
from tests.support.aggregation import RECORDED_AT
from tests.support.alerting import FUND_SOURCES, POLICY
from tests.support.logins import execute

_SERIES = tuple(series_policy.load(POLICY))
# A batch comes in on each of these days of the year, at noon.
_COMES_IN = ((2, 10), (5, 20), (8, 30), (12, 5))


@pytest.fixture
def books(database_url: str) -> Iterator[Connection]:
    roles.migrate_all(database_url)
    for (statement,) in execute(database_url, _UNGUARDED):
        execute(database_url, str(statement))
    with closing(connect(database_url, application="test")) as connection:
        yield connection


_UNGUARDED = """
SELECT format('ALTER TABLE %s DISABLE TRIGGER append_only', tgrelid::regclass)
  FROM pg_trigger WHERE tgname = 'append_only' AND tgrelid::regclass::text LIKE 'aggregation.%'
"""
_TABLES = ("ledger", "statement_line", "plan_revision", "baseline_schedule", "project_registration")


def _apply(connection: Connection, stated: list[codec.Fact], came_in: datetime) -> None:
    """A batch in the books, as if it had come in at an instant."""
    with transaction(connection) as cursor:
        for topic in (topics.PLAN, topics.DISBURSEMENT):
            records = tuple(
                ReceivedRecord(number, b"k", codec.encode_batch([fact], recorded_at=RECORDED_AT))
                for number, fact in enumerate(stated)
                if isinstance(fact, codec.PlanFact) is (topic == topics.PLAN)
            )
            if records:
                ApplyEvents(FUND_SOURCES).apply(cursor, Batch(topic, f"log/{came_in}", 0, records))
        for table in _TABLES:
            cursor.execute(
                f"UPDATE aggregation.{table} SET applied_at = %s WHERE applied_at = now()",  # noqa: S608
                (came_in,),
            )


@given(history=histories())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
    # Each history has a year of its own: what is tried again is another one.
    phases=[Phase.generate],
)
def test_every_day_is_what_aggregation_says_of_it(
    books: Connection, history: tuple[int, list[list[codec.Fact]]]
) -> None:
    year, batches = history
    for batch, (month, day) in zip(batches, _COMES_IN, strict=False):
        _apply(books, batch, datetime(year, month, day, 12, tzinfo=UTC))
    url = books.dsn
    for as_known in (False, True):
        found = read(
            url, Wanted(year, date(year + 1, 1, 31), province="96", series=_SERIES, as_known=as_known)
        )
        with transaction(books) as cursor:
            for on in (date(year, 1, 1) + timedelta(days) for days in range(3, 396, 28)):
                for subject in found:
                    _compare(cursor, subject, on, as_known=as_known)


def _compare(cursor: Cursor, history: History, day: date, *, as_known: bool) -> None:
    year, subject = history.budget_year, history.subject
    known = datetime.combine(day + timedelta(1), time(), VIETNAM) if as_known else None
    if not _is_settled_who(cursor, year, day, known):
        return
    through = lines_store.books_through(
        cursor, budget_year=year, province="96", until=day, series=_SERIES, known_at=known
    )
    (judged,) = history.days([day])
    assert judged.as_of == through
    as_of = through or day
    if not _is_settled_who(cursor, year, as_of, known):
        return
    lines = lines_store.read(
        cursor, budget_year=year, as_of=as_of, series=_SERIES, province="96", known_at=known
    )
    if history.subject.type not in {SubjectType.PROJECT, SubjectType.PROVINCE}:
        return
    own = [line for line in lines if _is_of(line, history)]
    totals = judged.progress.course.on(as_of, year)
    assert totals.disbursed == sum(line.disbursed for line in own)
    assert totals.work_certified == sum(line.work_certified for line in own)
    assert totals.advance_outstanding == sum(line.advance_outstanding for line in own)
    assert totals.plan == sum(line.current_plan for line in own)

    scopes = [NATIONAL_SCOPE, "96"] + ([subject.code] if subject.type is SubjectType.PROJECT else [])
    curves = plan_store.schedules_in_force(
        cursor, scopes=scopes, budget_year=year, as_of=as_of, known_at=known
    )
    assert sorted(judged.progress.baselines, key=repr) == sorted(curves, key=repr)


def _is_settled_who(cursor: Cursor, year: int, day: date, known: datetime | None) -> bool:
    """Whether the projects of the day are those of the year's end. A back-test asks who a project is of its
    last day; aggregation, on a day before the register names it, counts its money for no province."""
    names = []
    for as_of, known_at in ((day, known), (date(year + 1, 1, 31), None)):
        cursor.execute("SELECT project_code FROM aggregation.projects(%s, %s, %s)", (year, as_of, known_at))
        names.append({code for (code,) in cursor.fetchall() if code.startswith(f"{year}-")})
    return names[0] == names[1]


def _is_of(line: lines_store.Line, history: History) -> bool:
    """Whose a line is, is asked of the last day: who owned a project earlier is no matter of its figures."""
    if history.subject.type is SubjectType.PROJECT:
        return line.project_code == history.subject.code
    return history.subject.type is SubjectType.PROVINCE
