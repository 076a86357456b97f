"""What was accepted: every event with its content and its place in the log (sql/schema/0001_journal.sql)."""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from services.ingest.log.record_packing import Entry
from services.ingest.slices import slices
from services.runtime.kafka_client import Place
from services.runtime.postgres import Cursor, copy_rows

_ROWS_AT_ONCE = 10_000
_IDS_AT_ONCE = 10_000


class PlacedEntry(NamedTuple):
    """An event that the broker acknowledged, with the log it was written to."""

    entry: Entry
    topic_id: str
    place: Place


def known_contents(cursor: Cursor, event_ids: Collection[UUID]) -> dict[UUID, set[bytes]]:
    """The content hashes under which each id was accepted; ids never accepted are left out."""
    # One text, not a list: psycopg2 would write each id as an expression of its own.
    cursor.execute(
        "SELECT event_id, content_hash FROM ingest.journal WHERE event_id = ANY(%s::uuid[])",
        ("{" + ",".join(map(str, event_ids)) + "}",),
    )
    found: dict[UUID, set[bytes]] = {}
    for event_id, content_hash in cursor:
        found.setdefault(event_id, set()).add(bytes(content_hash))
    return found


def entries_of(cursor: Cursor, event_ids: Collection[UUID]) -> Iterator[Entry]:
    """The events accepted under these ids, with each of their contents."""
    for some in slices(event_ids, _IDS_AT_ONCE):
        cursor.execute(_ENTRIES_OF, ("{" + ",".join(map(str, some)) + "}",))
        yield from map(_entry, cursor.fetchall())


def plans_after(cursor: Cursor, accepted_no: int, *, limit: int) -> list[tuple[int, Entry]]:
    """The first events of the plan topic accepted after a number, each with its own, in that order."""
    cursor.execute(_PLANS_AFTER, (accepted_no, limit))
    return [(number, _entry(row)) for number, *row in cursor]


def add(cursor: Cursor, placed: Iterable[PlacedEntry]) -> set[tuple[UUID, bytes]]:
    """Append, in the order given. Those that another request added meanwhile stay as they are; they are
    returned by id and content."""
    cursor.execute(_STAGE_ENTRIES)
    staged = 0
    for some in slices(placed, _ROWS_AT_ONCE):
        rows = b"".join([_HEADER, *(_binary_row(each) for each in some), _TRAILER])
        cursor.copy_expert(_COPY_ENTRIES, io.BytesIO(rows))
        staged += len(some)
    cursor.execute(_SORT_IN_MEMORY)
    cursor.execute(_ADD)
    if cursor.rowcount == staged:
        return set()
    cursor.execute(_OTHERS)
    return {(event_id, bytes(content_hash)) for event_id, content_hash in cursor}


def standing_elsewhere(cursor: Cursor, *, topic: str, topic_id: str, limit: int) -> list[Entry]:
    """The first events of a topic, in the order of acceptance, that stand in another log than this one."""
    cursor.execute(_ELSEWHERE, {"topic": topic, "topic_id": topic_id, "limit": limit})
    return [_entry(row) for row in cursor]


def move(cursor: Cursor, placed: Sequence[PlacedEntry]) -> None:
    """Record where events stand that were written again."""
    cursor.execute(_STAGE_PLACES)
    copy_rows(
        cursor,
        "journal_place_stage",
        ("event_id", "content_hash", "topic_id", "partition", '"offset"'),
        (
            (p.entry.event_id, p.entry.content_hash, p.topic_id, p.place.partition, p.place.offset)
            for p in placed
        ),
    )
    cursor.execute(_MOVE)


def _entry(row: Sequence[Any]) -> Entry:
    event_id, content_hash, topic, routing_key, payload, recorded_at = row
    return Entry(event_id, bytes(content_hash), topic, routing_key, bytes(payload), recorded_at)


def _binary_row(placed: PlacedEntry) -> bytes:
    """A row in PostgreSQL's binary format for COPY: three times as fast as text."""
    entry, place = placed.entry, placed.place
    topic, key, log = entry.topic.encode(), entry.routing_key.encode(), placed.topic_id.encode()
    microseconds = (entry.recorded_at - _POSTGRES_EPOCH) // _MICROSECOND
    return b"".join(
        (
            _EVENT.pack(9, 16, entry.event_id.bytes, 32, entry.content_hash),
            *(_LENGTH.pack(len(field)) + field for field in (topic, key, entry.payload)),
            _MOMENT.pack(8, microseconds, len(log)),
            log,
            _PLACE.pack(4, place.partition, 8, place.offset),
        )
    )


# https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format": each field after its length.
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_EVENT = struct.Struct("!hi16si32s")
_LENGTH = struct.Struct("!i")
_MOMENT = struct.Struct("!iqi")
_PLACE = struct.Struct("!iiiq")
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# The stages live as long as the pooled connection: a new table for every request would bloat the catalog.
_COPY_ENTRIES = """
COPY journal_entry_stage (event_id, content_hash, topic, routing_key, payload, recorded_at, topic_id,
                          partition, "offset")
FROM STDIN (FORMAT binary)
"""
_STAGE_ENTRIES = """
CREATE TEMP TABLE IF NOT EXISTS journal_entry_stage (
    accepted_no bigint DEFAULT nextval('ingest.accepted_no'), event_id uuid, content_hash bytea, topic text,
    routing_key text, payload bytea, recorded_at timestamptz, topic_id text, partition integer,
    "offset" bigint
) ON COMMIT DELETE ROWS
"""
# COPY numbers the rows in the order sent; the insert goes by id, so that two requests with the same
# events wait for each other in one order and cannot deadlock.
_ADD = """
INSERT INTO ingest.journal (accepted_no, event_id, content_hash, topic, routing_key, payload, recorded_at,
                            topic_id, partition, "offset")
SELECT accepted_no, event_id, content_hash, topic, routing_key, payload, recorded_at,
       topic_id, partition, "offset"
  FROM journal_entry_stage ORDER BY event_id, content_hash
ON CONFLICT (event_id, content_hash) DO NOTHING
"""
# 100,000 rows at once, the most a file may have by default, are some 30 MB.
_SORT_IN_MEMORY = "SET LOCAL work_mem = '64MB'"
_OTHERS = """
SELECT event_id, content_hash
  FROM journal_entry_stage AS s JOIN ingest.journal AS j USING (event_id, content_hash)
 WHERE j.accepted_no <> s.accepted_no
"""
_ENTRIES_OF = """
SELECT event_id, content_hash, topic, routing_key, payload, recorded_at
  FROM ingest.journal
 WHERE event_id = ANY(%s::uuid[]) ORDER BY accepted_no
"""
# The topic as it stands in the index made for this (sql/schema/0006_register_filled.sql).
_PLANS_AFTER = """
SELECT accepted_no, event_id, content_hash, topic, routing_key, payload, recorded_at
  FROM ingest.journal
 WHERE topic = 'giaingan.plan.v1' AND accepted_no > %s ORDER BY accepted_no LIMIT %s
"""
_ELSEWHERE = """
SELECT event_id, content_hash, topic, routing_key, payload, recorded_at
  FROM ingest.journal
 WHERE topic = %(topic)s AND (topic_id < %(topic_id)s OR topic_id > %(topic_id)s)
 ORDER BY accepted_no LIMIT %(limit)s
"""
_STAGE_PLACES = """
CREATE TEMP TABLE IF NOT EXISTS journal_place_stage (
    event_id uuid, content_hash bytea, topic_id text, partition integer, "offset" bigint
) ON COMMIT DELETE ROWS
"""
_MOVE = """
UPDATE ingest.journal AS j SET topic_id = s.topic_id, partition = s.partition, "offset" = s."offset"
  FROM journal_place_stage AS s
 WHERE j.event_id = s.event_id AND j.content_hash = s.content_hash
"""
