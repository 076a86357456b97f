"""The changes in the order in which feeds tell them: numbered by one writer, read from a number on."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg2 import sql

from services.alert.alert_queries import equal, prefixed
from services.alert.handling_store import HANDLING_JOINS
from services.alert.readable_alerts import READABLE, READABLE_VALUES
from services.runtime import logs
from services.runtime.postgres import CONNECTION_ERRORS, CONTENTION_ERRORS, Cursor, Pool

_log = logs.get(__name__)
_IDLE_SECONDS = 0.25
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A change as feeds tell it. ``raised_by`` is the change that had raised the alert: what a correction
    corrects."""

    entry_no: int
    published_at: datetime
    change_id: UUID
    alert_id: UUID
    rule: str
    severity: str
    state: str
    transition: str
    as_of: date
    figures: Mapping[str, Any]
    reason_vi: str
    reason_en: str
    caused_by: list[UUID] | None
    correction_vi: str | None
    correction_en: str | None
    raised_by: UUID


class NumberChanges:
    """A loop: gives each change its number soon after it was written. Whoever has the lock does it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def run(self, stop: threading.Event) -> None:
        """Number until ``stop``."""
        while not stop.is_set():
            numbered = 0
            try:
                numbered = self.number()
            except (*CONNECTION_ERRORS, *CONTENTION_ERRORS) as error:
                _log.warning("feeds wait", error=str(error).strip())
            if not numbered:
                stop.wait(_IDLE_SECONDS)

    def number(self) -> int:
        """Number what waits, in the order in which it was written, a portion; returns how many."""
        with self._pool.transaction() as cursor:
            # Until the transaction ends: who numbers next sees these numbers.
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('giaingan-alert-feed'))")
            row = cursor.fetchone()
            if not (row and row[0]):
                return 0
            cursor.execute(_NUMBER, {"most": _AT_ONCE})
            return cursor.rowcount


@dataclass(frozen=True, slots=True)
class Wanted:
    """Entries of alerts that match every filter, of those that the caller may see; at most ``limit``."""

    filters: Mapping[str, object]
    within: Mapping[str, object]
    limit: int


def newest(cursor: Cursor, wanted: Wanted, *, before: int | None = None) -> list[FeedEntry]:
    """The last entries, newest first; of those before a number where one is given."""
    placed = "(%(place)s::bigint IS NULL OR e.entry_no < %(place)s)"
    return _entries(cursor, wanted, sql.SQL(placed), sql.SQL("DESC"), before)


def after(cursor: Cursor, wanted: Wanted, number: int) -> list[FeedEntry]:
    """The entries after a number, oldest first."""
    return _entries(cursor, wanted, sql.SQL("e.entry_no > %(place)s"), sql.SQL("ASC"), number)


def last_number(cursor: Cursor) -> int:
    """The highest number given; 0 before the first."""
    cursor.execute("SELECT coalesce(max(entry_no), 0) FROM alert.feed_entry")
    ((number,),) = cursor.fetchall()
    return int(number)


def _entries(
    cursor: Cursor, wanted: Wanted, placed: sql.Composable, order: sql.Composable, place: int | None
) -> list[FeedEntry]:
    conditions = [READABLE, placed, *equal(wanted.filters, ""), *equal(wanted.within, "within_")]
    cursor.execute(
        sql.SQL(_ENTRIES).format(where=sql.SQL(" AND ").join(conditions), order=order),
        {
            **READABLE_VALUES,
            **wanted.filters,
            **prefixed(wanted.within),
            "limit": wanted.limit,
            "place": place,
        },
    )
    return [FeedEntry(*row) for row in cursor.fetchall()]


# Each entry's second is its change's, or the one after the entry before: with n seconds taken off the n-th,
# that is a running maximum.
_NUMBER = """
WITH taken AS (
    DELETE FROM alert.feed_unnumbered WHERE change_id IN (
        SELECT u.change_id FROM alert.feed_unnumbered AS u JOIN alert.outbox AS o USING (change_id)
         ORDER BY o.id LIMIT %(most)s)
    RETURNING change_id
), last AS (
    SELECT coalesce(max(entry_no), 0) AS entry_no, max(published_at) AS published_at FROM alert.feed_entry
), placed AS (
    SELECT change_id, row_number() OVER (ORDER BY o.id) AS n, date_trunc('second', c.recorded_at) AS second
      FROM taken JOIN alert.outbox AS o USING (change_id) JOIN alert.alert_change AS c USING (change_id)
)
INSERT INTO alert.feed_entry (entry_no, change_id, published_at)
SELECT last.entry_no + n, change_id,
       greatest(last.published_at, max(second - n * interval '1 second') OVER (ORDER BY n))
       + n * interval '1 second'
  FROM placed CROSS JOIN last
"""

# Filtered by the alert as it stands now; its changes are told as they were.
_ENTRIES = f"""
SELECT e.entry_no, e.published_at, c.change_id, a.id, a.rule, c.severity, a.state, c.transition, c.as_of,
       c.figures, c.reason_vi, c.reason_en, c.caused_by, c.correction_vi, c.correction_en, w.change_id
  FROM alert.feed_entry AS e
  JOIN alert.alert_change AS c USING (change_id)
  JOIN alert.alert AS a ON a.id = c.alert_id {HANDLING_JOINS}
  JOIN LATERAL (
       SELECT change_id FROM alert.alert_change
        WHERE alert_id = a.id AND sequence <= c.sequence AND transition IN ('opened', 'reopened')
        ORDER BY sequence DESC LIMIT 1
  ) AS w ON true
 WHERE {{where}}
 ORDER BY e.entry_no {{order}}
 LIMIT %(limit)s
"""  # noqa: S608 - our own text
