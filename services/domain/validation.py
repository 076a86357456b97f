"""Rules that span the fields of a fact, or the facts of a request. Faults are returned, never raised.

What one field may hold is in ``field_rules.py``; the doors of ingest ask it before there is a fact.
Texts that an officer reads are in Vietnamese first, then in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from services.domain import field_rules, fiscal_calendar
from services.domain.disbursement import (
    CompletedWorkLine,
    FigureStatus,
    Movement,
    MovementKind,
    StatementLine,
)
from services.domain.field_rules import Fact
from services.domain.money import LEDGER_CURRENCY, Money
from services.domain.plan import (
    NATIONAL_SCOPE,
    BaselineKind,
    BaselinePoint,
    BaselineSchedule,
    PlanBase,
    PlanRevision,
)
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration

__all__ = [
    "Fact",
    "Rejection",
    "RejectionCode",
    "across_fields",
    "check",
    "contradictions",
    "outside_project_days",
]


class RejectionCode(StrEnum):
    """Stable codes, each with its cause and remedy in docs/ERRORS.md."""

    MALFORMED_FIELD = "malformed-field"
    OUTSIDE_BUDGET_YEAR = "outside-budget-year"
    AFTER_BUSINESS_DATE = "after-business-date"
    DATE_IMPLAUSIBLE = "date-implausible"
    REVERSAL_WITHOUT_REFERENCE = "reversal-without-reference"
    REFERENCE_WITHOUT_REVERSAL = "reference-without-reversal"
    REVERSES_ITSELF = "reverses-itself"
    CURRENCY_NOT_KEPT = "currency-not-kept"
    MIXED_CURRENCIES = "mixed-currencies"
    MIXED_MEASURES = "mixed-measures"
    REPEATED_DATE = "repeated-date"
    FALLING_CURVE = "falling-curve"
    SCOPE_MISMATCH = "scope-mismatch"
    CONTRADICTS_ITSELF = "contradicts-itself"
    CARRY_OVER_YEAR = "carry-over-year"
    CLOSED_BEFORE_START = "closed-before-start"
    PROJECT_NOT_STARTED = "project-not-started"
    PROJECT_CLOSED = "project-closed"


@dataclass(frozen=True, slots=True)
class Rejection:
    """One fault of one fact: what is wrong with ``field`` (the sender's name of it) and how to mend it."""

    code: RejectionCode
    field: str
    read: str
    detail: str
    mend: str


def check(fact: Fact, *, business_date: date) -> list[Rejection]:
    """Every fault of the fact on the day ``business_date``; empty when it is sound."""
    malformed = [
        Rejection(
            RejectionCode.MALFORMED_FIELD,
            field,
            "",
            f"không hợp lệ / {fault}",
            "xem giới hạn trong tài liệu API / see the bound in the API description",
        )
        for field, fault in field_rules.faults(fact)
    ]
    # The rules across fields count on fields that are what they should be.
    return malformed or across_fields(fact, business_date=business_date)


def across_fields(fact: Fact, *, business_date: date) -> list[Rejection]:
    """The faults between the fields of a fact whose fields are sound each: its model has seen to that."""
    match fact:
        case Movement():
            return [
                *_paid_on("value_date", fact.value_date, fact.budget_year),
                *_not_yet("value_date", fact.value_date, fact, business_date),
                *_currency(fact.amount),
                *_reversal(fact),
            ]
        case StatementLine():
            return [
                *_paid_on("as_of", fact.as_of, fact.budget_year),
                *_not_yet("as_of", fact.as_of, fact, business_date),
                *_currency(fact.cumulative),
            ]
        case CompletedWorkLine():
            return [
                *_in_year("as_of", fact.as_of, fact.budget_year),
                *_not_yet("as_of", fact.as_of, fact, business_date),
                *_currency(fact.cumulative),
            ]
        case PlanRevision():
            return [
                *_decision_date("decision_date", fact.decision_date, fact.budget_year),
                *_not_after("decision_date", fact.decision_date, business_date),
                *_decision_date("effective_date", fact.effective_date, fact.budget_year),
                *_currency(fact.amount),
                *_carried_over(fact),
            ]
        case BaselineSchedule():
            return [
                *_decision_date("effective_date", fact.effective_date, fact.budget_year),
                *_scope(fact),
                *_points_in_year(fact),
                *_currency(*(point.amount for point in fact.points if point.amount)),
                *_one_measure(fact),
                *_rising(fact.points),
            ]
        case ProjectRegistration():
            investment = fact.total_investment
            return [*_open_days(fact), *_currency(*([investment] if investment else []))]
        case OwnerRegistration() | OfficerAssignment():
            return []


def outside_project_days(fact: Fact, *, starts_on: date | None, closed_on: date | None) -> list[Rejection]:
    """The faults of money outside the days on which its project may move money, as its register says them;
    ``None`` where it says none."""
    match fact:
        case Movement():
            return [
                *_not_before_start(fact, "value_date", fact.value_date, starts_on),
                *_not_after_closing(fact, closed_on),
            ]
        case StatementLine() | CompletedWorkLine() if fact.cumulative.minor_units:
            # Money of the past is still stated when a project is closed; none is before it started.
            return list(_not_before_start(fact, "as_of", fact.as_of, starts_on))
        case _:
            return []


def contradictions(facts: Sequence[Fact]) -> list[tuple[int, Rejection]]:
    """Facts of one request that share an event id with an earlier one and state something else.

    Each with its index. The same content twice is no fault: the second is a duplicate.
    """
    first_of: dict[UUID, int] = {}
    found = []
    for index, fact in enumerate(facts):
        first = first_of.setdefault(fact.event_id, index)
        if first != index and facts[first].content_hash != fact.content_hash:
            rejection = Rejection(
                RejectionCode.CONTRADICTS_ITSELF,
                "source_ref",
                fact.source_ref,
                f"mục thứ {index + 1} trùng tham chiếu với mục thứ {first + 1} nhưng khác nội dung / "
                f"item {index + 1} has the reference of item {first + 1} and states something else",
                "giữ một trong hai, hoặc đổi tham chiếu / keep one of the two, or change its reference",
            )
            found.append((index, rejection))
    return found


# --- dates -------------------------------------------------------------------------------------


def _in_year(field: str, day: date, budget_year: int) -> Iterator[Rejection]:
    """The thirteen months of Law 39/2019/QH14, art. 68."""
    if not fiscal_calendar.is_in_budget_year(day, budget_year):
        yield _outside_year(field, day, budget_year)


def _paid_on(field: str, day: date, budget_year: int) -> Iterator[Rejection]:
    """Money of the year's plan: in its thirteen months, or carried over into a later year. Whether a decision
    carries it over is for the books to show: decisions and payments arrive in any order."""
    first, last = fiscal_calendar.first_day(budget_year), fiscal_calendar.last_carried_day(budget_year)
    if first <= day <= last:
        return
    yield Rejection(
        RejectionCode.OUTSIDE_BUDGET_YEAR,
        field,
        day.isoformat(),
        f"ngoài thời gian giải ngân kế hoạch năm {budget_year} (từ {_vi(first)}, kể cả vốn kéo dài đến "
        f"{_vi(last)}) / money of the plan of {budget_year} is paid from {first}, carried-over capital "
        f"included to {last}",
        "sửa ngày hoặc năm ngân sách / mend the date or the budget year",
    )


def _not_yet(
    field: str, day: date, fact: Movement | StatementLine | CompletedWorkLine, business_date: date
) -> Iterator[Rejection]:
    """An estimated outturn (ước thực hiện) is told before its month ends; it counts when the day has come."""
    is_estimate = fact.status is FigureStatus.ESTIMATE
    yield from _not_after(
        field, day, fiscal_calendar.month_end(business_date) if is_estimate else business_date
    )


def _not_after(field: str, day: date, latest: date) -> Iterator[Rejection]:
    if day > latest:
        yield Rejection(
            RejectionCode.AFTER_BUSINESS_DATE,
            field,
            day.isoformat(),
            f"sau ngày {_vi(latest)}, chưa đến / after {latest}, which is still to come",
            "kiểm tra ngày; gửi lại khi đã đến ngày / check the date; send it when the day has come",
        )


def _decision_date(field: str, day: date, budget_year: int) -> Iterator[Rejection]:
    """A plan is decided from the year before (December as a rule) and adjusted until it is settled, in
    the year after. Further off, the year or the date is a slip of the pen."""
    earliest, latest = date(budget_year - 1, 1, 1), date(budget_year + 1, 12, 31)
    if not earliest <= day <= latest:
        yield Rejection(
            RejectionCode.DATE_IMPLAUSIBLE,
            field,
            day.isoformat(),
            f"quyết định của năm {budget_year} phải từ {_vi(earliest)} đến {_vi(latest)} / "
            f"a decision on {budget_year} is dated from {earliest} to {latest}",
            "kiểm tra ngày và năm ngân sách / check the date and the budget year",
        )


def _outside_year(field: str, day: date, budget_year: int) -> Rejection:
    first, last = fiscal_calendar.first_day(budget_year), fiscal_calendar.closing_day(budget_year)
    return Rejection(
        RejectionCode.OUTSIDE_BUDGET_YEAR,
        field,
        day.isoformat(),
        f"ngoài năm ngân sách {budget_year} (từ {_vi(first)} đến {_vi(last)}) / "
        f"outside the budget year {budget_year}, which runs from {first} to {last}",
        "sửa ngày hoặc năm ngân sách / mend the date or the budget year",
    )


def _vi(day: date) -> str:
    return f"{day:%d/%m/%Y}"


# --- amounts -----------------------------------------------------------------------------------


def _currency(*amounts: Money) -> Iterator[Rejection]:
    """The books are kept in one currency: another would be taken in and never counted."""
    others = sorted({amount.currency for amount in amounts} - {LEDGER_CURRENCY})
    if others:
        yield Rejection(
            RejectionCode.CURRENCY_NOT_KEPT,
            "currency",
            ", ".join(others),
            f"sổ ghi bằng {LEDGER_CURRENCY} / the books are kept in {LEDGER_CURRENCY}",
            "ghi số tiền đồng mà Kho bạc đã hạch toán / state the đồng that the Treasury booked",
        )


# --- plans and the register --------------------------------------------------------------------


def _carried_over(revision: PlanRevision) -> Iterator[Rejection]:
    """Carry-over capital names the earlier year whose plan it comes from; no other base does."""
    year = revision.carried_from_year
    is_carried = revision.base is PlanBase.CARRY_OVER
    if is_carried and year not in range(field_rules.BUDGET_YEARS.start, revision.budget_year):
        yield Rejection(
            RejectionCode.CARRY_OVER_YEAR,
            "carried_from_year",
            str(year),
            f"vốn kéo dài sang năm {revision.budget_year} phải từ kế hoạch của một năm trước đó / "
            f"capital carried over into {revision.budget_year} comes from the plan of an earlier year",
            f"ghi năm của kế hoạch được kéo dài, ví dụ {revision.budget_year - 1} / "
            f"give the year whose plan is carried over, for example {revision.budget_year - 1}",
        )
    if not is_carried and year:
        yield Rejection(
            RejectionCode.CARRY_OVER_YEAR,
            "carried_from_year",
            str(year),
            "chỉ vốn kéo dài mới nêu năm của kế hoạch cũ / "
            "only carry-over capital names the year of an earlier plan",
            "bỏ năm này, hoặc đổi loại kế hoạch thành carry_over / "
            "leave the year out, or make the base carry_over",
        )


def _open_days(project: ProjectRegistration) -> Iterator[Rejection]:
    if project.starts_on and project.closed_on and project.closed_on < project.starts_on:
        yield Rejection(
            RejectionCode.CLOSED_BEFORE_START,
            "closed_on",
            project.closed_on.isoformat(),
            f"trước ngày bắt đầu {_vi(project.starts_on)} / before the project starts on {project.starts_on}",
            "sửa một trong hai ngày / mend one of the two dates",
        )


def _not_before_start(
    fact: Movement | StatementLine | CompletedWorkLine, field: str, day: date, starts_on: date | None
) -> Iterator[Rejection]:
    if starts_on and day < starts_on:
        yield Rejection(
            RejectionCode.PROJECT_NOT_STARTED,
            field,
            day.isoformat(),
            f"dự án {fact.project_code} bắt đầu ngày {_vi(starts_on)} / "
            f"the project {fact.project_code} starts on {starts_on}",
            "kiểm tra ngày và mã dự án, hoặc gửi danh mục dự án với ngày bắt đầu đúng / "
            "check the date and the project, or register the project with its true start",
        )


def _not_after_closing(movement: Movement, closed_on: date | None) -> Iterator[Rejection]:
    """A mistake is taken back whenever it is found."""
    is_correction = movement.kind is MovementKind.REVERSAL
    if closed_on and movement.value_date > closed_on and not is_correction:
        yield Rejection(
            RejectionCode.PROJECT_CLOSED,
            "value_date",
            movement.value_date.isoformat(),
            f"dự án {movement.project_code} đã đóng ngày {_vi(closed_on)} / "
            f"the project {movement.project_code} was closed on {closed_on}",
            "kiểm tra ngày và mã dự án, hoặc gửi danh mục dự án với ngày đóng mới / "
            "check the date and the project, or register the project with its new closing day",
        )


# --- movements ---------------------------------------------------------------------------------


def _reversal(movement: Movement) -> Iterator[Rejection]:
    field = "reverses_event_id"
    if movement.kind is MovementKind.REVERSAL and movement.reverses_event_id is None:
        yield Rejection(
            RejectionCode.REVERSAL_WITHOUT_REFERENCE,
            field,
            "",
            "bút toán đảo không nêu bút toán bị đảo / a reversal names the movement it cancels",
            "ghi mã sự kiện của bút toán bị đảo / give the event id of the movement it cancels",
        )
    if movement.kind is not MovementKind.REVERSAL and movement.reverses_event_id is not None:
        yield Rejection(
            RejectionCode.REFERENCE_WITHOUT_REVERSAL,
            field,
            str(movement.reverses_event_id),
            "chỉ bút toán đảo mới nêu bút toán bị đảo / only a reversal names a movement it cancels",
            "bỏ mã này, hoặc đổi loại thành reversal / leave it out, or make the kind reversal",
        )
    if movement.reverses_event_id is not None and movement.reverses_event_id == movement.event_id:
        yield Rejection(
            RejectionCode.REVERSES_ITSELF,
            field,
            str(movement.reverses_event_id),
            "bút toán không thể đảo chính nó / a movement cannot cancel itself",
            "ghi mã sự kiện của bút toán bị đảo / give the event id of the movement it cancels",
        )


# --- curves ------------------------------------------------------------------------------------


def _scope(schedule: BaselineSchedule) -> Iterator[Rejection]:
    code = schedule.scope_code
    is_province = re.fullmatch("[0-9]{2}", code) is not None
    is_nation = code == NATIONAL_SCOPE
    fits, vietnamese, english = {
        BaselineKind.REGISTERED: (not is_province and not is_nation, "một mã dự án", "a project's code"),
        BaselineKind.TARGET: (is_province, "mã tỉnh hai chữ số", "a province's two digits"),
        BaselineKind.NATIONAL: (is_nation, NATIONAL_SCOPE, NATIONAL_SCOPE),
    }[schedule.kind]
    if not fits:
        yield Rejection(
            RejectionCode.SCOPE_MISMATCH,
            "scope_code",
            code,
            f"đường {schedule.kind} phải có phạm vi là {vietnamese} / "
            f"the scope of a {schedule.kind} curve is {english}",
            "sửa phạm vi hoặc loại đường / mend the scope or the kind",
        )


def _points_in_year(schedule: BaselineSchedule) -> Iterator[Rejection]:
    for point in schedule.points:
        yield from _in_year("points", point.day, schedule.budget_year)


def _one_measure(schedule: BaselineSchedule) -> Iterator[Rejection]:
    """Amounts beside shares, or two currencies, cannot be told to rise."""
    currencies = sorted({point.amount.currency for point in schedule.points if point.amount})
    if len(currencies) > 1:
        yield Rejection(
            RejectionCode.MIXED_CURRENCIES,
            "points",
            ", ".join(currencies),
            "một đường chỉ dùng một loại tiền / one curve is in one currency",
            "tách thành từng đường / send a curve for each",
        )
    if currencies and any(point.amount is None for point in schedule.points):
        yield Rejection(
            RejectionCode.MIXED_MEASURES,
            "points",
            "",
            "một đường dùng hoặc tỷ lệ hoặc số tiền, không dùng cả hai / "
            "one curve is in shares or in amounts, not in both",
            "đổi hết về một cách ghi / state every point in the same way",
        )


def _rising(points: Sequence[BaselinePoint]) -> Iterator[Rejection]:
    for before, after in pairwise(sorted(points, key=lambda point: point.day)):
        if after.day == before.day:
            yield Rejection(
                RejectionCode.REPEATED_DATE,
                "points",
                after.day.isoformat(),
                f"ngày {_vi(after.day)} có hai điểm / two points on {after.day}",
                "giữ một điểm cho mỗi ngày / keep one point a day",
            )
        elif _falls(before, after):
            yield Rejection(
                RejectionCode.FALLING_CURVE,
                "points",
                after.day.isoformat(),
                f"số lũy kế giảm từ {_vi(before.day)} đến {_vi(after.day)} / "
                f"the cumulative figure falls from {before.day} to {after.day}",
                "ghi số lũy kế từ 01/01 / state what is cumulative from 1 January",
            )


def _falls(before: BaselinePoint, after: BaselinePoint) -> bool:
    if before.basis_points is not None and after.basis_points is not None:
        return after.basis_points < before.basis_points
    if before.amount and after.amount and before.amount.currency == after.amount.currency:
        return after.amount.minor_units < before.amount.minor_units
    return False
