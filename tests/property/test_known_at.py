"""Whatever is applied later, a question asked of an instant is answered as it was answered then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings

from services.aggregation import series_policy
from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.aggregation.accounts_api import AccountsApi
from services.aggregation.apply_events import ApplyEvents
from services.aggregation.http_api import ReadApi
from services.contracts import codec, topics
from services.runtime import access
from services.runtime.access.gate import Gate
from services.runtime.api import Api
from services.runtime.batch_commit import Batch, ReceivedRecord
from services.runtime.clock import Clock
from services.runtime.postgres import Connection, Pool, connect, migrate, transaction
from tests.property.histories import PROJECTS, histories
from tests.support.access import client_of, make_token
from tests.support.aggregation import RECORDED_AT, settings_for
from tests.support.alerting import FUND_SOURCES, POLICY


@dataclass
class Books:
    """The books of one property run, written as the log is applied and read over HTTP."""

    connection: Connection
    client: FlaskClient
    offsets: Iterator[int] = field(default_factory=count)

    def apply(self, stated: list[codec.Fact]) -> None:
        """Each topic's facts as one batch, in a transaction of its own."""
        for topic in (topics.PLAN, topics.DISBURSEMENT):
            of_topic = [f for f in stated if isinstance(f, codec.PlanFact) is (topic == topics.PLAN)]
            records = tuple(
                ReceivedRecord(next(self.offsets), b"k", codec.encode_batch([f], recorded_at=RECORDED_AT))
                for f in of_topic
            )
            if records:
                with transaction(self.connection) as cursor:
                    ApplyEvents(FUND_SOURCES).apply(cursor, Batch(topic, "log", 0, records))

    def instant(self) -> datetime:
        """The server's clock, after everything that was applied."""
        with transaction(self.connection) as cursor:
            cursor.execute("SELECT clock_timestamp()")
            row = cursor.fetchone()
        assert row
        now: datetime = row[0]
        return now

    def answers(self, year: int, known_at: datetime | None = None) -> dict[str, Any]:
        """What every read answers, by question."""
        asked = {"known_at": known_at.isoformat()} if known_at else {}
        questions: list[tuple[str, dict[str, str]]] = [("/v1/projects", {}), ("/v1/findings", {})]
        questions += [("/v1/summary", {"group_by": by, "province": "96"}) for by in ("owner", "month")]
        questions += [
            (f"/v1/projects/{year}-{code}{part}", {})
            for code in PROJECTS
            for part in ("", "/curve", "/accounts")
        ]
        found: dict[str, Any] = {}
        for path, query in questions:
            for day in (f"{year}-06-30", f"{year}-12-31"):
                answer = self.client.get(path, query_string={"as_of": day, **query, **asked})
                assert answer.status_code in (200, 404), answer.text
                body = answer.get_json()
                if answer.status_code == 200:
                    assert (body.pop("known_at") is None) is (known_at is None)
                else:
                    body = None
                found[f"{path} {query} {day}"] = body
        return found


@pytest.fixture
def books(database_url: str) -> Iterator[Books]:
    migrate(database_url, schema=SCHEMA, folders=MIGRATIONS)
    access.tokens.prepare(database_url)
    connection = connect(database_url, application="test")
    with transaction(connection) as cursor:
        # One writer, and no other at work when it is asked: what is committed is settled.
        cursor.execute("""
            CREATE OR REPLACE FUNCTION aggregation.settled_until(p_unseen interval DEFAULT '15 seconds')
            RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()'""")
    stack = settings_for(database_url, "127.0.0.1:1", client_burst=10**6)
    pool = Pool(database_url, application="test-api", size=1)
    gate = Gate(stack, service=SCHEMA, pool=pool)
    api = Api(service=SCHEMA, title="t", description="d", gate=gate)
    clock, series = Clock(stack.business_date), series_policy.load(POLICY)
    ReadApi(pool=pool, clock=clock, series=series, fund_sources=FUND_SOURCES).install(api)
    AccountsApi(pool=pool, clock=clock, series=series, fund_sources=FUND_SOURCES).install(api)
    yield Books(connection, client_of(api.app, make_token(database_url)))
    connection.close()
    gate.close()
    pool.close()


@given(history=histories())
@settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
)
def test_what_was_known_at_an_instant_is_answered_as_it_was_then(
    books: Books, history: tuple[int, list[list[codec.Fact]]]
) -> None:
    year, batches = history
    told: list[tuple[datetime, dict[str, Any]]] = [(books.instant(), books.answers(year))]
    for batch in batches:
        books.apply(batch)
        told.append((books.instant(), books.answers(year)))
    for instant, then in told:
        assert books.answers(year, instant) == then
