"""Accepted events into Kafka records: each record holds events of one partition, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.contracts import codec, topics
from services.runtime.kafka_client import MAX_RECORD_BYTES, Record, partition_of

# The cost is per record, not per event; beyond this the gain is small and a batch downstream unwieldy.
MAX_EVENTS = 200


class Entry(NamedTuple):
    """One event as it is published and journalled. ``payload`` is the event alone, as a batch of one."""

    event_id: UUID
    content_hash: bytes
    topic: str
    routing_key: str
    payload: bytes
    recorded_at: datetime

    @classmethod
    def of(cls, fact: codec.Fact, *, recorded_at: datetime) -> Entry:
        return cls(
            event_id=fact.event_id,
            content_hash=fact.content_hash,
            topic=topics.DISBURSEMENT if isinstance(fact, codec.DisbursementFact) else topics.PLAN,
            routing_key=codec.routing_key(fact),
            payload=codec.encode_batch([fact], recorded_at=recorded_at),
            recorded_at=recorded_at,
        )


@dataclass(frozen=True, slots=True)
class Parcel:
    """A record and the events in it."""

    entries: tuple[Entry, ...]

    @property
    def record(self) -> Record:
        """Serialised messages joined end to end merge, their repeated fields one after the other
        (Protocol Buffers, "Encoding", https://protobuf.dev/programming-guides/encoding/#last-one-wins):
        batches of one event become a batch of all."""
        return Record(self.entries[0].routing_key, b"".join(entry.payload for entry in self.entries))


def pack(entries: Iterable[Entry], *, partitions: int) -> list[Parcel]:
    """Parcels of at most ``MAX_EVENTS`` events and ``MAX_RECORD_BYTES`` bytes, for entries of one topic.

    Within a partition the events keep their order.
    """
    parcels: list[Parcel] = []
    partition_by_key: dict[str, int] = {}
    filling: dict[int, list[Entry]] = {}
    sizes: dict[int, int] = {}
    for entry in entries:
        key = entry.routing_key
        if (partition := partition_by_key.get(key)) is None:
            partition = partition_by_key[key] = partition_of(key, partitions)
        held = filling.setdefault(partition, [])
        size = sizes.get(partition, 0) + len(entry.payload)
        if held and (len(held) == MAX_EVENTS or size > MAX_RECORD_BYTES):
            parcels.append(Parcel(tuple(held)))
            held = filling[partition] = []
            size = len(entry.payload)
        held.append(entry)
        sizes[partition] = size
    return parcels + [Parcel(tuple(held)) for held in filling.values()]
