"""Strategies for every fact, within what the doors let in."""

from __future__ import annotations

import unicodedata
from datetime import date

from hypothesis import strategies as st

from services.domain.disbursement import (
    CompletedWorkLine,
    FigureStatus,
    Movement,
    MovementKind,
    RecoveryBooking,
    Reporter,
    StatementLine,
)
from services.domain.money import MAX_MINOR_UNITS, MINOR_UNIT_DIGITS, Money
from services.domain.plan import (
    BaselineKind,
    BaselinePoint,
    BaselineSchedule,
    PlanBase,
    PlanLevel,
    PlanRevision,
)
from services.domain.reallocation import Reallocation, ReallocationSide
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration

# As the doors leave them: no invisible character, NFC, no space around.
texts = (
    st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn")), min_size=1, max_size=20)
    .map(lambda text: unicodedata.normalize("NFC", text).strip())
    .filter(bool)
)
# A code holds no white space either.
codes = texts.map(lambda text: "".join(text.split())).filter(bool)
fund_sources = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?", fullmatch=True)
years = st.integers(2000, 2100)
days = st.dates(date(1999, 1, 1), date(2101, 12, 31))
currencies = st.sampled_from(sorted(MINOR_UNIT_DIGITS))
amounts = st.integers(0, MAX_MINOR_UNITS)
money = st.builds(Money, amounts, currencies)

movements = st.builds(
    Movement,
    source=codes,
    source_ref=texts,
    project_code=codes,
    fund_source=fund_sources,
    budget_year=years,
    kind=st.sampled_from(MovementKind),
    amount=money,
    value_date=days,
    status=st.sampled_from(FigureStatus),
    reporter=st.sampled_from(Reporter),
    recovery_booking=st.sampled_from(RecoveryBooking),
    reverses_event_id=st.none() | st.uuids(),
)
statement_lines = st.builds(
    StatementLine,
    source=codes,
    source_ref=texts,
    project_code=codes,
    fund_source=fund_sources,
    budget_year=years,
    cumulative=money,
    as_of=days,
    status=st.sampled_from(FigureStatus),
    reporter=st.sampled_from(Reporter),
    revision=st.integers(0, 1000),
)
plan_revisions = st.builds(
    PlanRevision,
    source=codes,
    source_ref=texts,
    project_code=codes,
    project_name=texts,
    owner_code=codes,
    owner_name=texts,
    fund_source=fund_sources,
    province_code=st.from_regex("[0-9]{2}", fullmatch=True),
    budget_year=years,
    base=st.sampled_from(PlanBase),
    amount=money,
    decision_number=texts,
    decision_date=days,
    effective_date=days,
    level=st.sampled_from(PlanLevel),
    accountable_officer=texts | st.just(""),
    project_group=st.sampled_from(["A", "B", "C", ""]),
    district=texts | st.just(""),
    sector=texts | st.just(""),
    carried_from_year=st.just(0) | years,
    revision=st.integers(0, 1000),
)
share_points = st.builds(BaselinePoint, days, basis_points=st.integers(0, 10_000))


@st.composite
def money_points(draw: st.DrawFn) -> tuple[BaselinePoint, ...]:
    currency = draw(currencies)
    points = st.builds(lambda day, amount: BaselinePoint(day, amount=Money(amount, currency)), days, amounts)
    return tuple(draw(st.lists(points, min_size=1, max_size=8)))


baseline_schedules = st.builds(
    BaselineSchedule,
    source=codes,
    source_ref=texts,
    kind=st.sampled_from(BaselineKind),
    scope_code=codes,
    budget_year=years,
    points=st.lists(share_points, min_size=1, max_size=8).map(tuple) | money_points(),
    decision_number=texts,
    effective_date=days,
    rate_base=codes,
    revision=st.integers(0, 1000),
)


@st.composite
def _sides(draw: st.DrawFn) -> tuple[ReallocationSide, ...]:
    currency = draw(currencies)
    each = st.builds(
        lambda code, fund, before, after: ReallocationSide(
            code, fund, Money(before, currency), Money(after, currency)
        ),
        codes,
        fund_sources,
        amounts,
        amounts,
    )
    return tuple(draw(st.lists(each, min_size=1, max_size=6)))


reallocations = st.builds(
    Reallocation,
    source=codes,
    source_ref=texts,
    budget_year=years,
    decision_number=texts,
    decision_date=days,
    effective_date=days,
    sides=_sides(),
    revision=st.integers(0, 1000),
)
completed_work_lines = st.builds(
    CompletedWorkLine,
    source=codes,
    source_ref=texts,
    project_code=codes,
    budget_year=years,
    cumulative=money,
    as_of=days,
    status=st.sampled_from(FigureStatus),
    revision=st.integers(0, 1000),
)
_register_fields = {
    "source": codes,
    "source_ref": texts,
    "province_code": st.from_regex("[0-9]{2}", fullmatch=True),
    "owner_code": codes,
    "effective_date": days,
    "revision": st.integers(0, 1000),
}
project_registrations = st.builds(
    ProjectRegistration,
    **_register_fields,
    project_code=codes,
    project_name=texts,
    project_group=st.sampled_from(["A", "B", "C", ""]),
    district=texts | st.just(""),
    sector=texts | st.just(""),
    starts_on=st.none() | days,
    closed_on=st.none() | days,
    total_investment=st.none() | money,
)
owner_registrations = st.builds(
    OwnerRegistration,
    **_register_fields,
    owner_name=texts,
    head_name=texts | st.just(""),
    head_post=texts | st.just(""),
    supervisor_name=texts | st.just(""),
)
officer_assignments = st.builds(
    OfficerAssignment,
    **_register_fields,
    project_code=codes | st.just(""),
    officer_name=texts,
    officer_post=texts | st.just(""),
    officer_email=st.sampled_from(["", "lan@camau.example", "can.bo@so-khdt.example"]),
)
every_fact = st.one_of(
    movements,
    statement_lines,
    completed_work_lines,
    plan_revisions,
    reallocations,
    baseline_schedules,
    project_registrations,
    owner_registrations,
    officer_assignments,
)
