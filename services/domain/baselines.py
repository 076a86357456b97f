"""Every baseline a subject can be held against, by name, all on the one axis of months (docs/adr/0003).

Curves are shared by thousands of projects and asked of again for every rule and day: what was built once is
remembered, and so is the share of each day.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Generic, TypeVar

from services.domain.baseline import Curve, linear, s_curve
from services.domain.fiscal_calendar import (
    MONTHS_TO_CLOSE,
    YEAR_END_MONTH,
    closing_day,
    first_day,
    month_end,
    month_position,
)
from services.domain.plan import WHOLE_PLAN_BASIS_POINTS, BaselineKind, BaselineSchedule
from services.domain.progress import PeerCurve, Progress, SubjectType

# Built curves kept in memory: more than a province's projects, each with a schedule of its own.
_REMEMBERED = 8_192


class BaselineName(StrEnum):
    """What a baseline is called wherever it is shown."""

    REGISTERED = "registered"
    TARGET = "target"
    NATIONAL = "national"
    PREVIOUS_YEAR = "previous_year"
    PEER = "peer"
    S_CURVE = "s_curve"
    LINEAR = "linear"


# An enumeration is slow to go through, and is gone through for every subject.
_NAMES_IN_ORDER = tuple(BaselineName)


@dataclass(frozen=True, slots=True)
class SCurveConstants:
    """C and K of the DHSS curve. Refused with ``ValueError`` where the curve would fall somewhere.

    The slope 1 + 2Cx - C - (18x^2 - 18x + 3)/K is concave for K > 0: it is nowhere below zero where it is not
    at x = 0 and x = 1.
    """

    c: Fraction = Fraction("0.134")
    k: Fraction = Fraction("3.884")

    def __post_init__(self) -> None:
        if self.k <= 0 or 1 - self.c - 3 / self.k < 0 or 1 + self.c - 3 / self.k < 0:
            raise ValueError(f"C = {float(self.c):g}, K = {float(self.k):g}: the curve falls somewhere")


DHSS = SCurveConstants()


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """One curve of the plan's share by month, and where it comes from.

    ``read_in`` is the budget year of the subject: a curve of the year before is read at the same month.
    ``stated`` are the months for which it states a share itself; none for a curve that is worked out
    whole. ``members`` is how many projects a peer curve is the median of. ``january_of`` is the budget year
    whose January carries it on from 31 December; 0 where its own points reach as far as it does.
    """

    name: BaselineName
    curve: Curve
    read_in: int
    budget_year: int
    scope_code: str = ""
    rate_base: str = "plan"
    decision_number: str = ""
    stated: tuple[Fraction, ...] = ()
    members: int = 0
    january_of: int = 0
    _shares: dict[date, Fraction] = field(default_factory=dict, repr=False)

    def share_on(self, day: date) -> Fraction:
        """Planned share of the plan at the end of ``day``; outside the budget year, that of its edge."""
        share = self._shares.get(day)
        if share is None:
            day = min(max(day, first_day(self.read_in) - timedelta(days=1)), closing_day(self.read_in))
            share = self._shares[day] = self.curve.share_at(month_position(day, self.read_in))
        return share

    def month_of(self, share: Fraction) -> Fraction:
        """Earned schedule: the month at which it planned ``share``."""
        return self.curve.month_of(share)

    def is_known_to(self, day: date) -> bool:
        """Whether it says what should be disbursed by ``day``: it reaches that month, or the whole plan."""
        month, share = self.curve.points[-1]
        return share >= 1 or month >= month_position(day, self.read_in)


Baselines = Mapping[BaselineName, Baseline]


@dataclass(frozen=True, slots=True)
class ClosingMonth:
    """What January paid of the plan of a budget year that is closed: the shares of the plan published for
    31 December and for 31 January after it. Raises ``ValueError`` where there was nothing left to pay, or the
    shares fall."""

    budget_year: int
    by_year_end: Fraction
    by_closing: Fraction

    def __post_init__(self) -> None:
        if not 0 <= self.by_year_end <= self.by_closing <= 1 or self.by_year_end == 1:
            raise ValueError("by_year_end is below 1 and not above by_closing, which is at most 1")

    @property
    def paid_of_rest(self) -> Fraction:
        """The share of what was left on 31 December that January paid."""
        return (self.by_closing - self.by_year_end) / (1 - self.by_year_end)


@lru_cache(maxsize=_REMEMBERED)
def carried_on(baseline: Baseline, closing: ClosingMonth) -> Baseline | None:
    """``baseline`` with the January of ``closing`` after it: s + (1 - s) x the share of the rest paid.

    ``None`` where it does not end on 31 December: what is published of November says nothing of January.
    """
    month, share = baseline.curve.points[-1]
    if month != YEAR_END_MONTH:
        return None
    closed = (Fraction(MONTHS_TO_CLOSE), share + (1 - share) * closing.paid_of_rest)
    return replace(
        baseline,
        curve=Curve((*baseline.curve.points, closed)),
        january_of=closing.budget_year,
        _shares={},
    )


def baselines_of(progress: Progress, *, plan: int, s_curve_constants: SCurveConstants) -> Baselines:
    """Every baseline ``progress`` has, by name, in the order of ``BaselineName``; without the linear one.

    ``plan`` in minor units is what points in money are shares of. Raises ``ValueError`` where a curve falls.
    """
    return _of_same_progress(_Same(progress), plan, _Same(s_curve_constants))


def linear_baseline(budget_year: int) -> Baseline:
    """The last resort, named as such."""
    return _linear(budget_year)


def _found(
    progress: Progress, plan: int, constants: SCurveConstants
) -> Iterator[tuple[BaselineName, Baseline]]:
    year = progress.budget_year
    named = set()
    for schedule in progress.baselines:
        name = _NAMES.get((schedule.kind, year - schedule.budget_year))
        # The first of a name counts.
        if name and name not in named:
            named.add(name)
            yield name, _of_same_schedule(_Same(schedule), name, year, plan if _is_in_money(schedule) else 0)
    if progress.peers:
        yield BaselineName.PEER, _of_same_peers(_Same(progress.peers), year)
    if progress.subject.type is SubjectType.PROJECT and progress.starts_on and progress.closed_on:
        curve = _s_curve(progress.starts_on, progress.closed_on, year, _Same(constants))
        if curve:
            yield BaselineName.S_CURVE, curve


def _is_in_money(schedule: BaselineSchedule) -> bool:
    return any(point.amount is not None for point in schedule.points)


_NAMES = {
    (BaselineKind.REGISTERED, 0): BaselineName.REGISTERED,
    (BaselineKind.TARGET, 0): BaselineName.TARGET,
    (BaselineKind.NATIONAL, 0): BaselineName.NATIONAL,
    (BaselineKind.NATIONAL, 1): BaselineName.PREVIOUS_YEAR,
}


_Held = TypeVar("_Held", bound=Hashable)


class _Same(Generic[_Held]):
    """A key that is found by identity alone: the hash of a schedule takes longer than what it saves."""

    __slots__ = ("held",)

    def __init__(self, held: _Held) -> None:
        self.held = held

    def __hash__(self) -> int:
        return id(self.held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.held is other.held


# A back-test asks for the same subject day after day.
@lru_cache(maxsize=8)
def _of_same_progress(
    progress: _Same[Progress], plan: int, constants: _Same[SCurveConstants]
) -> Mapping[BaselineName, Baseline]:
    found = dict(_found(progress.held, plan, constants.held))
    return {name: found[name] for name in _NAMES_IN_ORDER if name in found} if len(found) > 1 else found


@lru_cache(maxsize=_REMEMBERED)
def _of_same_schedule(
    schedule: _Same[BaselineSchedule], name: BaselineName, read_in: int, plan: int
) -> Baseline:
    return _of_schedule(schedule.held, name, read_in, plan)


@lru_cache(maxsize=_REMEMBERED)
def _of_schedule(schedule: BaselineSchedule, name: BaselineName, read_in: int, plan: int) -> Baseline:
    return Baseline(
        name=name,
        curve=Curve.of(schedule, plan=plan),
        read_in=read_in,
        budget_year=schedule.budget_year,
        scope_code=schedule.scope_code,
        rate_base=schedule.rate_base,
        decision_number=schedule.decision_number,
        stated=tuple(month_position(point.day, schedule.budget_year) for point in schedule.points),
    )


@lru_cache(maxsize=_REMEMBERED)
def _of_same_peers(peers: _Same[PeerCurve], budget_year: int) -> Baseline:
    return _of_peers(peers.held, budget_year)


@lru_cache(maxsize=_REMEMBERED)
def _of_peers(peers: PeerCurve, budget_year: int) -> Baseline:
    return Baseline(
        name=BaselineName.PEER,
        curve=Curve.through_points(peers.points, budget_year=budget_year, plan=0),
        read_in=budget_year,
        budget_year=budget_year,
        scope_code=peers.scope_code,
        stated=tuple(month_position(point.day, budget_year) for point in peers.points),
        members=peers.members,
    )


@lru_cache(maxsize=_REMEMBERED)
def _s_curve(
    starts_on: date, closed_on: date, year: int, constants: _Same[SCurveConstants]
) -> Baseline | None:
    """What the DHSS curve of the whole project leaves to this year, as a share of the year's plan.

    (y(x(t)) - y(x(from))) / (y(x(to)) - y(x(from))): x is the share of the days from start to finish that
    have passed, "from" 1 January or the start, "to" 31 December or the finish. Taken at month ends, rounded
    to a basis point (the curve's constants have three digits), and straight between them. ``None`` where
    the project has no day in the year.
    """
    opening = max(starts_on, first_day(year)) - timedelta(days=1)
    ending = min(closed_on, date(year, 12, 31))
    duration = (closed_on - starts_on).days + 1
    if ending <= opening or duration <= 0:
        return None

    def y(day: date) -> Fraction:
        share = Fraction((day - starts_on).days + 1, duration)
        return s_curve(share, c=constants.held.c, k=constants.held.k)

    low, high = y(opening), y(ending)
    if high <= low:
        return None
    days = {opening, ending} | {
        day for month in range(1, 13) if opening < (day := month_end(date(year, month, 1))) < ending
    }
    points = (
        (
            month_position(day, year),
            Fraction(round((y(day) - low) / (high - low) * WHOLE_PLAN_BASIS_POINTS), WHOLE_PLAN_BASIS_POINTS),
        )
        for day in days
    )
    return Baseline(BaselineName.S_CURVE, Curve.through(points), read_in=year, budget_year=year)


@lru_cache(maxsize=64)
def _linear(budget_year: int) -> Baseline:
    return Baseline(BaselineName.LINEAR, linear(), read_in=budget_year, budget_year=budget_year)
