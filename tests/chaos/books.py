"""Whether the books are right after a fault, asked of the tables and the log alone: what `giaingan verify`
finds, and that nothing acknowledged is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg2

from services.contracts import topics
from services.runtime.config import Settings
from services.runtime.kafka_client import Admin
from services.verify.verification import Asked, verify
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


def faults(settings: Settings, acknowledged: Collection[UUID]) -> list[str]:
    """Every invariant that does not hold: what ``giaingan verify`` finds; acknowledged ids are kept, each
    once; positions are at the ends of the present logs."""
    url = settings.database_url.get_secret_value()
    with closing(psycopg2.connect(url)) as connection:
        return [
            *_ids(connection, acknowledged),
            *(f"[{f.code}] {f.texts[1]}" for f in verify(Asked(url, settings)).verdict.faults),
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
