"""What was told of a province last, and what came since then to days that had been told."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from services.aggregation.subject_progress import MOST_LATE_EVENTS, Evaluation
from services.domain.progress import LateEvent
from services.runtime.postgres import Connection, Cursor, read_queries, transaction

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
# A batch takes some hundredths of a second; the longest that a telling waits for one is a second.
_TRIES, _RETRY_SECONDS = 20, 0.05


@dataclass(frozen=True, slots=True)
class BooksSeen:
    """Where the books stand in the snapshot of a transaction.

    ``known_at`` is the instant at which the latest batch that is seen began, ``None`` where a batch that
    began before it may commit yet; ``positions`` are the offsets up to which each partition
    (``<topic id>/<partition>``) is applied.
    """

    known_at: datetime | None
    ledger_watermark: int
    positions: dict[str, int]

    @classmethod
    def by(cls, cursor: Cursor, *, settled_until: datetime) -> BooksSeen:
        """What the snapshot sees; ``settled_until`` is of before it was taken."""
        cursor.execute(_QUERIES["snapshot_of_books"])
        ((known_at, watermark, positions),) = cursor.fetchall()
        is_settled = known_at is not None and known_at <= settled_until
        return cls(known_at if is_settled else None, watermark or 0, positions)


@contextmanager
def snapshot(connection: Connection) -> Iterator[tuple[Cursor, BooksSeen]]:
    """A transaction that sees one instant of the books, and where they stand in it.

    A batch is known since it began and seen when it ends. While one is at work that began before another
    that is seen, no instant of knowledge gives what is seen: it is waited for, and where it takes long the
    figures are told without an instant, rather than with one of which the ledger says otherwise.
    """
    for tries_left in reversed(range(_TRIES)):
        with transaction(connection) as cursor:
            cursor.execute("SELECT aggregation.settled_until('0 seconds')")
            ((settled_until,),) = cursor.fetchall()
        with transaction(connection) as cursor:
            # Every figure of one instant, the sums and what they are sums of.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            seen = BooksSeen.by(cursor, settled_until=settled_until)
            if seen.known_at or not seen.positions or not tries_left:
                yield cursor, seen
                return
        time.sleep(_RETRY_SECONDS)


@dataclass(frozen=True, slots=True)
class ToldBefore:
    """The telling of a province before: as of which day, on which business date, into which log, and how far
    the books were applied then (``None`` where they reached no day, or nobody kept it)."""

    as_of: date
    business_date: date
    topic_id: str
    positions: dict[str, int] | None

    def is_of(self, evaluation: Evaluation, topic_id: str) -> bool:
        """Whether it was as of the same days into the same log, so that only changes are news. The first
        books of a province are news to each of its subjects, whatever day they reach."""
        had_books, has_books = self.positions is not None, evaluation.books_through is not None
        return (self.as_of, self.business_date, self.topic_id, had_books) == (
            evaluation.as_of,
            evaluation.business_date,
            topic_id,
            has_books,
        )


def read(cursor: Cursor, *, province: str, budget_year: int) -> ToldBefore | None:
    """The last telling; ``None`` where the province was never told."""
    cursor.execute(_QUERIES["told_before"], (province, budget_year))
    row = cursor.fetchone()
    return ToldBefore(*row) if row else None


def record(cursor: Cursor, evaluation: Evaluation, topic_id: str, positions: dict[str, int]) -> None:
    """Keep that the province was told. Where its books reach no day yet nothing was said to lag
    (docs/adr/0005), and nothing that comes is late."""
    cursor.execute(
        _QUERIES["record_told"],
        (
            evaluation.province_code,
            evaluation.budget_year,
            evaluation.as_of,
            evaluation.business_date,
            topic_id,
            json.dumps(positions) if evaluation.books_through else None,
        ),
    )


def came_late(
    cursor: Cursor, before: ToldBefore | None, *, budget_year: int, projects: Sequence[str]
) -> dict[str, list[tuple[str, LateEvent]]]:
    """The events that were applied since, of days up to the day told then: by project, each with its fund
    source."""
    if before is None or before.positions is None:
        return {}
    cursor.execute(
        _QUERIES["came_late"],
        {
            "positions": json.dumps(before.positions),
            "told_as_of": before.as_of,
            "budget_year": budget_year,
            "projects": list(projects),
            "most": MOST_LATE_EVENTS,
        },
    )
    late: dict[str, list[tuple[str, LateEvent]]] = defaultdict(list)
    for project_code, fund_source, event_id, value_date in cursor.fetchall():
        late[project_code].append((fund_source, LateEvent(event_id, value_date)))
    return late
