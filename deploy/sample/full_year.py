"""A whole year of made-up projects, to try a policy on: every figure simulated, the same from the same seed.

No project's year is published day by day, so none is real here. What is published is the nation's curve of
2022, up to 75.11 per cent on 31 December; the mix of ways in which projects go is set so that together they
follow it. Each project's way is the reason for how its year ends; ``docs/BACKTEST.md`` says what that makes
of a comparison. The mix was fitted to that curve alone, before any policy was tried on it.
"""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from random import Random

from deploy.sample.published import BUDGET_YEAR, Figure, ca_mau_targets, national_curve
from services.domain.disbursement import Movement, MovementKind
from services.domain.fiscal_calendar import MONTHS_TO_CLOSE, closing_day, first_day, month_position
from services.domain.money import Money
from services.domain.plan import (
    NATIONAL_SCOPE,
    BaselineKind,
    BaselinePoint,
    BaselineSchedule,
    PlanBase,
    PlanRevision,
)

SEED = 2022
SOURCE = "mo-phong.ca-nam"
PROVINCE = "96"
_MILLION = 1_000_000
_OWNERS = 12
_FUND_SOURCES = ("local.balance", "local.land_use", "local.lottery", "central.sector")
_DISTRICTS = ("Cà Mau", "Cái Nước", "Đầm Dơi", "Năm Căn", "Ngọc Hiển", "Phú Tân", "Thới Bình", "U Minh")
_SECTORS = ("giao thông", "giáo dục", "y tế", "thủy lợi", "nông nghiệp")
_GROUPS = ("A", "B", "B", "C", "C", "C", "C")
# Tết and the other days on which the Treasury is closed.
_CLOSED = {
    date(2022, 1, 3), *(date(2022, 1, 31) + timedelta(days) for days in range(5)), date(2022, 4, 11),
    date(2022, 5, 2), date(2022, 5, 3), date(2022, 9, 1), date(2022, 9, 2), date(2023, 1, 2),
    *(date(2023, 1, 20) + timedelta(days) for days in range(7)),
}  # fmt: skip
# The nation's share at the year's close is not in figures_2022.csv: what January added is assumed.
_NATION_AT_CLOSE = 0.88


class Way(StrEnum):
    """How a project goes through the year, and why it ends as it does."""

    # Pays with the nation and makes it.
    STEADY = "steady"
    # A contractor who works ahead: done by autumn.
    EARLY = "early"
    # Half of the year's money in the last quarter and January: behind all year, and makes it.
    YEAR_END_RUSH = "year_end_rush"
    # Site clearance or bidding ends in summer; what is left of the year is enough.
    LATE_START_MADE = "late_start_made"
    # The same, and it is not enough.
    LATE_START_MISSED = "late_start_missed"
    # Stops for a dispute over site clearance or a material that cannot be had, and resumes in time.
    STALL_MADE = "stall_made"
    # The same, and resumes too late or not at all.
    STALL_MISSED = "stall_missed"
    # Almost a third of the plan paid as an advance in spring, then little work: ahead, then behind.
    OVER_ADVANCE = "over_advance"
    # The contractor or owner lacks capacity: slow all year.
    SLOW = "slow"
    # Nothing is paid until late: a dossier that is not approved.
    NOTHING = "nothing"
    # Behind, until a decision of November takes the rest of its plan away: it makes what is left.
    PLAN_CUT = "plan_cut"


# Of a hundred projects.
_MIX = {
    Way.STEADY: 30,
    Way.EARLY: 19,
    Way.YEAR_END_RUSH: 11,
    Way.LATE_START_MADE: 5,
    Way.LATE_START_MISSED: 5,
    Way.STALL_MADE: 5,
    Way.STALL_MISSED: 6,
    Way.OVER_ADVANCE: 5,
    Way.SLOW: 8,
    Way.NOTHING: 2,
    Way.PLAN_CUT: 4,
}
_CUT_DAY = date(BUDGET_YEAR, 11, 21)

Share = Callable[[float], float]
"""From months elapsed (0 to 13) to the share of the first plan that is disbursed."""


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A project of the simulated year."""

    code: str
    way: Way
    plans: tuple[PlanRevision, ...]
    movements: tuple[Movement, ...]


def projects(count: int, *, seed: int = SEED) -> list[MadeUp]:
    """``count`` projects, in the mix; the same each time."""
    random = Random(seed)  # noqa: S311 - a reproducible sample, not a secret
    ways = [way for way, of_hundred in _MIX.items() for _ in range(of_hundred)]
    random.shuffle(ways)
    return [_project(number, ways[number % len(ways)], random) for number in range(count)]


def curves() -> list[BaselineSchedule]:
    """Cà Mau's milestones and the nation's curves of 2021 and 2022, all published."""
    return [
        _curve(BaselineKind.TARGET, PROVINCE, BUDGET_YEAR, ca_mau_targets(), "plan"),
        *(
            _curve(BaselineKind.NATIONAL, NATIONAL_SCOPE, year, national_curve(year), "pm_assigned")
            for year in (BUDGET_YEAR, BUDGET_YEAR - 1)
        ),
    ]


def _curve(
    kind: BaselineKind, scope: str, year: int, figures: list[Figure], rate_base: str
) -> BaselineSchedule:
    return BaselineSchedule(
        source=SOURCE,
        source_ref=f"{kind}/{scope}/{year}",
        kind=kind,
        scope_code=scope,
        budget_year=year,
        points=tuple(
            BaselinePoint(figure.as_of, basis_points=int(figure.rate * 100))
            for figure in figures
            if figure.rate is not None
        ),
        decision_number=f"{kind} {year}",
        effective_date=date(year, 1, 1),
        rate_base=rate_base,
    )


# --- how a project goes ------------------------------------------------------------------------------

_KNOTS = [
    (0.0, 0.0),
    *(
        (float(month_position(figure.as_of, BUDGET_YEAR)), float(figure.rate or 0) / 100)
        for figure in national_curve(BUDGET_YEAR)
    ),
    (float(MONTHS_TO_CLOSE), _NATION_AT_CLOSE),
]


def _nation(month: float) -> float:
    """Where the nation stood, as a share of where it ended."""
    place = min(bisect_right([knot for knot, _ in _KNOTS], month), len(_KNOTS) - 1)
    (left, low), (right, high) = _KNOTS[place - 1], _KNOTS[place]
    return (low + (high - low) * (month - left) / (right - left)) / _NATION_AT_CLOSE


def _way(way: Way, random: Random) -> Share:  # noqa: PLR0911 - a table of ways
    """One project's curve."""
    made = random.uniform(0.955, 1.0)
    bent = random.uniform(0.85, 1.15)
    match way:
        case Way.STEADY:
            return lambda month: made * _nation(month) ** bent
        case Way.EARLY:
            fast = random.uniform(0.5, 0.7)
            return lambda month: made * min(1.0, _nation(month) ** fast * 1.05)
        case Way.YEAR_END_RUSH:
            late = random.uniform(1.6, 2.4)
            return lambda month: made * _nation(month) ** late
        case Way.LATE_START_MADE:
            return _from(random.uniform(4.5, 7.5), made)
        case Way.LATE_START_MISSED:
            return _from(random.uniform(6.5, 9.5), random.uniform(0.45, 0.88))
        case Way.STALL_MADE:
            stops = random.uniform(3, 7)
            return _stalled(stops, stops + random.uniform(2, 3.5), made)
        case Way.STALL_MISSED:
            stops = random.uniform(4, 8.5)
            return _stalled(stops, stops + random.uniform(3, 6), random.uniform(0.4, 0.85))
        case Way.OVER_ADVANCE:
            advanced, final = random.uniform(0.24, 0.3), random.uniform(0.4, 0.8)
            return lambda month: advanced + (final - advanced) * max(0.0, month - 4) / 9
        case Way.SLOW:
            final = random.uniform(0.5, 0.93)
            return lambda month: final * _nation(month) ** bent
        case Way.NOTHING:
            return _from(random.uniform(10.5, 12.5), random.uniform(0.05, 0.4))
        case Way.PLAN_CUT:
            final = random.uniform(0.3, 0.6)
            return lambda month: final * _nation(month) ** bent


def _from(start: float, final: float) -> Share:
    """Nothing until ``start``; from then on with the nation."""
    missed = _nation(start)
    return lambda month: final * max(0.0, _nation(month) - missed) / (1 - missed)


def _stalled(stops: float, resumes: float, final: float) -> Share:
    """With the nation, a stop, and then the rest, faster; the rest only if it resumes before the close."""
    held = final * _nation(stops) if resumes < MONTHS_TO_CLOSE else min(final, _nation(stops))

    def share(month: float) -> float:
        if month <= stops:
            return held * _nation(month) / _nation(stops)
        if month <= resumes or resumes >= MONTHS_TO_CLOSE:
            return held
        done = (_nation(month) - _nation(resumes)) / (1 - _nation(resumes))
        return held + (final - held) * done

    return share


# --- what the Treasury would have of it --------------------------------------------------------------


def _project(number: int, way: Way, random: Random) -> MadeUp:
    code = f"MPN-{number + 1:05d}"
    plan = random.choice((8_000, 15_000, 25_000, 40_000, 80_000)) * random.randint(80, 120) // 100 * _MILLION
    fund_source = random.choice(_FUND_SOURCES)
    share = _way(way, random)
    movements = tuple(_movements(code, fund_source, plan, share, random))
    first = _revision(code, number, plan, fund_source, way)
    if way is not Way.PLAN_CUT:
        return MadeUp(code, way, (first,), movements)
    # What is left is what the owner can still pay, to the đồng.
    return MadeUp(code, way, (first, _cut(first, sum(map(_signed, movements)))), movements)


def _movements(code: str, fund_source: str, plan: int, share: Share, random: Random) -> Iterator[Movement]:
    """An advance, then payments for completed work with parts of it recovered, on the project's days."""
    days = _days(random)
    months = [float(month_position(day, BUDGET_YEAR)) for day in days]
    # Each pays what is due until halfway to the next, so that the steps run through the curve, not below it.
    due = [(this + following) / 2 for this, following in pairwise([*months, months[-1]])]
    reached = [min(1.0, share(month)) for month in due]
    totals = [int(plan * part) for part in reached]
    to_recover, number = 0, 0

    def movement(day: date, kind: MovementKind, amount: int) -> Movement:
        return Movement(
            source=SOURCE,
            source_ref=f"{code}/{day}/{kind}",
            project_code=code,
            fund_source=fund_source,
            budget_year=BUDGET_YEAR,
            kind=kind,
            amount=Money(amount),
            value_date=day,
        )

    for day, (before, total) in zip(days, pairwise([0, *totals]), strict=True):
        paid = total - before
        if paid <= 0:
            continue
        number += 1
        if number == 1:
            to_recover = paid
            yield movement(day, MovementKind.ADVANCE, paid)
            continue
        recovered = min(to_recover, paid // 5)
        to_recover -= recovered
        yield movement(day, MovementKind.COMPLETED_WORK_PAYMENT, paid + recovered)
        if recovered:
            yield movement(day, MovementKind.ADVANCE_RECOVERY, recovered)


def _signed(movement: Movement) -> int:
    return movement.effect().disbursed


def _days(random: Random) -> list[date]:
    """One or two payments a month, on working days; the last in the days before the close."""
    days = set()
    for month in range(13):
        start = date(BUDGET_YEAR + month // 12, month % 12 + 1, 1)
        open_days = [
            day
            for number in range(calendar.monthrange(start.year, start.month)[1])
            if (day := start + timedelta(number)).weekday() < calendar.SATURDAY and day not in _CLOSED
        ]
        days.update(random.sample(open_days, random.choice((1, 1, 2))))
    return [*sorted(day for day in days if day < date(2023, 1, 28)), closing_day(BUDGET_YEAR)]


def _revision(code: str, number: int, plan: int, fund_source: str, way: Way) -> PlanRevision:
    owner = number % _OWNERS + 1
    return PlanRevision(
        source=SOURCE,
        source_ref=f"{code}/giao",
        project_code=code,
        project_name=f"[Mô phỏng] Dự án {number + 1} ({way})",
        owner_code=f"MPN-BQL-{owner:02d}",
        owner_name=f"[Mô phỏng] Ban Quản lý dự án {owner}",
        fund_source=fund_source,
        province_code=PROVINCE,
        budget_year=BUDGET_YEAR,
        base=PlanBase.INITIAL,
        amount=Money(plan),
        decision_number="mô phỏng 01/QĐ",
        decision_date=date(BUDGET_YEAR - 1, 12, 10),
        effective_date=first_day(BUDGET_YEAR),
        project_group=_GROUPS[number % len(_GROUPS)],
        district=_DISTRICTS[number % len(_DISTRICTS)],
        sector=_SECTORS[number % len(_SECTORS)],
    )


def _cut(first: PlanRevision, left: int) -> PlanRevision:
    return PlanRevision(
        source=SOURCE,
        source_ref=f"{first.project_code}/điều chỉnh",
        project_code=first.project_code,
        project_name=first.project_name,
        owner_code=first.owner_code,
        owner_name=first.owner_name,
        fund_source=first.fund_source,
        province_code=first.province_code,
        budget_year=BUDGET_YEAR,
        base=PlanBase.ADJUSTED,
        amount=Money(left),
        decision_number="mô phỏng 02/QĐ",
        decision_date=_CUT_DAY,
        effective_date=_CUT_DAY,
        project_group=first.project_group,
        district=first.district,
        sector=first.sector,
    )
