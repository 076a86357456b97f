"""The rules of the doors, asked of a fact that a person corrected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.aggregation import case_store, register_store
from services.aggregation.case_subject import CaseSubject, subject_of
from services.contracts.stated.one_fact import kind_of
from services.domain import validation
from services.domain.plan import PlanRevision
from services.domain.reallocation import Reallocation
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.domain.validation import Fact, Rejection
from services.runtime.access import Unit, outside_unit
from services.runtime.errors import FieldError
from services.runtime.field_faults import as_json
from services.runtime.fund_sources import FundSourceNames, fund_source_faults
from services.runtime.postgres import Cursor


def faults(
    cursor: Cursor, fact: Fact, *, business_date: date, fund_sources: FundSourceNames
) -> Iterator[FieldError]:
    """Every fault of the fact, at its place in the body."""
    place = kind_of(fact)
    for rejection in validation.check(fact, business_date=business_date):
        yield _at(place, rejection)
    yield from fund_source_faults(fact, fund_sources, place=f"{place}.")
    if isinstance(fact, Reallocation):
        for number, side in enumerate(fact.sides):
            if not _is_known(cursor, side.project_code, business_date):
                yield _unknown(f"{place}.sides.{number}.project_code", side.project_code)
    elif not isinstance(fact, PlanRevision | ProjectRegistration | OwnerRegistration):
        yield from _project(cursor, place, fact, business_date)


def _project(cursor: Cursor, place: str, fact: Fact, business_date: date) -> Iterator[FieldError]:
    code = subject_of(fact).project_code
    if not code:
        return
    if not _is_known(cursor, code, business_date):
        yield _unknown(f"{place}.project_code", code)
        return
    in_force = register_store.days_of(cursor, project_code=code, on=business_date)
    if in_force is None:
        return
    for rejection in validation.outside_project_days(
        fact, starts_on=in_force.starts_on, closed_on=in_force.closed_on
    ):
        yield _at(place, rejection)


def _is_known(cursor: Cursor, code: str, business_date: date) -> bool:
    return case_store.unit_codes(cursor, CaseSubject(code), on=business_date) != ("", "")


def _unknown(where: str, code: str) -> FieldError:
    return FieldError(
        code="unknown-project",
        where=where,
        read=as_json(code),
        detail=f"không có dự án mã {code} / there is no project {code}",
        mend="Sửa mã, hoặc gửi kế hoạch hay danh mục dự án trước. / "
        "Mend the code, or send the project's plan or registration first.",
    )


def _at(place: str, rejection: Rejection) -> FieldError:
    return FieldError(
        code=rejection.code,
        where=f"{place}.{rejection.field}",
        read=rejection.read,
        detail=rejection.detail,
        mend=rejection.mend,
    )


def is_own(cursor: Cursor, unit: Unit, fact: Fact, *, on: date) -> bool:
    """Whether what the fact is about is the unit's or under it on the day."""
    province, owner = case_store.unit_codes(cursor, subject_of(fact), on=on)
    return unit.covers(province_code=province, owner_code=owner)


def require_own(cursor: Cursor, unit: Unit, fact: Fact, *, on: date) -> None:
    """Neither may a unit state a fact of another, nor take a project over. Raises ``ProblemError`` (403)."""
    is_own_already = is_own(cursor, unit, fact, on=on)
    if isinstance(fact, PlanRevision | ProjectRegistration | OfficerAssignment):
        is_own_already &= unit.covers(province_code=fact.province_code, owner_code=fact.owner_code)
    if not is_own_already:
        raise outside_unit()
