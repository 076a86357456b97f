"""Whether the books are right, asked of the tables alone and compared with the model."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import psycopg2

from deploy.simulation.expected import Books
from deploy.simulation.scripted_log import PARTITIONS, ScriptedLog
from services.runtime.kafka_client import LogIdentity

Cursor = psycopg2.extensions.cursor


def is_at_the_end(database_url: str, log: ScriptedLog, identity: LogIdentity) -> bool:
    """Whether every record is applied."""
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        return not list(_positions(cursor, log, identity))


def faults(database_url: str, log: ScriptedLog, identity: LogIdentity) -> list[str]:
    """Every invariant that does not hold."""
    books = [Books().read(stated) for stated in log.stated]
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        return [
            *_positions(cursor, log, identity),
            *_ids(cursor, books, log),
            *_sums(cursor),
            *_expected_balances(cursor, books),
            *_chain(cursor),
        ]


def _rows(cursor: Cursor, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    cursor.execute(query, parameters)
    return cursor.fetchall()


def _positions(cursor: Cursor, log: ScriptedLog, identity: LogIdentity) -> Iterator[str]:
    found: dict[int, int] = dict(
        _rows(
            cursor,
            "SELECT partition, next_offset FROM aggregation.source_position WHERE topic_id = %s",
            identity.topic_id,
        )
    )
    for partition in range(PARTITIONS):
        end = len(log.partitions[partition])
        if found.get(partition, 0) != end:
            yield f"partition {partition}: position {found.get(partition, 0)}, the log ends at {end}"


def _ids(cursor: Cursor, books: list[Books], log: ScriptedLog) -> Iterator[str]:
    expected = Counter(event_id for each in books for event_id in each.event_ids())
    found = Counter(
        event_id
        for (event_id,) in _rows(
            cursor,
            "SELECT event_id::text FROM aggregation.ledger WHERE kind <> 'statement_difference'"
            " UNION ALL SELECT event_id::text FROM aggregation.statement_line",
        )
    )
    wanted = Counter({str(event_id): count for event_id, count in expected.items()})
    for event_id in sorted((wanted - found) + (found - wanted)):
        yield f"event {event_id}: {found[event_id]} times in the books, expected {wanted[event_id]}"
    kept = {
        event_id
        for (event_id,) in _rows(
            cursor,
            "SELECT event_id::text FROM aggregation.quarantine UNION SELECT event_id::text"
            " FROM aggregation.conflict",
        )
    }
    stated = {str(fact.event_id) for facts in log.stated for fact in facts if fact is not None}
    for event_id in sorted(stated - set(found) - kept):
        yield f"event {event_id}: neither in the books nor kept for a person"


def _sums(cursor: Cursor) -> Iterator[str]:
    """Balances are the sums of the ledger, line by line and day by day."""
    for row in _rows(
        cursor,
        """
        WITH summed AS (
            SELECT budget_year, project_code, fund_source, series, value_date, sum(disbursed) AS disbursed,
                   sum(work_certified) AS work, sum(advance_outstanding) AS advance, count(*) AS movements
              FROM aggregation.ledger GROUP BY 1, 2, 3, 4, 5
        )
        SELECT coalesce(s.project_code, b.project_code), coalesce(s.value_date, b.value_date),
               s.disbursed, b.disbursed
          FROM summed AS s FULL JOIN aggregation.balance AS b
               USING (budget_year, project_code, fund_source, series, value_date)
         WHERE (s.disbursed, s.work, s.advance, s.movements)
               IS DISTINCT FROM
               (b.disbursed, b.work_certified, b.advance_outstanding, b.movements)
        """,
    ):
        yield "project {}, {}: ledger {}, balance {}".format(*row)


def _expected_balances(cursor: Cursor, books: list[Books]) -> Iterator[str]:
    moved: dict[tuple[str, str, str], list[tuple[date, int]]] = {}
    for project, fund_source, series, day, amount in _rows(
        cursor,
        "SELECT project_code, fund_source, series, value_date, disbursed::bigint FROM aggregation.balance",
    ):
        moved.setdefault((project, fund_source, series), []).append((day, amount))
    for each in books:
        for (project, fund_source, series, day), expected in sorted(each.balances().items()):
            found = sum(a for d, a in moved.get((project, fund_source, series), []) if d <= day)
            if found != expected:
                line = f"{project} {fund_source} {series} up to {day}"
                yield f"{line}: {found} in the books, {expected} expected"


def _chain(cursor: Cursor) -> Iterator[str]:
    """Blocks follow each other without a gap, and each holds the hash of the one before."""
    heads: dict[tuple[str, int], tuple[int, bytes]] = {}
    for topic_id, partition, first, following, previous, digest, block_hash in _rows(
        cursor,
        "SELECT topic_id, partition, from_offset, next_offset, previous_hash, digest, hash"
        " FROM aggregation.block ORDER BY topic_id, partition, from_offset",
    ):
        offset, head = heads.get((topic_id, partition), (0, b""))
        if (first, bytes(previous)) != (offset, head):
            yield f"{topic_id}/{partition}: block at {first} does not follow {offset}"
        span = f"{topic_id}/{partition}/{first}/{following}"
        if hashlib.sha256(bytes(previous) + span.encode() + bytes(digest)).digest() != bytes(block_hash):
            yield f"{topic_id}/{partition}: block at {first} has another hash"
        heads[topic_id, partition] = (following, bytes(block_hash))
