"""Whether the books are right, asked of the tables alone and compared with the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import psycopg2

from deploy.simulation.expected import Books
from deploy.simulation.scripted_log import PARTITIONS, ScriptedLog
from services.runtime.kafka_client import LogIdentity
from services.verify.verification import Asked, verify

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
            *_expected_balances(cursor, books),
            *(f"[{fault.code}] {fault.texts[1]}" for fault in verify(Asked(database_url)).verdict.faults),
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
