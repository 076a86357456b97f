"""The only place that asks what time it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock, and the business date: set by the operator, or today in Vietnam."""

    fixed_business_date: date | None = None

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)

    def business_date(self) -> date:
        """The day the system works on."""
        return self.fixed_business_date or datetime.now(VIETNAM).date()
