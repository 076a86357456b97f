"""What a question to the books is about: a value date, a budget year, and the instant of knowledge.

``as_of`` says which movements belong to the answer; ``known_at`` says what the ledger knew by then. Together
they answer "what did we know on 30 June?", the same each time it is asked (docs/adr/0016).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.contracts.stated.days import Day, iso_day, iso_moment
from services.domain.fiscal_calendar import is_in_budget_year
from services.runtime.api import invalid
from services.runtime.clock import Clock
from services.runtime.errors import FieldError, ProblemError
from services.runtime.postgres import Cursor

# Asia/Ho_Chi_Minh since 1975; a fixed offset, so that an instant of any year can be told in it.
_VIETNAM = timezone(timedelta(hours=7))
_MEND = (
    "ghi ngày 2022-06-30 (hết ngày, giờ Việt Nam), hoặc 2022-06-30T08:00:00Z, hoặc kết thúc bằng %2B07:00 / "
    "write the day 2022-06-30 (its end in Vietnam), or 2022-06-30T08:00:00Z, or end it in %2B07:00"
)
# What was written in the last 15 s is never settled (sql/schema/0008_known_at.sql).
_RETRY_SECONDS = 15


def _instant(value: Any) -> Any:
    """A moment, or the last one of a day in Vietnam."""
    try:
        return iso_moment(value).astimezone(_VIETNAM)
    except (PydanticCustomError, OverflowError):
        pass
    try:
        return datetime.combine(iso_day(value), time.max, _VIETNAM)
    except PydanticCustomError:
        raise PydanticCustomError(
            "not_a_moment", "is no moment in ISO 8601 with its offset from UTC, and no day", {"mend": _MEND}
        ) from None


KnownAt = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    ),
]


class KnownAtQuery(BaseModel):
    """The instant of knowledge a question is about."""

    model_config = ConfigDict(extra="forbid")

    known_at: KnownAt | None = Field(
        None,
        description="As the ledger knew it at this instant: RFC 3339 with its offset, or a day for its end "
        "in Vietnam. Default: all it knows now.",
    )


class AsOfQuery(KnownAtQuery):
    """The day and year a question is about."""

    as_of: Day | None = Field(None, description="Figures up to this day. Default: the business date.")
    budget_year: int | None = Field(None, ge=2000, le=2100, description="Default: the year of as_of.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its defaults filled in. ``known_at`` is ``None`` for all the ledger knows."""

    as_of: date
    budget_year: int
    known_at: datetime | None = None

    @classmethod
    def by(cls, query: AsOfQuery, clock: Clock) -> Asked:
        """Raises the 422 problem for a day outside the budget year and for an instant to come."""
        as_of = query.as_of or clock.business_date()
        budget_year = query.budget_year or as_of.year
        if not is_in_budget_year(as_of, budget_year):
            raise invalid([_outside_budget_year(as_of, budget_year)])
        return cls(as_of, budget_year, past(query, clock))

    @property
    def when(self) -> dict[str, Any]:
        """What every read of the books is asked by."""
        return {"budget_year": self.budget_year, "as_of": self.as_of, "known_at": self.known_at}


def past(query: KnownAtQuery, clock: Clock) -> datetime | None:
    """The instant that is asked. Raises the 422 problem for one that is to come."""
    if query.known_at is None or query.known_at <= clock.now():
        return query.known_at
    raise invalid(
        [
            FieldError(
                code="in-future",
                where="known_at",
                read=query.known_at.isoformat(),
                detail="thời điểm này chưa đến; hôm nay chưa hết ngày / "
                "the instant is still to come; today has not ended yet",
                mend="ghi một thời điểm đã qua, hoặc bỏ known_at để hỏi mọi điều sổ biết đến nay / "
                "give an instant that is past, or leave known_at out for all that is known by now",
            )
        ]
    )


def require_settled(cursor: Cursor, known_at: datetime | None) -> None:
    """See that what the ledger knew at the instant can change no more, before anything else is read.

    A transaction is dated by its beginning and seen at its end. Raises the 409 problem while one that began
    before the instant may still be at work: its rows would come into an answer that was given without them.
    """
    if known_at is None:
        return
    cursor.execute("SELECT aggregation.settled_until()")
    row = cursor.fetchone()
    if row and known_at <= row[0]:
        return
    raise ProblemError(
        409,
        "not-settled",
        "Sổ chưa chốt đến thời điểm này / the books are not settled up to this instant yet",
        f"Giao dịch bắt đầu trước {known_at.isoformat()} có thể còn đang ghi. Hỏi lại sau ít giây, hoặc bỏ "
        "known_at. / Transactions that began before the instant may still be writing. Ask again in some "
        "seconds, or leave known_at out.",
        retry_after_seconds=_RETRY_SECONDS,
    )


def _outside_budget_year(as_of: date, budget_year: int) -> FieldError:
    return FieldError(
        code="outside-budget-year",
        where="as_of",
        read=as_of.isoformat(),
        detail=f"năm ngân sách {budget_year} kéo dài đến hết 31/01 năm sau / "
        f"budget year {budget_year} runs to 31 January of the next year",
        mend="ghi một ngày của năm đó, hoặc ghi đúng budget_year / "
        "give a day of the year, or its budget_year",
    )
