"""The year's appropriations, each set by a dated decision, and the curves they are measured against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from services.domain import event_identity
from services.domain.money import Money

WHOLE_PLAN_BASIS_POINTS = 10_000
NATIONAL_SCOPE = "VN"


class PlanBase(StrEnum):
    """The stage of the plan an amount belongs to; a rate always names its base."""

    INITIAL = "initial"
    ADJUSTED = "adjusted"
    ALLOCATED = "allocated"
    # Kept beside the year's own plan, with its own rate; never in it.
    CARRY_OVER = "carry_over"


class PlanLevel(StrEnum):
    """A project, or a fund line published without the projects under it."""

    PROJECT = "project"
    FUND_LINE = "fund_line"


class BaselineKind(StrEnum):
    """Which curve a schedule is."""

    REGISTERED = "registered"
    TARGET = "target"
    NATIONAL = "national"


@dataclass(frozen=True, slots=True)
class PlanRevision(event_identity.Identified):
    """A decision on one line: ``amount`` is the line's whole appropriation under it, not the change.

    ``carried_from_year`` is the year whose plan carry-over capital comes from, 0 for any other base. A
    corrected line of the same decision has a higher ``revision``.
    """

    source: str
    source_ref: str
    project_code: str
    project_name: str
    owner_code: str
    owner_name: str
    fund_source: str
    province_code: str
    budget_year: int
    base: PlanBase
    amount: Money
    decision_number: str
    decision_date: date
    effective_date: date
    level: PlanLevel = PlanLevel.PROJECT
    accountable_officer: str = ""
    project_group: str = ""
    district: str = ""
    sector: str = ""
    carried_from_year: int = 0
    revision: int = 0

    @property
    def content_hash(self) -> bytes:
        return event_identity.content_hash(
            {
                "type": "plan_revision",
                "project_code": self.project_code,
                "project_name": self.project_name,
                "owner_code": self.owner_code,
                "owner_name": self.owner_name,
                "fund_source": self.fund_source,
                "province_code": self.province_code,
                "budget_year": self.budget_year,
                "base": self.base,
                "minor_units": self.amount.minor_units,
                "currency": self.amount.currency,
                "decision_number": self.decision_number,
                "decision_date": self.decision_date.isoformat(),
                "effective_date": self.effective_date.isoformat(),
                "level": self.level,
                "accountable_officer": self.accountable_officer,
                "project_group": self.project_group,
                "district": self.district,
                "sector": self.sector,
                **event_identity.if_stated(carried_from_year=self.carried_from_year, revision=self.revision),
            }
        )


@dataclass(frozen=True, slots=True)
class BaselinePoint:
    """Disbursed from 1 January to ``day``: a share of the plan in basis points, or an amount."""

    day: date
    basis_points: int | None = None
    amount: Money | None = None

    def __post_init__(self) -> None:
        if (self.basis_points is None) == (self.amount is None):
            raise ValueError("a baseline point holds a share or an amount, one of the two")

    def share_of(self, plan: int) -> Fraction:
        """The point as a share of ``plan`` minor units (1 is the whole plan)."""
        if self.basis_points is not None:
            return Fraction(self.basis_points, WHOLE_PLAN_BASIS_POINTS)
        if plan == 0 or self.amount is None:
            return Fraction(0)
        return Fraction(self.amount.minor_units, plan)


@dataclass(frozen=True, slots=True)
class BaselineSchedule(event_identity.Identified):
    """A registered schedule, target milestones, or a published curve, of one budget year."""

    source: str
    source_ref: str
    kind: BaselineKind
    scope_code: str
    budget_year: int
    points: tuple[BaselinePoint, ...]
    decision_number: str
    effective_date: date
    rate_base: str = "plan"
    revision: int = 0

    @property
    def content_hash(self) -> bytes:
        points = ";".join(
            f"{point.day.isoformat()}:"
            + (f"{point.basis_points}bp" if point.amount is None else f"{point.amount.minor_units}")
            for point in self.points
        )
        currencies = {point.amount.currency for point in self.points if point.amount}
        return event_identity.content_hash(
            {
                "type": "baseline_schedule",
                "kind": self.kind,
                "scope_code": self.scope_code,
                "budget_year": self.budget_year,
                "points": points,
                "currency": ",".join(sorted(currencies)),
                "decision_number": self.decision_number,
                "effective_date": self.effective_date.isoformat(),
                "rate_base": self.rate_base,
                **event_identity.if_stated(revision=self.revision),
            }
        )
