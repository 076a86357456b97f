"""What was told of a province last, and what came since then to days that had been told."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from services.aggregation.subject_progress import MOST_LATE_EVENTS, Evaluation
from services.domain.progress import LateEvent
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")


@dataclass(frozen=True, slots=True)
class BooksSeen:
    """Where the books stand in the snapshot of a transaction.

    ``known_at`` is the instant at which the latest batch that is seen began; ``positions`` are the offsets up
    to which each partition (``<topic id>/<partition>``) is applied.
    """

    known_at: datetime | None
    ledger_watermark: int
    positions: dict[str, int]

    @classmethod
    def by(cls, cursor: Cursor) -> BooksSeen:
        cursor.execute(_QUERIES["snapshot_of_books"])
        ((known_at, watermark, positions),) = cursor.fetchall()
        return cls(known_at, watermark or 0, positions)


@dataclass(frozen=True, slots=True)
class ToldBefore:
    """The telling of a province before: as of which day, on which business date, into which log, and how far
    the books were applied then (``None`` where they reached no day, or nobody kept it)."""

    as_of: date
    business_date: date
    topic_id: str
    positions: dict[str, int] | None

    def is_of(self, evaluation: Evaluation, topic_id: str) -> bool:
        """Whether it was as of the same days into the same log, so that only changes are news."""
        return (self.as_of, self.business_date, self.topic_id) == (
            evaluation.as_of,
            evaluation.business_date,
            topic_id,
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
