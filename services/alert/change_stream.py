"""Changes of alerts as server-sent events (WHATWG HTML, 9.2), resumed by ``Last-Event-ID``.

A stream lasts for half a minute; the client comes again by itself with the number of the last event it has,
so that none is missed. Where no place is free it gets what there is and is asked to come again later.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from services.alert import feed_entries, rss
from services.alert.feed_entries import FeedEntry, Wanted
from services.runtime import logs
from services.runtime.postgres import CONNECTION_ERRORS, Pool

_log = logs.get(__name__)
EVENT_STREAM = "text/event-stream"
_LAST_SECONDS = 30.0
_LOOK_SECONDS = 0.5
_COMMENT_SECONDS = 10.0
_AGAIN_MS = 2_000
_AGAIN_WITHOUT_PLACE_MS = 15_000


@dataclass(frozen=True, slots=True)
class Followed:
    """What a client follows, from which number on, and where it reads an alert."""

    wanted: Wanted
    number: int
    alerts_url: str


class ChangeStreams:
    """At most so many streams wait at once: each holds a thread of the server."""

    def __init__(self, pool: Pool, *, most: int) -> None:
        self._pool = pool
        self._free = threading.BoundedSemaphore(most)

    def take_place(self) -> bool:
        """Whether the client may wait. Whoever got a place gives it back with ``give_back``."""
        return self._free.acquire(blocking=False)

    def give_back(self) -> None:
        self._free.release()

    def events(self, followed: Followed, *, waits: bool) -> Iterator[bytes]:
        """Events after a number, oldest first; with ``waits`` also those that come within half a minute."""
        yield f"retry: {_AGAIN_MS if waits else _AGAIN_WITHOUT_PLACE_MS}\n\n".encode()
        number = followed.number
        ends = time.monotonic() + _LAST_SECONDS
        said = time.monotonic()
        while True:
            try:
                with self._pool.transaction() as cursor:
                    # First the highest: what comes between the two is found, or comes next time.
                    highest = feed_entries.last_number(cursor)
                    found = feed_entries.after(cursor, followed.wanted, number)
            except CONNECTION_ERRORS as error:
                _log.warning("a stream ends", error=str(error).strip())
                return
            for entry in found:
                yield event(entry, followed.alerts_url)
            is_whole = len(found) < followed.wanted.limit
            last = found[-1].entry_no if found else number
            number = max(last, highest) if is_whole else last
            if found:
                said = time.monotonic()
            if is_whole and (not waits or time.monotonic() >= ends):
                return
            if is_whole:
                if time.monotonic() - said >= _COMMENT_SECONDS:
                    # Whoever has gone is noticed, and the client goes on from here next time.
                    said = time.monotonic()
                    yield f"id: {number}\n: \n\n".encode()
                time.sleep(_LOOK_SECONDS)


def event(entry: FeedEntry, alerts_url: str) -> bytes:
    """One event: its number as id, what happened as its type, the change as JSON."""
    change = {
        "change_id": str(entry.change_id),
        "alert_id": str(entry.alert_id),
        "url": f"{alerts_url}/{entry.alert_id}",
        "transition": entry.transition,
        "rule": entry.rule,
        "severity": entry.severity,
        "subject": entry.figures["subject"],
        "as_of": entry.as_of.isoformat(),
        "title": rss.title(entry),
        "reason_vi": entry.reason_vi,
        "reason_en": entry.reason_en,
        "correction_vi": entry.correction_vi or "",
        "correction_en": entry.correction_en or "",
        "corrects": str(entry.raised_by) if rss.corrects(entry) else None,
        "caused_by": [str(event_id) for event_id in entry.caused_by or ()],
        "published_at": entry.published_at.isoformat(),
    }
    # One line: JSON has no line break outside its texts, and writes those within as \n.
    told = json.dumps(change, ensure_ascii=False)
    return f"id: {entry.entry_no}\nevent: {entry.transition}\ndata: {told}\n\n".encode()
