"""The rules of the doors, asked of a fact that a person corrected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.aggregation import case_store, register_store
from services.aggregation.case_subject import CaseSubject, subject_of
from services.contracts.stated.one_fact import kind_of
from services.domain import validation
from services.domain.disbursement import Movement, MovementKind
from services.domain.plan import PlanRevision
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.domain.validation import Fact
from services.runtime.access import Unit, outside_unit
from services.runtime.errors import FieldError
from services.runtime.field_faults import as_json
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import Cursor


def faults(
    cursor: Cursor, fact: Fact, *, business_date: date, fund_sources: FundSourceNames
) -> Iterator[FieldError]:
    """Every fault of the fact, at its place in the body."""
    place = kind_of(fact)
    for rejection in validation.check(fact, business_date=business_date):
        yield FieldError(
            code=rejection.code,
            where=f"{place}.{rejection.field}",
            read=rejection.read,
            detail=rejection.detail,
            mend=rejection.mend,
        )
    fund_source = getattr(fact, "fund_source", None)
    if fund_source is not None and fund_source not in fund_sources.by_code:
        yield FieldError(
            code="unknown-choice",
            where=f"{place}.fund_source",
            read=as_json(fund_source),
            detail="Không có trong danh mục. / Not one of the known values.",
            mend="Dùng một mã trong mô tả API. / Use a code of the API description.",
        )
    if not isinstance(fact, PlanRevision | ProjectRegistration | OwnerRegistration):
        yield from _project(cursor, place, fact)


def _project(cursor: Cursor, place: str, fact: Fact) -> Iterator[FieldError]:
    code = subject_of(fact).project_code
    if not code:
        return
    if case_store.unit_codes(cursor, CaseSubject(code)) == ("", ""):
        yield FieldError(
            code="unknown-project",
            where=f"{place}.project_code",
            read=as_json(code),
            detail=f"không có dự án mã {code} / there is no project {code}",
            mend="Sửa mã, hoặc gửi kế hoạch hay danh mục dự án trước. / "
            "Mend the code, or send the project's plan or registration first.",
        )
    elif isinstance(fact, Movement):
        yield from _open(cursor, place, fact)


def _open(cursor: Cursor, place: str, movement: Movement) -> Iterator[FieldError]:
    """Money moves from the project's start to its closing; a mistake is taken back whenever it is found."""
    registered = register_store.registration(cursor, project_code=movement.project_code, as_of=date.max)
    if registered is None:
        return
    starts_on, closed_on, day = registered.starts_on, registered.closed_on, movement.value_date
    if starts_on and day < starts_on:
        yield FieldError(
            code="project-not-started",
            where=f"{place}.value_date",
            read=day.isoformat(),
            detail=f"dự án bắt đầu ngày {starts_on:%d/%m/%Y} / the project starts on {starts_on}",
            mend="kiểm tra ngày và mã dự án / check the date and the project",
        )
    if closed_on and day > closed_on and movement.kind is not MovementKind.REVERSAL:
        yield FieldError(
            code="project-closed",
            where=f"{place}.value_date",
            read=day.isoformat(),
            detail=f"dự án đã đóng ngày {closed_on:%d/%m/%Y} / the project was closed on {closed_on}",
            mend="kiểm tra ngày và mã dự án / check the date and the project",
        )


def require_own(cursor: Cursor, unit: Unit, fact: Fact) -> None:
    """Neither may a unit state a fact of another, nor take a project over. Raises ``ProblemError`` (403)."""
    subject = subject_of(fact)
    owners = [case_store.unit_codes(cursor, subject)]
    if isinstance(fact, PlanRevision | ProjectRegistration | OfficerAssignment):
        owners.append((fact.province_code, fact.owner_code))
    if not all(unit.covers(province_code=province, owner_code=owner) for province, owner in owners):
        raise outside_unit()
