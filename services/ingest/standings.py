"""New, duplicate or conflicting: what becomes of each event of a request, by what the journal holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from services.ingest.log.record_packing import Entry
from services.ingest.slices import slices

_IDS_AT_ONCE = 10_000


class Standing(StrEnum):
    """What the journal says of an event."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICTING = "conflicting"


_ALL = tuple(Standing)
_CODES = {standing: code for code, standing in enumerate(_ALL)}
_DUPLICATE = _CODES[Standing.DUPLICATE]


class Standings:
    """The standing of each event of a request, in the order sent; of two equal ones the second is a
    duplicate.

    Holds some 200 bytes an event and never the events.
    """

    def __init__(self) -> None:
        self.counts = dict.fromkeys(_ALL, 0)
        self.conflicting_ids: set[UUID] = set()
        self._codes = bytearray()
        self._first: dict[bytes, bytes] = {}
        # Of the few ids that are stated with several contents: those after the first.
        self._further: dict[bytes, set[bytes]] = {}

    def find(
        self,
        entries: Iterable[Entry],
        known_contents: Callable[[list[UUID]], Mapping[UUID, Collection[bytes]]],
    ) -> None:
        """Those of the next entries, by what the journal knows of their ids."""
        for some in slices(entries, _IDS_AT_ONCE):
            self.add(some, known_contents([entry.event_id for entry in some]))

    def add(self, entries: Iterable[Entry], known: Mapping[UUID, Collection[bytes]]) -> None:
        """The next events, with the contents under which the journal knows each."""
        for entry in entries:
            standing = self._standing(entry, known.get(entry.event_id, ()) if known else ())
            self.counts[standing] += 1
            self._codes.append(_CODES[standing])
            if standing is Standing.CONFLICTING:
                self.conflicting_ids.add(entry.event_id)

    def take_back(self, entries: Iterable[Entry], accepted: Collection[tuple[UUID, bytes]]) -> None:
        """Of all ``entries``, those that another request accepted meanwhile, by id and content, are
        duplicates after all."""
        for number, entry in enumerate(entries):
            code = self._codes[number]
            if code != _DUPLICATE and (entry.event_id, entry.content_hash) in accepted:
                self.counts[_ALL[code]] -= 1
                self.counts[Standing.DUPLICATE] += 1
                self._codes[number] = _DUPLICATE

    def __getitem__(self, number: int) -> Standing:
        return _ALL[self._codes[number]]

    def to_publish(self, first: int, entries: Sequence[Entry]) -> dict[str, tuple[list[int], list[Entry]]]:
        """What of some entries is no duplicate, by topic, each with its number. ``first`` is the number of
        the first of them."""
        found: dict[str, tuple[list[int], list[Entry]]] = {}
        codes = self._codes[first : first + len(entries)]
        for number, (entry, code) in enumerate(zip(entries, codes, strict=True), first):
            if code != _DUPLICATE:
                numbers, fresh = found.setdefault(entry.topic, ([], []))
                numbers.append(number)
                fresh.append(entry)
        return found

    def __len__(self) -> int:
        return len(self._codes)

    def states(self, event_id: UUID) -> bool:
        """Whether the request holds an event of that id."""
        return event_id.bytes in self._first

    def _standing(self, entry: Entry, known: Collection[bytes]) -> Standing:
        key, content = entry.event_id.bytes, entry.content_hash
        first = self._first.get(key)
        if first is None:
            self._first[key] = content
            if content in known:
                return Standing.DUPLICATE
            return Standing.CONFLICTING if known else Standing.NEW
        further = self._further.get(key, ())
        if content == first or content in known or content in further:
            return Standing.DUPLICATE
        self._further.setdefault(key, set()).add(content)
        return Standing.CONFLICTING
