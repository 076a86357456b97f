"""The rules as data: which there are, and what a policy says of them. The verdict is in verdict.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from services.domain.baselines import DHSS, BaselineName, ClosingMonth, SCurveConstants
from services.domain.fiscal_calendar import month_position
from services.domain.progress import Subject, SubjectType


class RuleName(StrEnum):
    """Every rule there is; which apply, to whom and from when, is policy."""

    BEHIND_TARGET = "behind_target"
    BELOW_MILESTONE = "below_milestone"
    BELOW_NATIONAL_AVERAGE = "below_national_average"
    NOTHING_DISBURSED = "nothing_disbursed"
    STALLED = "stalled"
    YEAR_END_SHORTFALL = "year_end_shortfall"
    OVER_PLAN = "over_plan"
    ADVANCE_OVER_LIMIT = "advance_over_limit"
    ADVANCE_OVERDUE = "advance_overdue"
    UNALLOCATED_PLAN = "unallocated_plan"
    ESTIMATE_ONLY = "estimate_only"
    SOURCE_STALE = "source_stale"
    TREASURY_OWNER_MISMATCH = "treasury_owner_mismatch"


# Rules that say a subject lags: stale figures inhibit them.
LAG_RULES = frozenset(
    {
        RuleName.BEHIND_TARGET,
        RuleName.BELOW_MILESTONE,
        RuleName.BELOW_NATIONAL_AVERAGE,
        RuleName.NOTHING_DISBURSED,
        RuleName.STALLED,
        RuleName.YEAR_END_SHORTFALL,
    }
)


class Severity(StrEnum):
    """How urgent a finding is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    def is_at_least(self, other: Severity) -> bool:
        """Whether it is as urgent as ``other``, or more so."""
        rising = list(Severity)
        return rising.index(self) >= rising.index(other)


class AdvanceBase(StrEnum):
    """What an outstanding advance is a share of: the contract's value is not known here."""

    PLAN = "plan"
    TOTAL_INVESTMENT = "total_investment"


@dataclass(frozen=True, slots=True)
class Milestone:
    """A cut date of the budget year and the share of the plan to be disbursed by it."""

    month: int
    day: int
    rate: Fraction

    def on(self, budget_year: int) -> date:
        """The cut date; raises ``ValueError`` where there is no such day."""
        return date(budget_year, self.month, self.day)

    def clears_at(self, above: Fraction | None) -> Fraction:
        """The share at which an open alert clears: ``above`` times the rate, the whole plan at most."""
        return min(self.rate * above, Fraction(1)) if above else self.rate


@dataclass(frozen=True, slots=True)
class Easing:
    """Flagged, but not behind ``baseline``: for these subjects that is information and no warning.

    ``within`` is how far below it still counts as not behind, as a share of the plan: what is published is
    cut off rather than rounded, and read between its dates.
    """

    baseline: BaselineName
    subjects: frozenset[SubjectType]
    within: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy. Text templates are the policy's too, but no concern of the verdict.

    ``threshold`` by rule: behind_target and below_national_average flag a DPI below it, year_end_shortfall
    a forecast share of the plan below it; advance_over_limit, unallocated_plan and treasury_owner_mismatch
    flag a share above it; stalled, advance_overdue and source_stale an age in days above it; the others
    do not use it. An open alert clears only at ``clear_at`` or beyond. ``from_month`` is the first month
    position at which the rule may flag; no ``groups`` means every project group. ``baseline`` fixes who
    judges; without it the policy's preference does. ``inhibits_after`` (source_stale) is the age in days
    at which figures are too old to say that a subject lags. What is not critical is info where
    ``info_ahead_of`` says so or, with ``info_in_band`` (year_end_shortfall), where the better of the two
    paces of the forecast reaches the limit.
    """

    name: RuleName
    version: int
    severity: Severity
    subjects: frozenset[SubjectType]
    threshold: Fraction = Fraction(1)
    critical_below: Fraction | None = None
    from_month: Fraction = Fraction(0)
    clear_at: Fraction | None = None
    groups: frozenset[str] = frozenset()
    baseline: BaselineName | None = None
    milestones: tuple[Milestone, ...] = ()
    measured_on: AdvanceBase = AdvanceBase.TOTAL_INVESTMENT
    inhibits_after: int | None = None
    info_ahead_of: Easing | None = None
    info_in_band: bool = False

    def limit(self, *, is_open: bool) -> Fraction:
        """The threshold or, for an open alert, the figure at which it clears."""
        return self.clear_at if is_open and self.clear_at is not None else self.threshold

    def covers(self, subject: Subject) -> bool:
        return subject.type in self.subjects and (not self.groups or subject.project_group in self.groups)


@dataclass(frozen=True, slots=True)
class Preference:
    """Which baseline judges a subject: the first of ``order`` that it has."""

    subjects: frozenset[SubjectType]
    order: tuple[BaselineName, ...]
    groups: frozenset[str] = frozenset()

    def covers(self, subject: Subject) -> bool:
        return subject.type in self.subjects and (not self.groups or subject.project_group in self.groups)


DEFAULT_ORDER = (BaselineName.TARGET, BaselineName.REGISTERED)


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules, which baseline judges whom, the constants of the S-curve and the shape forecasts follow.

    ``forecast_shape`` is the baseline whose seasons a forecast follows; ``None`` is the one that judges.
    ``closing_month`` carries a curve on that ends on 31 December; without it such a one tells no January. The
    first preference that covers a subject counts; where none does, ``DEFAULT_ORDER``.
    """

    rules: tuple[Rule, ...]
    preferences: tuple[Preference, ...] = ()
    s_curve: SCurveConstants = DHSS
    forecast_shape: BaselineName | None = None
    closing_month: ClosingMonth | None = None
    _in_force: dict[tuple[SubjectType, str, date, int], tuple[Rule, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def in_force(self, subject: Subject, day: date, budget_year: int) -> tuple[Rule, ...]:
        """The rules that may flag ``subject`` on ``day``: asked for every project, so remembered."""
        key = (subject.type, subject.project_group, day, budget_year)
        found = self._in_force.get(key)
        if found is None:
            if len(self._in_force) >= _MOST_REMEMBERED:
                self._in_force.clear()
            month = month_position(day, budget_year)
            found = tuple(rule for rule in self.rules if rule.covers(subject) and month >= rule.from_month)
            self._in_force[key] = found
        return found

    def rule(self, name: RuleName) -> Rule | None:
        """The rule of that name, where the policy has it."""
        for rule in self.rules:
            if rule.name is name:
                return rule
        return None

    def order_for(self, subject: Subject) -> tuple[BaselineName, ...]:
        """Baselines in order of preference."""
        for preference in self.preferences:
            if preference.covers(subject):
                return preference.order
        return DEFAULT_ORDER


_MOST_REMEMBERED = 10_000
