"""What a person decides is kept here: events that could not be applied, and events stated twice with other
content. How it is decided is in ``case_decisions``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from services.aggregation.case_subject import subject_of
from services.aggregation.ledger_store import Place
from services.contracts import codec
from services.runtime import logs
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
_log = logs.get(__name__)
_MOST_TEXT = 1_000
_RECORD = b"record\0"


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that cannot be applied: its own bytes, or those of the whole record (``is_record``) where no
    event could be made out in it. ``fact`` is what could be read of it."""

    reason: str
    detail: str
    payload: bytes
    event_id: str
    record_key: str
    fact: codec.Fact | None = None
    is_record: bool = False
    waits_for: UUID | None = None


def quarantine(cursor: Cursor, place: Place, refused: Refused) -> bool:
    """Keep an event's bytes with the reason; the same bytes are kept once.

    False where a person fixed or discarded it before: it stays so, and is counted.
    """
    subject = subject_of(refused.fact)
    cursor.execute(
        _QUERIES["quarantine"],
        {
            "topic": place.topic,
            # An event's bytes may also be those of a whole record.
            "payload_hash": hashlib.sha256(
                (_RECORD if refused.is_record else b"") + refused.payload
            ).digest(),
            "event_id": _storable(refused.event_id, 64),
            "reason": refused.reason,
            "detail": _storable(refused.detail, _MOST_TEXT),
            "payload": refused.payload,
            "waits_for": refused.waits_for,
            "record_key": _storable(refused.record_key, _MOST_TEXT),
            "is_record": refused.is_record,
            "project_code": _storable(subject.project_code, _MOST_TEXT),
            "province_code": _storable(subject.province_code, _MOST_TEXT),
            "owner_code": _storable(subject.owner_code, _MOST_TEXT),
            "topic_id": place.topic_id,
            "partition": place.partition,
            "offset": place.offset,
            "index": place.index,
        },
    )
    row = cursor.fetchone()
    is_held = row is not None and row[0] == "held"
    _log.warning(
        "quarantined" if is_held else "decided before",
        reason=refused.reason,
        topic=place.topic,
        partition=place.partition,
        offset=place.offset,
    )
    return is_held


def conflict(cursor: Cursor, place: Place, fact: codec.Fact, payload: bytes) -> None:
    """Keep what contradicts an event in the books."""
    subject = subject_of(fact)
    cursor.execute(
        _QUERIES["conflict"],
        (
            fact.event_id,
            fact.content_hash,
            place.topic,
            payload,
            subject.project_code,
            subject.province_code,
            subject.owner_code,
            *_columns(place),
        ),
    )
    _log.warning("conflict", event_id=str(fact.event_id), topic=place.topic, offset=place.offset)


@dataclass(frozen=True, slots=True)
class Released:
    """An event that was held until another came."""

    event: codec.Event
    record_key: str
    place: Place


def release(cursor: Cursor, arrived: set[UUID]) -> list[Released]:
    """The events that were held until one of those that just arrived, or of those in the ledger."""
    cursor.execute(_QUERIES["release_waiting"], (list(arrived),))
    return [
        Released(
            codec.decode_disbursement_event(bytes(payload)),
            record_key,
            Place(topic, topic_id, partition, offset, index),
        )
        for payload, record_key, topic, topic_id, partition, offset, index in cursor.fetchall()
    ]


def _storable(text: str, most: int) -> str:
    """A sender's text as PostgreSQL takes it: no NUL, and not without end."""
    return text.replace("\0", "")[:most]


def _columns(place: Place) -> tuple[str, int, int, int]:
    return (place.topic_id, place.partition, place.offset, place.index)
