"""Writes events into the log and says where each stands; for first writing and for writing again."""

from __future__ import annotations

from collections.abc import Sequence

from services.ingest.journal import PlacedEntry
from services.ingest.record_packing import Entry, pack
from services.runtime.kafka_client import Publisher

# Records in one publish: the delivery timeout is for these, however long a file is.
_RECORDS_AT_ONCE = 100


def write(publisher: Publisher, topic: str, topic_id: str, entries: Sequence[Entry]) -> list[PlacedEntry]:
    """Publish events of one topic, whose id was seen before; by partition, in order.

    Raises ``BrokerUnavailableError``: some of the events may be in the log all the same.
    """
    placed: list[PlacedEntry] = []
    parcels = pack(entries, partitions=publisher.partition_count(topic))
    for start in range(0, len(parcels), _RECORDS_AT_ONCE):
        some = parcels[start : start + _RECORDS_AT_ONCE]
        places = publisher.publish(topic, [parcel.record for parcel in some])
        for parcel, place in zip(some, places, strict=True):
            placed += (PlacedEntry(entry, topic_id, place) for entry in parcel.entries)
    return placed
