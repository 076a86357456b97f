"""What the read API answers. Amounts are đồng; rates are per cent of the plan in force, two decimals."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from services.aggregation.asked import AsOfQuery
from services.aggregation.register_store import CompletedWork, InForce, Officer
from services.domain.measures import Measures
from services.domain.plan_history import BaseName

Date = dt.date
Instant = dt.datetime | None
KNOWN_AT: Instant = Field(description="As asked; null for all that the ledger knows.")
# A decimal inside, a JSON number outside: rates are read by people and charts, and no money is made of them.
Rate = Annotated[Decimal, PlainSerializer(float, return_type=float)]
Province = Annotated[str, Field(pattern=r"^\d{2}$", description="The statistics office's code.")]


class Answer(BaseModel):
    """What a route answers."""

    model_config = ConfigDict(frozen=True)


def per_cent(share: Fraction | None, digits: int = 2) -> Decimal | None:
    """A share as per cent, rounded half to even."""
    return None if share is None else decimal(share * 100, digits)


def decimal(value: Fraction, digits: int = 2) -> Decimal:
    """An exact fraction as a decimal number for reading."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


class BaseRate(Answer):
    """A rate with the base it is of: a rate without its base says nothing."""

    base: BaseName = Field(
        description="initial: as first assigned. current: in force. allocated: allocated in detail. "
        "carry_over: carried over from earlier years."
    )
    plan: int | None = Field(description="đồng; null where no decision of that base is known.")
    disbursed: int = Field(
        description="What counts against it, đồng: for allocated, of the lines that have an allocation; for "
        "carry_over, of carried-over capital whose decision is known; else all of the year's own plan."
    )
    rate_percent: Rate | None = Field(description="disbursed over plan; null without a plan.")


class Figures(Answer):
    """Plan by base and what was disbursed, in the series that counts."""

    initial_plan: int = Field(description="Plan as first assigned, đồng.")
    current_plan: int = Field(description="Plan in force: the latest of initial and adjusted, đồng.")
    allocated_plan: int = Field(description="Plan allocated in detail, đồng.")
    carry_over_plan: int = Field(
        description="Carried over from earlier years (vốn kéo dài), đồng: beside the year's plan, not in it."
    )
    carry_over_disbursed: int = Field(
        description="Paid of carried-over capital, đồng: beside disbursed, not in it; also where no decision "
        "is known (GET /v1/findings)."
    )
    disbursed: int = Field(description="Disbursed up to as_of, đồng.")
    work_certified: int = Field(description="Completed work certified, đồng.")
    advance_outstanding: int = Field(description="Advances paid and not yet recovered, đồng.")
    execution_rate_percent: Rate | None = Field(
        description="Disbursed over current_plan; null without a plan."
    )
    initial_rate_percent: Rate | None = Field(description="Disbursed over initial_plan; null without one.")
    rates: list[BaseRate] = Field(
        description="The rate on each base: initial, current, allocated, carry_over."
    )
    includes_estimate: bool = Field(description="True where an estimate is among the figures.")


class Project(Answer):
    """A project (or fund line) and where it stands."""

    project_code: str
    project_name: str | None = Field(
        description="null for a project that neither the register nor a plan decision names."
    )
    level: str | None = Field(description="project or fund_line.")
    owner_code: str | None
    owner_name: str | None
    accountable_officer: str | None
    province_code: str | None
    district: str | None
    sector: str | None
    project_group: str | None
    last_movement_date: Date | None
    figures: Figures


class Projects(Answer):
    """A page of projects."""

    as_of: Date
    known_at: Instant = KNOWN_AT
    budget_year: int
    currency: str
    items: list[Project]
    next_cursor: str | None = Field(description="Give it as cursor for the next page; null on the last.")


class LineAnswer(Answer):
    """One appropriation of the project."""

    fund_source: str
    series: str | None = Field(description="The account that counts for the line.")
    decision_number: str | None
    plan_effective_date: Date | None
    figures: Figures


class BaselineMeasures(Answer):
    """The project beside one curve."""

    baseline: str = Field(description="registered, target or national.")
    budget_year: int = Field(description="An earlier year than the project's is the previous year's curve.")
    decision_number: str
    rate_base: str
    planned_rate_percent: Rate
    planned_value: int = Field(description="đồng, rounded down.")
    shortfall: int = Field(description="Planned value less disbursed, đồng, rounded down.")
    dpi: Rate | None = Field(description="Disbursement performance index: disbursed over planned value.")
    earned_schedule_months: Rate
    time_variance_months: Rate = Field(description="Below zero: months behind.")
    time_index: Rate | None

    @classmethod
    def of(
        cls, *, baseline: str, budget_year: int, decision_number: str, rate_base: str, measures: Measures
    ) -> BaselineMeasures:
        return cls(
            baseline=baseline,
            budget_year=budget_year,
            decision_number=decision_number,
            rate_base=rate_base,
            planned_rate_percent=per_cent(measures.planned_share) or Decimal(0),
            planned_value=int(measures.planned_value),
            shortfall=int(measures.shortfall),
            dpi=None if measures.dpi is None else decimal(measures.dpi),
            earned_schedule_months=decimal(measures.earned_schedule),
            time_variance_months=decimal(measures.time_variance),
            time_index=None if measures.time_index is None else decimal(measures.time_index),
        )


class SeriesAnswer(Answer):
    """What one account says. Accounts are compared, never added."""

    series: str
    disbursed: int


class Registration(Answer):
    """What the register says of the project on the day."""

    starts_on: Date | None = Field(description="First day on which money may move.")
    closed_on: Date | None = Field(description="Last day on which money may move.")
    total_investment: int | None = Field(description="Total investment cost, đồng.")
    effective_date: Date

    @classmethod
    def of(cls, entry: InForce) -> Registration:
        investment = entry.total_investment
        return cls(
            starts_on=entry.starts_on,
            closed_on=entry.closed_on,
            total_investment=investment.minor_units if investment else None,
            effective_date=entry.effective_date,
        )


class AssignedOfficer(Answer):
    """Who answers for the project by assignment."""

    name: str
    post: str
    email: str
    of_whole_unit: bool = Field(description="Assigned to the unit; the project has no officer of its own.")
    effective_date: Date

    @classmethod
    def of(cls, officer: Officer) -> AssignedOfficer:
        return cls(**{name: getattr(officer, name) for name in cls.model_fields})


class CompletedWorkAnswer(Answer):
    """The owner's latest report of what the work done is worth: earned value, not cash."""

    value: int = Field(description="From 1 January to as_of, đồng.")
    as_of: Date
    status: str = Field(description="actual: accepted; estimate: the owner's estimate.")

    @classmethod
    def of(cls, work: CompletedWork) -> CompletedWorkAnswer:
        return cls(value=work.value, as_of=work.as_of, status=work.status)


class Closing(Answer):
    """A closed project's plan of the year: no money may move on it any more."""

    closed_on: Date = Field(description="Last day on which money could move.")
    plan_left_at_closing: int = Field(
        description="Plan in force less what was disbursed, at the end of that day (of 1 January, if it is "
        "earlier), đồng: what a reallocation can take."
    )
    plan_left: int = Field(description="The same on as_of: what is still to be taken back.")


class ProjectDetail(Answer):
    """A project with its lines, the accounts beside each other, and every curve that applies."""

    as_of: Date
    known_at: Instant = KNOWN_AT
    books_through: Date | None = Field(
        description="The last day the books of its province reach, not beyond as_of: the baselines are read "
        "at that day; null, and no baselines, where nothing was reported."
    )
    budget_year: int
    currency: str
    project: Project
    registration: Registration | None = Field(description="null where the register has none in force.")
    officer: AssignedOfficer | None = Field(
        description="By assignment; null without one: project.accountable_officer is then the plan's."
    )
    closing: Closing | None = Field(description="null while the project is open.")
    completed_work: CompletedWorkAnswer | None = Field(description="null where nothing was reported.")
    lines: list[LineAnswer]
    series: list[SeriesAnswer]
    baselines: list[BaselineMeasures]


class CurvePoint(Answer):
    """A point of a curve."""

    date: Date
    amount: int = Field(description="Cumulative, đồng.")
    rate_percent: Rate | None = Field(description="Of the plan in force (base current).")


class PlanCurve(Answer):
    """A baseline as planned amounts."""

    baseline: str
    budget_year: int
    decision_number: str
    points: list[CurvePoint]


class Curve(Answer):
    """Plan curves and the disbursed curve of a project."""

    as_of: Date
    known_at: Instant = KNOWN_AT
    books_through: Date | None = Field(description="The last day the books of its province reach.")
    budget_year: int
    currency: str
    project_code: str
    current_plan: int
    planned: list[PlanCurve]
    disbursed: list[CurvePoint]


class Group(Answer):
    """One group of a summary. A fund source has its parts under it."""

    key: str
    name: str
    figures: Figures
    parts: list[Group] = Field(default_factory=list)


class Month(Answer):
    """One month: what was disbursed in it, and up to its end."""

    month: str = Field(description="YYYY-MM.")
    disbursed: int = Field(description="In the month, đồng.")
    cumulative: int = Field(description="From 1 January to the month's end, đồng.")
    execution_rate_percent: Rate | None = Field(
        description="Cumulative over the plan in force (base current)."
    )


class Summary(Answer):
    """Plan and disbursement of every line asked for, by group."""

    as_of: Date
    known_at: Instant = KNOWN_AT
    books_through: Date | None = Field(
        description="The last day the province's books reach (one province only)."
    )
    budget_year: int
    currency: str
    group_by: str
    total: Figures
    groups: list[Group]
    months: list[Month]


class SummaryQuery(AsOfQuery):
    """What to sum, and by what."""

    group_by: Literal["owner", "fund_source", "district", "sector", "month"] = Field(
        "fund_source", description="What the groups are."
    )
    province: Province | None = None
    owner: str | None = Field(None, max_length=64, description="Owner code.")


class ProjectsQuery(AsOfQuery):
    """Which projects, in what order."""

    province: Province | None = None
    owner: str | None = Field(None, max_length=64, description="Owner code.")
    district: str | None = Field(None, max_length=500)
    sector: str | None = Field(None, max_length=500)
    level: Literal["project", "fund_line"] | None = None
    sort: Literal["code", "rate", "-rate", "plan", "-plan", "disbursed", "-disbursed"] = Field(
        "code", description="Order; a minus sign is the largest first."
    )
    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=500, description="next_cursor of the page before.")
