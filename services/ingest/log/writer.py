"""Writes events into the log and says where each stands; for first writing and for writing again."""

from __future__ import annotations

from collections.abc import Sequence

from services.ingest.log.journal import PlacedEntry
from services.ingest.log.record_packing import Entry, pack
from services.ingest.slices import slices
from services.runtime.kafka_client import Place, Publisher

# Records in one publish: the delivery timeout is for these, however long a file is.
_RECORDS_AT_ONCE = 100


def write(publisher: Publisher, topic: str, topic_id: str, entries: Sequence[Entry]) -> list[PlacedEntry]:
    """Publish events of one topic, whose id was seen before; within a partition in order. Returns each with
    its place, in the order given.

    Raises ``BrokerUnavailableError``: some of the events may be in the log all the same.
    """
    # By the object: hashing its id would take longer than all the rest.
    places: dict[int, Place] = {}
    parcels = pack(entries, partitions=publisher.partition_count(topic))
    for some in slices(parcels, _RECORDS_AT_ONCE):
        published = publisher.publish(topic, [parcel.record for parcel in some])
        for parcel, place in zip(some, published, strict=True):
            places.update((id(entry), place) for entry in parcel.entries)
    return [PlacedEntry(entry, topic_id, places[id(entry)]) for entry in entries]
