"""What the books themselves make doubtful: advance outstanding below zero on a line of a series.

More was recovered than was advanced. That is a finding and never a rejection: sources arrive out of order,
and the advance may come tomorrow. It is worked out when it is asked, so that it goes away with its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from services.aggregation.asked import Asked
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import is_in_budget_year
from services.runtime.access import Unit
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")

ADVANCE_BELOW_ZERO = "advance-below-zero"
MOST_EVENTS = 20

_SERIES = {
    Series.TREASURY_VOUCHERS: ("chứng từ kho bạc", "vouchers of the treasury"),
    Series.TREASURY_STATEMENTS: ("báo cáo lũy kế kho bạc", "statements of the treasury"),
    Series.OWNER_VOUCHERS: ("chứng từ chủ đầu tư", "vouchers of the owner"),
    Series.OWNER_STATEMENTS: ("báo cáo lũy kế chủ đầu tư", "statements of the owner"),
}

# Estimates are kept apart: the advance that one will recover was booked, and stands in another series.
_COUNTED = [str(series) for series in _SERIES]


@dataclass(frozen=True, slots=True)
class BelowZero:
    """A line and series whose advance outstanding is ``amount`` đồng below zero, since a value date.

    ``events``: the latest that took from it since, at most ``MOST_EVENTS`` of ``events_total``.
    """

    project_code: str
    fund_source: str
    series: str
    amount: int
    since: date
    project_name: str | None
    province_code: str | None
    owner_code: str | None
    owner_name: str | None
    accountable_officer: str | None
    events: Sequence[dict[str, Any]]
    events_total: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.project_code, self.fund_source, self.series


@dataclass(frozen=True, slots=True)
class Where:
    """Which lines are looked at; empty is all of them."""

    unit: Unit
    province: str | None = None
    owner: str | None = None
    project_code: str | None = None


def advances_below_zero(
    cursor: Cursor, about: Asked, where: Where, *, after: Sequence[int | str] | None, limit: int
) -> list[BelowZero]:
    """By project, fund source and series, behind the key ``after``."""
    cursor.execute(
        _QUERIES["advances_below_zero"],
        {
            **about.when,
            "project_code": where.project_code,
            "province": where.province,
            "owner": where.owner,
            "unit_province": where.unit.province_code,
            "unit_owner": where.unit.owner_code,
            "after": list(after) if after else None,
            "limit": limit,
            "events": MOST_EVENTS,
            "series": _COUNTED,
        },
    )
    return [BelowZero(*row) for row in cursor.fetchall()]


def count_open(cursor: Cursor, business_date: date) -> int:
    """How many there are on the business date, in the budget years that are open then."""
    years = [
        year
        for year in (business_date.year - 1, business_date.year)
        if is_in_budget_year(business_date, year)
    ]
    cursor.execute(
        _QUERIES["count_advances_below_zero"], {"years": years, "as_of": business_date, "series": _COUNTED}
    )
    row = cursor.fetchone()
    return row[0] if row else 0


def told(found: BelowZero, fund_sources: FundSourceNames) -> str:
    """The finding in Vietnamese and English, with what usually stands behind it."""
    by_vi, by_en = _SERIES[Series(found.series)]
    fund_vi = fund_sources.in_language(found.fund_source, "vi")
    fund_en = fund_sources.in_language(found.fund_source, "en")
    amount = f"{found.amount:,}"
    return (
        f"Dự án {found.project_code}, nguồn vốn {fund_vi}, theo {by_vi}: tạm ứng chưa thu hồi âm "
        f"{amount.replace(',', '.')} đồng từ ngày {found.since:%d/%m/%Y}, tức đã thu hồi nhiều hơn đã tạm "
        "ứng. Thường do chứng từ tạm ứng chưa gửi đến, thu hồi ghi hai lần, hoặc ghi vào nguồn vốn hay năm "
        "ngân sách khác. Hãy đối chiếu các chứng từ kèm theo. / "
        f"Project {found.project_code}, {fund_en}, by the {by_en}: advance outstanding is VND {amount} below "
        f"zero since {found.since.isoformat()}: more was recovered than was advanced. Usually the voucher of "
        "the advance has not come yet, a recovery was booked twice, or on another fund source or budget "
        "year. Compare the vouchers named here."
    )
