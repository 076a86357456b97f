"""What the books themselves make doubtful: an advance outstanding below zero, money on carried-over capital
without a decision, a reallocation that disagrees with the plan it found.

Findings and never rejections: sources arrive out of order, and what is missing may come tomorrow. They are
worked out when they are asked, so that each goes away with its cause. How they are told: ``finding_texts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from services.aggregation.asked import Asked
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import is_in_budget_year
from services.runtime.access import Unit
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")

MOST_EVENTS = 20

# Estimates are kept apart: the advance that one will recover was booked, and stands in another series.
_COUNTED = [
    str(series)
    for series in (
        Series.TREASURY_VOUCHERS,
        Series.TREASURY_STATEMENTS,
        Series.OWNER_VOUCHERS,
        Series.OWNER_STATEMENTS,
    )
]


class FindingKind(StrEnum):
    """What is doubtful."""

    ADVANCE_BELOW_ZERO = "advance-below-zero"
    CARRY_OVER_WITHOUT_DECISION = "carry-over-without-decision"
    REALLOCATION_AMOUNT_DIFFERS = "reallocation-amount-differs"

    @property
    def query(self) -> str:
        """The name of the query that finds it, and of the one that counts it behind ``count_``."""
        return _QUERY_OF[self]


_QUERY_OF = {
    FindingKind.ADVANCE_BELOW_ZERO: "advances_below_zero",
    FindingKind.CARRY_OVER_WITHOUT_DECISION: "carry_over_without_decision",
    FindingKind.REALLOCATION_AMOUNT_DIFFERS: "reallocation_amount_differs",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A finding on a line, since a value date or effective date. ``amount`` in đồng: how far the advance is
    below zero; what was paid without a decision; a reallocation's amount before less what the books hold.

    ``key`` tells apart what is found on one line. ``series``: ``None`` where none is concerned. ``events``:
    the latest behind it, at most ``MOST_EVENTS`` of ``events_total``; ``decided_by``: the reallocation.
    """

    kind: FindingKind
    project_code: str
    fund_source: str
    key: str
    series: str | None
    amount: int
    since: date
    project_name: str | None
    province_code: str | None
    owner_code: str | None
    owner_name: str | None
    accountable_officer: str | None
    events: Sequence[dict[str, Any]] | None
    events_total: int
    decision_number: str | None
    decided_by: UUID | None
    carried_from_year: int | None

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Where it stands in the order of all findings."""
        return self.kind, self.project_code, self.fund_source, self.key


@dataclass(frozen=True, slots=True)
class Where:
    """Which lines are looked at; empty is all of them."""

    unit: Unit
    province: str | None = None
    owner: str | None = None
    project_code: str | None = None


def page(
    cursor: Cursor,
    about: Asked,
    where: Where,
    *,
    counted: Sequence[Series],
    after: Sequence[int | str] | None,
    limit: int,
) -> list[Found]:
    """By kind, project, fund source and key, behind the place ``after``. ``counted``: the series that count
    for a line, the preferred first."""
    found: list[Found] = []
    for kind in sorted(FindingKind):
        if (after and kind < str(after[0])) or len(found) >= limit:
            continue
        cursor.execute(
            _QUERIES[kind.query],
            {
                **about.when,
                "project_code": where.project_code,
                "province": where.province,
                "owner": where.owner,
                "unit_province": where.unit.province_code,
                "unit_owner": where.unit.owner_code,
                "after": list(after[1:]) if after and kind == after[0] else None,
                "limit": limit - len(found),
                "events": MOST_EVENTS,
                "series": _COUNTED,
                "counted": [str(series) for series in counted],
            },
        )
        found += [Found(kind, *row) for row in cursor.fetchall()]
    return found


def count_open(cursor: Cursor, business_date: date) -> dict[FindingKind, int]:
    """How many there are on the business date, in the budget years that are open then."""
    years = [
        year
        for year in (business_date.year - 1, business_date.year)
        if is_in_budget_year(business_date, year)
    ]
    counts = {}
    for kind in FindingKind:
        cursor.execute(
            _QUERIES[f"count_{kind.query}"], {"years": years, "as_of": business_date, "series": _COUNTED}
        )
        row = cursor.fetchone()
        counts[kind] = row[0] if row else 0
    return counts
