"""Where the events of a request stand in the log: some 20 bytes an event, by its number in the request."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

from services.ingest.log.journal import PlacedEntry
from services.ingest.log.record_packing import Entry
from services.runtime.kafka_client import Place

_NOWHERE = -1


class Placements:
    """Filled while publishing, in the order of the numbers within a topic; read once, while journalling."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self._topic_ids: list[str] = []
        self._logs = array("i")
        self._partitions = array("i")
        self._offsets = array("q")

    def add(
        self, numbers: Sequence[int], placed: Sequence[PlacedEntry], *, topic: str, topic_id: str
    ) -> None:
        """Events of one topic by their numbers, with the place of each."""
        self.topics.add(topic)
        if topic_id not in self._topic_ids:
            self._topic_ids.append(topic_id)
        log = self._topic_ids.index(topic_id)
        missing = max(numbers, default=-1) + 1 - len(self._logs)
        if missing > 0:
            for column in (self._logs, self._partitions, self._offsets):
                column.extend([_NOWHERE] * missing)
        for number, each in zip(numbers, placed, strict=True):
            self._logs[number] = log
            self._partitions[number] = each.place.partition
            self._offsets[number] = each.place.offset

    def placed(self, entries: Iterable[Entry]) -> Iterator[PlacedEntry]:
        """The events that were published, in the order sent."""
        # Those of one record share their place.
        places: dict[tuple[int, int], Place] = {}
        for number, entry in zip(range(len(self._logs)), entries, strict=False):
            log = self._logs[number]
            if log != _NOWHERE:
                at = self._partitions[number], self._offsets[number]
                place = places.get(at) or places.setdefault(at, Place(*at))
                yield PlacedEntry(entry, self._topic_ids[log], place)
