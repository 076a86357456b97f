"""What a person decides: events that could not be applied, and events stated twice with other content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID

from services.aggregation.ledger_store import Place
from services.contracts import codec
from services.runtime import logs
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
_log = logs.get(__name__)


def quarantine(
    cursor: Cursor,
    place: Place,
    *,
    reason: str,
    detail: str,
    payload: bytes,
    event_id: str,
    waits_for: UUID | None = None,
) -> None:
    """Keep an event's bytes with the reason; the same bytes are kept once."""
    cursor.execute(
        _QUERIES["quarantine"],
        (
            place.topic,
            hashlib.sha256(payload).digest(),
            # A sender's text: PostgreSQL takes no NUL.
            event_id.replace("\0", "")[:64],
            reason,
            detail.replace("\0", "")[:1000],
            payload,
            waits_for,
            *_columns(place),
        ),
    )
    _log.warning(
        "quarantined", reason=reason, topic=place.topic, partition=place.partition, offset=place.offset
    )


def conflict(cursor: Cursor, place: Place, fact: codec.Fact, payload: bytes) -> None:
    """Keep what contradicts an event in the books."""
    cursor.execute(
        _QUERIES["conflict"], (fact.event_id, fact.content_hash, place.topic, payload, *_columns(place))
    )
    _log.warning("conflict", event_id=str(fact.event_id), topic=place.topic, offset=place.offset)


def release(cursor: Cursor, arrived: set[UUID]) -> list[tuple[codec.Event, Place]]:
    """The events that were held until one of those that just arrived, or of those in the ledger."""
    cursor.execute(_QUERIES["release_waiting"], (list(arrived),))
    return [
        (codec.decode_disbursement_event(bytes(payload)), Place(topic, topic_id, partition, offset, index))
        for payload, topic, topic_id, partition, offset, index in cursor.fetchall()
    ]


def _columns(place: Place) -> tuple[str, int, int, int]:
    return (place.topic_id, place.partition, place.offset, place.index)
