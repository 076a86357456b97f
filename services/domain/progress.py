"""Where a subject stands against its plan, as told. What is measured of it is in measures.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from services.domain.course import EMPTY_COURSE, Course
from services.domain.disbursement import Series
from services.domain.plan import BaselineKind, BaselinePoint, BaselineSchedule, PlanBase, PlanLevel


class SubjectType(StrEnum):
    """What is judged."""

    PROJECT = "project"
    OWNER = "owner"
    PROVINCE = "province"
    DISTRICT = "district"
    SECTOR = "sector"
    FUND_SOURCE = "fund_source"


@dataclass(frozen=True, slots=True)
class Subject:
    """A project, owner or province, and who answers for it."""

    type: SubjectType
    code: str
    name: str
    province_code: str
    owner_code: str = ""
    owner_name: str = ""
    accountable_officer: str = ""
    level: PlanLevel = PlanLevel.PROJECT
    project_group: str = ""
    district: str = ""
    sector: str = ""


@dataclass(frozen=True, slots=True)
class FundLine:
    """Plan and disbursement from one fund source, in minor units of the progress's currency."""

    fund_source: str
    initial_plan: int = 0
    current_plan: int = 0
    allocated_plan: int = 0
    disbursed: int = 0
    work_certified: int = 0
    advance_outstanding: int = 0
    carry_over_plan: int = 0


@dataclass(frozen=True, slots=True)
class SourceReach:
    """The last value date of which a source that feeds the subject has stated anything in the province."""

    source: str
    reaches: date


@dataclass(frozen=True, slots=True)
class PeerCurve:
    """The median execution rate of like projects, at month ends and on the day of the figures.

    ``scope_code`` is project group and main fund source, ``members`` how many projects are alike. Rates
    are rounded to a basis point.
    """

    scope_code: str
    members: int
    points: tuple[BaselinePoint, ...]


@dataclass(frozen=True, slots=True)
class LateEvent:
    """An event whose value date is on or before a day that had been told already."""

    event_id: UUID
    value_date: date


@dataclass(frozen=True, slots=True)
class CompletedWork:
    """Value of completed work up to ``as_of``, as its owner reports it, in minor units: earned value."""

    cumulative: int
    as_of: date


@dataclass(frozen=True, slots=True)
class Progress:
    """A subject's plan and disbursement as of a date.

    ``as_of`` is the date up to which everything counts: the business date or, where the books end
    earlier, the last day they reach (docs/adr/0005). Amounts are minor units of ``currency``.

    ``course`` holds the totals of every day up to ``as_of``, so that the subject can be judged as of any
    earlier day by all that is known now. ``advance_since`` is the value date of the oldest advance not yet
    recovered, first in first out. ``known_at`` is the instant of knowledge: the ledger asked with it gives
    these figures again; ``None`` where no instant does.
    """

    subject: Subject
    budget_year: int
    as_of: date
    business_date: date
    books_through: date | None
    lines: tuple[FundLine, ...]
    baselines: tuple[BaselineSchedule, ...] = ()
    series: tuple[tuple[Series, int], ...] = ()
    currency: str = "VND"
    includes_estimate: bool = False
    plan_decision_number: str = ""
    plan_effective_date: date | None = None
    last_movement_date: date | None = None
    ledger_watermark: int = 0
    version: int = 0
    course: Course = EMPTY_COURSE
    sources: tuple[SourceReach, ...] = ()
    completed_work: CompletedWork | None = None
    starts_on: date | None = None
    closed_on: date | None = None
    total_investment: int | None = None
    advance_since: date | None = None
    peers: PeerCurve | None = None
    late_events: tuple[LateEvent, ...] = ()
    known_at: datetime | None = None

    @property
    def current_plan(self) -> int:
        return sum(line.current_plan for line in self.lines)

    @property
    def initial_plan(self) -> int:
        return sum(line.initial_plan for line in self.lines)

    @property
    def allocated_plan(self) -> int:
        return sum(line.allocated_plan for line in self.lines)

    @property
    def plan_base(self) -> PlanBase:
        """``INITIAL`` where the amount in force is the one first assigned, whichever decision sets it now;
        otherwise ``ADJUSTED``."""
        return PlanBase.INITIAL if self.current_plan == self.initial_plan else PlanBase.ADJUSTED

    @property
    def disbursed(self) -> int:
        return sum(line.disbursed for line in self.lines)

    @property
    def execution_rate(self) -> Fraction | None:
        """Disbursed over the plan in force; ``None`` without a plan."""
        return Fraction(self.disbursed, self.current_plan) if self.current_plan else None

    def baseline(self, kind: BaselineKind) -> BaselineSchedule | None:
        """The curve of that kind for the subject's own budget year."""
        return next((b for b in self.baselines if b.kind is kind and b.budget_year == self.budget_year), None)
