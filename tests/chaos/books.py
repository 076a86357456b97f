"""Whether the books are right after a fault, asked of the tables and the log alone."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg2

from services.contracts import topics
from services.runtime.config import Settings
from services.runtime.kafka_client import Admin
from tests.support.aggregation import log_ends

SOURCE_TOPICS = (topics.PLAN, topics.DISBURSEMENT)
_IN_BOOKS = """
SELECT event_id::text FROM aggregation.ledger WHERE kind <> 'statement_difference'
 UNION ALL SELECT event_id::text FROM aggregation.statement_line
 UNION ALL SELECT event_id::text FROM aggregation.completed_work_line
 UNION ALL SELECT event_id::text FROM aggregation.plan_revision
 UNION ALL SELECT event_id::text FROM aggregation.baseline_schedule
 UNION ALL SELECT event_id::text FROM aggregation.project_registration
 UNION ALL SELECT event_id::text FROM aggregation.owner_registration
 UNION ALL SELECT event_id::text FROM aggregation.officer_assignment
"""
_KEPT = (
    "SELECT event_id::text FROM aggregation.quarantine UNION SELECT event_id::text FROM aggregation.conflict"
)
_SUMS = """
WITH summed AS (
    SELECT budget_year, project_code, fund_source, series, value_date, sum(disbursed) AS disbursed,
           sum(work_certified) AS work, sum(advance_outstanding) AS advance, count(*) AS movements
      FROM aggregation.ledger GROUP BY 1, 2, 3, 4, 5
)
SELECT project_code, value_date, s.disbursed, b.disbursed
  FROM summed AS s FULL JOIN aggregation.balance AS b
       USING (budget_year, project_code, fund_source, series, value_date)
 WHERE (s.disbursed, s.work, s.advance, s.movements)
       IS DISTINCT FROM (b.disbursed, b.work_certified, b.advance_outstanding, b.movements)
"""
# What the statements of a line say on their own days: the latest of each, the highest revision of a day.
_STATEMENTS = """
SELECT s.project_code, s.as_of, s.cumulative, coalesce(sum(l.disbursed), 0)::bigint
  FROM (SELECT DISTINCT ON (budget_year, project_code, fund_source, series, as_of) *
          FROM aggregation.statement_line
         ORDER BY budget_year, project_code, fund_source, series, as_of, revision DESC) AS s
  LEFT JOIN aggregation.ledger AS l
       ON (l.budget_year, l.project_code, l.fund_source, l.series)
          = (s.budget_year, s.project_code, s.fund_source, s.series) AND l.value_date <= s.as_of
 GROUP BY 1, 2, 3 HAVING s.cumulative <> coalesce(sum(l.disbursed), 0)
"""


def faults(settings: Settings, acknowledged: Collection[UUID]) -> list[str]:
    """Every invariant that does not hold: acknowledged ids are kept, each once; balances are sums; blocks are
    chained; positions are at the ends of the present logs."""
    with closing(psycopg2.connect(settings.database_url.get_secret_value())) as connection:
        return [
            *_ids(connection, acknowledged),
            *(f"{p}, {day}: ledger {a}, balance {b}" for p, day, a, b in _rows(connection, _SUMS)),
            *(f"{p}, {day}: stated {a}, booked {b}" for p, day, a, b in _rows(connection, _STATEMENTS)),
            *_reversals(connection),
            *_chain(connection),
            *_unapplied(connection, settings),
        ]


def is_at_the_end(settings: Settings) -> bool:
    """Whether every record of the present logs is applied."""
    with closing(psycopg2.connect(settings.database_url.get_secret_value())) as connection:
        try:
            return not list(_unapplied(connection, settings))
        except psycopg2.errors.UndefinedTable:
            # The process that makes the tables has only just started.
            return False


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """What a query finds now."""
    with closing(psycopg2.connect(settings.database_url.get_secret_value())) as connection:
        return _rows(connection, query)


def _rows(connection: Any, query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _ids(connection: Any, acknowledged: Collection[UUID]) -> Iterator[str]:
    in_books = [event_id for (event_id,) in _rows(connection, _IN_BOOKS)]
    if len(set(in_books)) != len(in_books):
        yield f"{len(in_books)} rows of {len(set(in_books))} events"
    kept = {event_id for (event_id,) in _rows(connection, _KEPT)}
    lost = {str(event_id) for event_id in acknowledged} - set(in_books) - kept
    if lost:
        yield f"{len(lost)} of {len(acknowledged)} acknowledged events are nowhere, the first: {min(lost)}"


def _reversals(connection: Any) -> Iterator[str]:
    """What was reversed is taken back in full, and nothing waits for a movement that is there."""
    query = """
    SELECT r.event_id FROM aggregation.ledger AS r JOIN aggregation.ledger AS m
        ON m.event_id = r.reverses_event_id WHERE r.disbursed + m.disbursed <> 0
    """
    yield from (f"reversal {event_id} takes back another amount" for (event_id,) in _rows(connection, query))


def _chain(connection: Any) -> Iterator[str]:
    heads: dict[tuple[str, int], tuple[int, bytes]] = {}
    for topic_id, partition, first, following, previous, digest, block_hash in _rows(
        connection,
        "SELECT topic_id, partition, from_offset, next_offset, previous_hash, digest, hash"
        " FROM aggregation.block ORDER BY topic_id, partition, from_offset",
    ):
        offset, head = heads.get((topic_id, partition), (0, b""))
        if (first, bytes(previous)) != (offset, head):
            yield f"{topic_id}/{partition}: the block at {first} does not follow {offset}"
        span = f"{topic_id}/{partition}/{first}/{following}"
        if hashlib.sha256(bytes(previous) + span.encode() + bytes(digest)).digest() != bytes(block_hash):
            yield f"{topic_id}/{partition}: the block at {first} has another hash"
        heads[topic_id, partition] = (following, bytes(block_hash))


def _unapplied(connection: Any, settings: Settings) -> Iterator[str]:
    admin = Admin(settings, client_id="test-books")
    try:
        ids = {name: found.topic_id for name in SOURCE_TOPICS if (found := admin.identity(name))}
    finally:
        admin.close()
    query = "SELECT topic_id, partition, next_offset FROM aggregation.source_position"
    applied = {(topic_id, partition): offset for topic_id, partition, offset in _rows(connection, query)}
    for tp, end in sorted(log_ends(settings, ids).items()):
        position = applied.get((ids[tp.topic], tp.partition), 0)
        if position != end:
            yield f"{tp.topic}/{tp.partition}: the position is {position}, the log ends at {end}"
