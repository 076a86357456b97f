"""Rules that span the fields of a fact, or the facts of a request. Faults are returned, never raised.

What one field may hold is in ``field_rules.py``; the doors of ingest ask it before there is a fact.
Texts that an officer reads are in Vietnamese first, then in English.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from uuid import UUID

from services.domain import curve_rules, field_rules, fiscal_calendar, reallocation_rules
from services.domain.disbursement import (
    CompletedWorkLine,
    FigureStatus,
    Movement,
    MovementKind,
    StatementLine,
)
from services.domain.field_rules import Fact
from services.domain.money import LEDGER_CURRENCY, Money
from services.domain.plan import BaselineSchedule, PlanBase, PlanRevision
from services.domain.reallocation import Reallocation
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.domain.rejection import Rejection, RejectionCode, vi

__all__ = [
    "Fact",
    "Rejection",
    "RejectionCode",
    "across_fields",
    "check",
    "contradictions",
    "outside_project_days",
]


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
        case Movement() | StatementLine() | CompletedWorkLine():
            return list(_of_money(fact, business_date))
        case PlanRevision() | Reallocation():
            return list(_of_decision(fact, business_date))
        case BaselineSchedule():
            return list(_of_curve(fact))
        case ProjectRegistration():
            investment = fact.total_investment
            return [*_open_days(fact), *_currency(*([investment] if investment else []))]
        case OwnerRegistration() | OfficerAssignment():
            return []


def _of_money(fact: Movement | StatementLine | CompletedWorkLine, business_date: date) -> Iterator[Rejection]:
    match fact:
        case Movement():
            yield from _paid_on("value_date", fact.value_date, fact.budget_year)
            yield from _not_yet("value_date", fact.value_date, fact, business_date)
            yield from _currency(fact.amount)
            yield from _reversal(fact)
        case StatementLine() | CompletedWorkLine():
            # Only money is carried over: the value of work is stated within the year.
            day_rule = _paid_on if isinstance(fact, StatementLine) else _in_year
            yield from day_rule("as_of", fact.as_of, fact.budget_year)
            yield from _not_yet("as_of", fact.as_of, fact, business_date)
            yield from _currency(fact.cumulative)


def _of_decision(fact: PlanRevision | Reallocation, business_date: date) -> Iterator[Rejection]:
    yield from _decision_date("decision_date", fact.decision_date, fact.budget_year)
    yield from _not_after("decision_date", fact.decision_date, business_date)
    yield from _decision_date("effective_date", fact.effective_date, fact.budget_year)
    match fact:
        case PlanRevision():
            yield from _currency(fact.amount)
            yield from _carried_over(fact)
        case Reallocation():
            yield from _currency(*(amount for side in fact.sides for amount in side.amounts))
            yield from reallocation_rules.balanced(fact)


def _of_curve(fact: BaselineSchedule) -> Iterator[Rejection]:
    yield from _decision_date("effective_date", fact.effective_date, fact.budget_year)
    yield from curve_rules.scope(fact)
    yield from _points_in_year(fact)
    yield from _currency(*(point.amount for point in fact.points if point.amount))
    yield from curve_rules.one_measure(fact)
    yield from curve_rules.rising(fact.points)


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
        f"ngoài thời gian giải ngân kế hoạch năm {budget_year} (từ {vi(first)}, kể cả vốn kéo dài đến "
        f"{vi(last)}) / money of the plan of {budget_year} is paid from {first}, carried-over capital "
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
            f"sau ngày {vi(latest)}, chưa đến / after {latest}, which is still to come",
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
            f"quyết định của năm {budget_year} phải từ {vi(earliest)} đến {vi(latest)} / "
            f"a decision on {budget_year} is dated from {earliest} to {latest}",
            "kiểm tra ngày và năm ngân sách / check the date and the budget year",
        )


def _outside_year(field: str, day: date, budget_year: int) -> Rejection:
    first, last = fiscal_calendar.first_day(budget_year), fiscal_calendar.closing_day(budget_year)
    return Rejection(
        RejectionCode.OUTSIDE_BUDGET_YEAR,
        field,
        day.isoformat(),
        f"ngoài năm ngân sách {budget_year} (từ {vi(first)} đến {vi(last)}) / "
        f"outside the budget year {budget_year}, which runs from {first} to {last}",
        "sửa ngày hoặc năm ngân sách / mend the date or the budget year",
    )


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
            f"trước ngày bắt đầu {vi(project.starts_on)} / before the project starts on {project.starts_on}",
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
            f"dự án {fact.project_code} bắt đầu ngày {vi(starts_on)} / "
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
            f"dự án {movement.project_code} đã đóng ngày {vi(closed_on)} / "
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


def _points_in_year(schedule: BaselineSchedule) -> Iterator[Rejection]:
    for point in schedule.points:
        yield from _in_year("points", point.day, schedule.budget_year)
