"""What senders state, by one set of rules for JSON, files and the command line.

Strict: a number is not taken for a text, a float never for money, an unknown field is refused. Dates
are ISO 8601. ``fact()`` gives the domain object; what spans fields is judged by
``services.domain.validation``.
"""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.contracts.stated.days import Day
from services.contracts.stated.field_types import (
    Amount,
    AmountAboveZero,
    BudgetYear,
    Code,
    Currency,
    Email,
    FundSource,
    Name,
    ProvinceCode,
    Reference,
    Text,
)
from services.contracts.stated.stated_item import Revision, Stated, reference_of
from services.domain.disbursement import (
    CompletedWorkLine,
    FigureStatus,
    Movement,
    MovementKind,
    RecoveryBooking,
    Reporter,
    StatementLine,
)
from services.domain.money import Money
from services.domain.plan import (
    WHOLE_PLAN_BASIS_POINTS,
    BaselineKind,
    BaselinePoint,
    BaselineSchedule,
    PlanBase,
    PlanLevel,
    PlanRevision,
)
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration

MAX_MOVEMENTS = 1_000


class MovementIn(Stated):
    """One dated movement of money."""

    source: Code = Field(description="The system or office that states it, for example kbnn.ca-mau.")
    source_ref: Reference = Field(description="Its own reference, unique within the source.")
    project_code: Code
    fund_source: FundSource = Field(description="Dotted code, for example central.sector.")
    budget_year: BudgetYear
    kind: MovementKind
    amount: AmountAboveZero = Field(description="Minor units above zero (đồng), digits or integer.")
    currency: Currency = "VND"
    value_date: Day = Field(description="The day it was booked.")
    status: FigureStatus = FigureStatus.ACTUAL
    reporter: Reporter = Reporter.TREASURY
    recovery_booking: RecoveryBooking = RecoveryBooking.GROSS
    reverses_event_id: UUID | None = Field(None, description="For a reversal: the movement it cancels.")

    def fact(self) -> Movement:
        return Movement(
            source=self.source,
            source_ref=self.source_ref,
            project_code=self.project_code,
            fund_source=self.fund_source,
            budget_year=self.budget_year,
            kind=self.kind,
            amount=Money(self.amount, self.currency),
            value_date=self.value_date,
            status=self.status,
            reporter=self.reporter,
            recovery_booking=self.recovery_booking,
            reverses_event_id=self.reverses_event_id,
        )


class StatementLineIn(Stated):
    """One line of a cumulative statement (lũy kế)."""

    source: Code
    project_code: Code
    fund_source: FundSource
    budget_year: BudgetYear
    cumulative: Amount = Field(
        description="Disbursed from 1 January to the date, minor units. After 31 January of the next year: "
        "of the capital carried over from the budget year alone."
    )
    currency: Currency = "VND"
    as_of: Day = Field(description="The date up to which the statement counts.")
    status: FigureStatus = FigureStatus.ACTUAL
    reporter: Reporter = Reporter.TREASURY
    revision: Revision = 0

    def fact(self) -> StatementLine:
        # The business key, never a row number: the same statement sent by any door is the same event.
        key = (
            "lk",
            self.reporter,
            self.status,
            self.project_code,
            self.fund_source,
            self.budget_year,
            self.as_of.isoformat(),
            self.revision,
        )
        return StatementLine(
            source=self.source,
            source_ref="/".join(str(part) for part in key),
            project_code=self.project_code,
            fund_source=self.fund_source,
            budget_year=self.budget_year,
            cumulative=Money(self.cumulative, self.currency),
            as_of=self.as_of,
            status=self.status,
            reporter=self.reporter,
            revision=self.revision,
        )


class CompletedWorkLineIn(Stated):
    """One line of an owner's report of completed work (giá trị khối lượng hoàn thành)."""

    source: Code
    project_code: Code
    budget_year: BudgetYear
    cumulative: Amount = Field(description="Value of the work from 1 January to the date, minor units.")
    currency: Currency = "VND"
    as_of: Day = Field(description="The date up to which the report counts.")
    status: FigureStatus = FigureStatus.ACTUAL
    revision: Revision = 0

    def fact(self) -> CompletedWorkLine:
        key = ("kl", self.status, self.project_code, self.budget_year, self.as_of.isoformat(), self.revision)
        return CompletedWorkLine(
            source=self.source,
            source_ref="/".join(str(part) for part in key),
            project_code=self.project_code,
            budget_year=self.budget_year,
            cumulative=Money(self.cumulative, self.currency),
            as_of=self.as_of,
            status=self.status,
            revision=self.revision,
        )


class PlanRevisionIn(Stated):
    """A decision on the appropriation of one project from one fund source."""

    source: Code
    project_code: Code
    project_name: Reference
    level: PlanLevel = PlanLevel.PROJECT
    owner_code: Code
    owner_name: Reference
    accountable_officer: Text = ""
    fund_source: FundSource
    project_group: Annotated[str, Field(pattern="^(A|B|C|)$")] = ""
    district: Text = ""
    sector: Text = ""
    province_code: ProvinceCode = Field(description="The statistics office's code: Quảng Nam 49, Cà Mau 96.")
    budget_year: BudgetYear
    base: PlanBase
    amount: Amount = Field(description="The line's whole appropriation under the decision, minor units.")
    currency: Currency = "VND"
    decision_number: Reference
    decision_date: Day
    effective_date: Day
    carried_from_year: int = Field(
        0, ge=0, le=2100, description="For base carry_over: the year whose plan the capital comes from."
    )
    revision: Revision = 0

    def fact(self) -> PlanRevision:
        line = (self.decision_number, self.base, self.project_code, self.fund_source, self.budget_year)
        # One decision may carry over capital of several years.
        key = (*line, self.carried_from_year) if self.carried_from_year else line
        return PlanRevision(
            source=self.source,
            source_ref=reference_of(*key, revision=self.revision),
            project_code=self.project_code,
            project_name=self.project_name,
            level=self.level,
            owner_code=self.owner_code,
            owner_name=self.owner_name,
            accountable_officer=self.accountable_officer,
            fund_source=self.fund_source,
            project_group=self.project_group,
            district=self.district,
            sector=self.sector,
            province_code=self.province_code,
            budget_year=self.budget_year,
            base=self.base,
            amount=Money(self.amount, self.currency),
            decision_number=self.decision_number,
            decision_date=self.decision_date,
            effective_date=self.effective_date,
            carried_from_year=self.carried_from_year,
            revision=self.revision,
        )


class BaselinePointIn(Stated):
    """A point of a curve: a share of the plan, or an amount."""

    date: Day
    basis_points: int | None = Field(None, ge=0, le=WHOLE_PLAN_BASIS_POINTS, description="10000 is 100 %.")
    amount: Amount | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.basis_points is None) == (self.amount is None):
            raise ValueError(
                "ghi một trong hai: tỷ lệ (basis_points) hoặc số tiền (amount) / "
                "give basis_points or amount, one of the two"
            )
        return self


class BaselineScheduleIn(Stated):
    """A registered schedule (scope: a project), target milestones (a province) or the national curve (VN)."""

    source: Code
    kind: BaselineKind
    scope_code: Code
    budget_year: BudgetYear
    points: list[BaselinePointIn] = Field(min_length=1, max_length=400)
    decision_number: Reference
    effective_date: Day
    rate_base: Code = "plan"
    currency: Currency = "VND"
    revision: Revision = 0

    def fact(self) -> BaselineSchedule:
        key = (self.kind, self.scope_code, self.budget_year, self.decision_number)
        return BaselineSchedule(
            source=self.source,
            source_ref=reference_of(*key, revision=self.revision),
            kind=self.kind,
            scope_code=self.scope_code,
            budget_year=self.budget_year,
            points=tuple(
                BaselinePoint(
                    point.date,
                    basis_points=point.basis_points,
                    amount=None if point.amount is None else Money(point.amount, self.currency),
                )
                for point in sorted(self.points, key=lambda point: point.date)
            ),
            decision_number=self.decision_number,
            effective_date=self.effective_date,
            rate_base=self.rate_base,
            revision=self.revision,
        )


class ProjectIn(Stated):
    """A project of the register, as it is from a day on."""

    source: Code
    project_code: Code
    project_name: Reference
    province_code: ProvinceCode
    owner_code: Code
    project_group: Annotated[str, Field(pattern="^(A|B|C|)$")] = ""
    district: Text = ""
    sector: Text = ""
    starts_on: Day | None = Field(None, description="First day on which money may move.")
    closed_on: Day | None = Field(None, description="Last day on which money may move (settled, stopped).")
    total_investment: Amount | None = Field(None, description="Total investment cost, minor units.")
    currency: Currency = "VND"
    effective_date: Day = Field(description="From when on this counts.")
    revision: Revision = 0

    def fact(self) -> ProjectRegistration:
        investment = self.total_investment
        return ProjectRegistration(
            source=self.source,
            source_ref=reference_of(
                "da", self.project_code, self.effective_date.isoformat(), revision=self.revision
            ),
            project_code=self.project_code,
            project_name=self.project_name,
            province_code=self.province_code,
            owner_code=self.owner_code,
            project_group=self.project_group,
            district=self.district,
            sector=self.sector,
            starts_on=self.starts_on,
            closed_on=self.closed_on,
            total_investment=None if investment is None else Money(investment, self.currency),
            effective_date=self.effective_date,
            revision=self.revision,
        )


class OwnerIn(Stated):
    """An accountable unit (chủ đầu tư) of the register, as it is from a day on."""

    source: Code
    province_code: ProvinceCode
    owner_code: Code = Field(description="Known within its province.")
    owner_name: Reference
    head_name: Name = Field("", description="Who heads the unit.")
    head_post: Name = ""
    supervisor_name: Name = Field("", description="Who supervises the unit.")
    effective_date: Day = Field(description="From when on this counts.")
    revision: Revision = 0

    def fact(self) -> OwnerRegistration:
        key = ("cdt", self.province_code, self.owner_code, self.effective_date.isoformat())
        return OwnerRegistration(
            source=self.source,
            source_ref=reference_of(*key, revision=self.revision),
            province_code=self.province_code,
            owner_code=self.owner_code,
            owner_name=self.owner_name,
            head_name=self.head_name,
            head_post=self.head_post,
            supervisor_name=self.supervisor_name,
            effective_date=self.effective_date,
            revision=self.revision,
        )


class OfficerIn(Stated):
    """Who answers for a project, or for a whole unit, from a day on."""

    source: Code
    province_code: ProvinceCode
    owner_code: Code
    project_code: Code | None = Field(None, description="Leave it out for the whole unit.")
    officer_name: Reference
    officer_post: Name = ""
    officer_email: Email = Field("", description="Where notices reach the officer.")
    effective_date: Day = Field(description="From when on this counts.")
    revision: Revision = 0

    def fact(self) -> OfficerAssignment:
        project = self.project_code or ""
        key = ("cb", self.province_code, self.owner_code, project, self.effective_date.isoformat())
        return OfficerAssignment(
            source=self.source,
            source_ref=reference_of(*key, revision=self.revision),
            province_code=self.province_code,
            owner_code=self.owner_code,
            project_code=project,
            officer_name=self.officer_name,
            officer_post=self.officer_post,
            officer_email=self.officer_email,
            effective_date=self.effective_date,
            revision=self.revision,
        )


class DisbursementsIn(Stated):
    """Body of POST /v1/disbursements: one to 1,000 movements, all accepted or none."""

    movements: list[MovementIn] = Field(min_length=1, max_length=MAX_MOVEMENTS)


class StatementsIn(Stated):
    """Body of POST /v1/statements: one to 1,000 lines, all accepted or none."""

    lines: list[StatementLineIn] = Field(min_length=1, max_length=MAX_MOVEMENTS)


class CompletedWorkIn(Stated):
    """Body of POST /v1/completed-work: one to 1,000 lines, all accepted or none."""

    lines: list[CompletedWorkLineIn] = Field(min_length=1, max_length=MAX_MOVEMENTS)


class RegistersIn(Stated):
    """Body of POST /v1/registers: up to 1,000 entries of each kind, all accepted or none."""

    projects: list[ProjectIn] = Field(default_factory=list, max_length=MAX_MOVEMENTS)
    owners: list[OwnerIn] = Field(default_factory=list, max_length=MAX_MOVEMENTS)
    officers: list[OfficerIn] = Field(default_factory=list, max_length=MAX_MOVEMENTS)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.projects and not self.owners and not self.officers:
            raise ValueError(
                "ghi ít nhất một dự án, chủ đầu tư hoặc cán bộ / give at least one project, owner or officer"
            )
        return self


class PlansIn(Stated):
    """Body of POST /v1/plans: up to 1,000 decisions and 1,000 curves, all accepted or none."""

    revisions: list[PlanRevisionIn] = Field(default_factory=list, max_length=MAX_MOVEMENTS)
    schedules: list[BaselineScheduleIn] = Field(default_factory=list, max_length=MAX_MOVEMENTS)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.revisions and not self.schedules:
            raise ValueError(
                "ghi ít nhất một quyết định vốn hoặc một đường tiến độ / "
                "give at least one revision or schedule"
            )
        return self
