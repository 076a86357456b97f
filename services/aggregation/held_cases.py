"""What a person decides is kept here: events that could not be applied, and events stated twice with other
content. How it is decided is in ``case_decisions``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
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
    event could be made out in it. ``fact`` is what could be read of it; ``is_sound``: all of it could, under
    its own identity."""

    reason: str
    detail: str
    payload: bytes
    event_id: str
    record_key: str
    fact: codec.Fact | None = None
    is_record: bool = False
    waits_for: UUID | None = None
    is_sound: bool = False


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
            "payload_hash": payload_hash(refused.payload, is_record=refused.is_record),
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
            "content_hash": refused.fact.content_hash if refused.fact and refused.is_sound else None,
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


def payload_hash(payload: bytes, *, is_record: bool = False) -> bytes:
    """What the bytes of an event, or of a whole record, are kept once by."""
    return hashlib.sha256((_RECORD if is_record else b"") + payload).digest()


# --- what a person put aside -------------------------------------------------------------------


def set_aside(cursor: Cursor, topic: str, arrived: Iterable[tuple[codec.Fact, bytes]]) -> set[bytes]:
    """Of the events that arrived (fact, bytes), the bytes of those that a person fixed or discarded before,
    in these bytes or with this id and content. They are not applied, ever; their cases count them."""
    by_hash = {payload_hash(payload): (fact, payload) for fact, payload in arrived}
    by_id: dict[str, list[tuple[codec.Fact, bytes]]] = {}
    for fact, payload in by_hash.values():
        by_id.setdefault(str(fact.event_id), []).append((fact, payload))
    cursor.execute(
        _QUERIES["cases_like"],
        {"topic": topic, "payload_hashes": list(by_hash), "event_ids": list(by_id)},
    )
    decided: dict[bytes, int] = {}
    for quarantine_id, state, held_hash, event_id, content_hash in cursor.fetchall():
        if state not in ("fixed", "discarded"):
            continue
        if bytes(held_hash) in by_hash:
            decided.setdefault(by_hash[bytes(held_hash)][1], quarantine_id)
        for fact, payload in by_id.get(event_id, []) if content_hash else []:
            # A hash costs as much as decoding: it is made where an id was decided on, and nowhere else.
            if fact.content_hash == bytes(content_hash):
                decided.setdefault(payload, quarantine_id)
    if decided:
        cursor.execute(_QUERIES["count_again"], (sorted(set(decided.values())),))
        _log.warning("decided before", topic=topic, cases=sorted(set(decided.values())))
    return set(decided)


# --- conflicts ---------------------------------------------------------------------------------


def conflict(
    cursor: Cursor, place: Place, fact: codec.Fact, payload: bytes, *, first: codec.Fact | None
) -> None:
    """Keep what contradicts an event in the books, or before it in its batch (``first``)."""
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
    row = cursor.fetchone()
    if row:
        keep_subjects(cursor, row[0], first=first, second=fact)
    _log.warning("conflict", event_id=str(fact.event_id), topic=place.topic, offset=place.offset)


def storable_code(code: str) -> str:
    """A sender's code as PostgreSQL takes it."""
    return _storable(code, _MOST_TEXT)


def keep_subjects(
    cursor: Cursor, conflict_id: int, *, first: codec.Fact | None, second: codec.Fact | None
) -> None:
    """Keep what both contents of a conflict are about: it is a unit's where both are."""
    codes = [
        storable_code(code)
        for subject in (subject_of(first), subject_of(second))
        for code in (subject.project_code, subject.province_code, subject.owner_code)
    ]
    cursor.execute(_QUERIES["insert_conflict_subject"], (conflict_id, *codes))


# --- what waited -------------------------------------------------------------------------------


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
