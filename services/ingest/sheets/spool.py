"""Events on their way from the child to the service: a file of records with their lengths in front."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple
from uuid import UUID

from services.contracts import topics

SPOOLED_TOPICS = (topics.PLAN, topics.DISBURSEMENT)
# Event id, content hash, which of the topics, bytes of the routing key, bytes of the payload.
_HEAD = struct.Struct("<16s32sBHI")
_READ_BYTES = 1 << 20


class SpooledEvent(NamedTuple):
    """One event as it stands in the spool."""

    event_id: UUID
    content_hash: bytes
    topic: str
    routing_key: str
    payload: bytes


class SpoolWriter:
    """Appends events; the order is kept. Raises ``OSError`` where the file may not grow further."""

    def __init__(self, stream: BinaryIO) -> None:
        self._write = stream.write
        self._number_of = {topic: number for number, topic in enumerate(SPOOLED_TOPICS)}

    def add(
        self, *, event_id: UUID, content_hash: bytes, topic: str, routing_key: str, payload: bytes
    ) -> None:
        key = routing_key.encode()
        head = _HEAD.pack(event_id.bytes, content_hash, self._number_of[topic], len(key), len(payload))
        self._write(head + key + payload)


def read(read_on: Callable[[int], bytes]) -> Iterator[SpooledEvent]:
    """Every event of the spool. ``read_on`` gives its next bytes, at most so many, and none at its end.
    Raises ``ValueError`` for a spool that is cut off."""
    held = b""
    start = 0
    while True:
        if len(held) - start < _HEAD.size:
            more = read_on(_READ_BYTES)
            if not more and start == len(held):
                return
            held, start = held[start:] + _more(more), 0
            continue
        event_id, content_hash, topic, key_bytes, payload_bytes = _HEAD.unpack_from(held, start)
        key_start = start + _HEAD.size
        payload_start = key_start + key_bytes
        end = payload_start + payload_bytes
        if end > len(held):
            held, start = held[start:] + _more(read_on(max(_READ_BYTES, end - len(held)))), 0
            continue
        yield SpooledEvent(
            UUID(bytes=event_id),
            content_hash,
            SPOOLED_TOPICS[topic],
            held[key_start:payload_start].decode(),
            held[payload_start:end],
        )
        start = end


def _more(found: bytes) -> bytes:
    if not found:
        raise ValueError("the spool is cut off")
    return found
