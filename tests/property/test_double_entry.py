"""Whatever comes in, in whatever order, each event is two postings and each line's accounts sum to zero."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings

from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.aggregation.apply_events import ApplyEvents
from services.contracts import codec, topics
from services.runtime.batch_commit import Batch, ReceivedRecord
from services.runtime.postgres import Connection, connect, migrate, transaction
from tests.property.histories import histories
from tests.support.aggregation import RECORDED_AT
from tests.support.alerting import FUND_SOURCES

_OFFSETS = count()


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    migrate(database_url, schema=SCHEMA, folders=MIGRATIONS)
    opened = connect(database_url, application="test")
    yield opened
    opened.close()


def rows(connection: Connection, query: str, year: int) -> list[tuple[object, ...]]:
    with transaction(connection) as cursor:
        cursor.execute(query, {"year": year})
        return cursor.fetchall()


@given(history=histories())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_every_event_is_two_postings_and_every_line_sums_to_zero(
    connection: Connection, history: tuple[int, list[list[codec.Fact]]]
) -> None:
    year, batches = history
    for batch in batches:
        records = tuple(
            ReceivedRecord(next(_OFFSETS), b"k", codec.encode_batch([fact], recorded_at=RECORDED_AT))
            for fact in batch
            if not isinstance(fact, codec.PlanFact)
        )
        if records:
            with transaction(connection) as cursor:
                ApplyEvents(FUND_SOURCES).apply(cursor, Batch(topics.DISBURSEMENT, "log", 0, records))

    events = rows(
        connection,
        """SELECT l.amount, count(p.account), sum(p.amount)::bigint, max(p.amount), count(DISTINCT p.account)
             FROM aggregation.ledger AS l LEFT JOIN aggregation.posting AS p USING (event_id)
            WHERE l.budget_year = %(year)s GROUP BY l.event_id""",
        year,
    )
    assert {(posted, total, accounts) for _, posted, total, _, accounts in events} <= {(2, 0, 2)}
    assert [event for event in events if event[0] != event[3]] == []
    posted = rows(
        connection,
        """SELECT project_code, fund_source, series, account, sum(amount)::bigint FROM aggregation.posting
            WHERE budget_year = %(year)s GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0 ORDER BY 1, 2, 3, 4""",
        year,
    )
    balances = rows(
        connection,
        """SELECT b.project_code, b.fund_source, b.series, a.account, a.amount
             FROM aggregation.account_balances(%(year)s, 'infinity', NULL) AS b
            CROSS JOIN LATERAL (VALUES ('advance_outstanding', b.advance_outstanding),
                                       ('appropriation', b.appropriation), ('treasury', b.treasury),
                                       ('work_paid', b.work_paid)) AS a (account, amount)
            WHERE a.amount <> 0 ORDER BY 1, 2, 3, 4""",
        year,
    )
    assert balances == posted
