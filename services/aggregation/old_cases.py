"""Reads the cases that a version before kept without saying whose they are.

What they are about is in their bytes, and in the books for what came first. SQL alone cannot read it, so it
is done once when aggregation starts, some at a time, and goes on where it ended.
"""

from __future__ import annotations

from pathlib import Path

from services.aggregation import facts_in_books, held_cases
from services.aggregation.case_subject import subject_of
from services.contracts import codec, held_bytes, topics
from services.contracts.fields import UndecodableError
from services.runtime import logs
from services.runtime.postgres import Cursor, connect, read_queries, transaction

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
_log = logs.get(__name__)
_AT_ONCE = 200


def read(database_url: str) -> int:
    """Keep what every old case is about; returns how many were read."""
    done = 0
    connection = connect(database_url, application="giaingan-old-cases")
    try:
        for portion in (_quarantined, _conflicts):
            while True:
                with transaction(connection) as cursor:
                    count = portion(cursor)
                done += count
                if not count:
                    break
    finally:
        connection.close()
    if done:
        _log.info("old cases read", cases=done)
    return done


def _quarantined(cursor: Cursor) -> int:
    cursor.execute(_QUERIES["old_quarantined"], (_AT_ONCE,))
    rows = cursor.fetchall()
    for quarantine_id, topic, held, is_record in rows:
        payload = bytes(held)
        fact = None if is_record else held_bytes.fact_of(topic, payload)
        subject = subject_of(fact)
        codes = (subject.project_code, subject.province_code, subject.owner_code)
        sound = None if is_record else _content_hash(topic, payload)
        cursor.execute(
            _QUERIES["old_quarantined_read"],
            (*(held_cases.storable_code(code) for code in codes), sound, quarantine_id),
        )
    return len(rows)


def _content_hash(topic: str, payload: bytes) -> bytes | None:
    """Of an event that is sound under its own identity."""
    decode = codec.decode_plan_event if topic == topics.PLAN else codec.decode_disbursement_event
    try:
        return decode(payload).fact.content_hash
    except UndecodableError:
        return None


def _conflicts(cursor: Cursor) -> int:
    cursor.execute(_QUERIES["old_conflicts"], (_AT_ONCE,))
    rows = cursor.fetchall()
    for conflict_id, topic, event_id, payload in rows:
        held_cases.keep_subjects(
            cursor,
            conflict_id,
            first=facts_in_books.find(cursor, topic, event_id),
            second=held_bytes.fact_of(topic, bytes(payload)),
        )
    return len(rows)
