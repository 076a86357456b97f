"""How like projects stand: the median execution rate of projects of one group and main fund source."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.domain.course import Course
from services.domain.fiscal_calendar import closing_day, first_day, month_end
from services.domain.plan import WHOLE_PLAN_BASIS_POINTS, BaselinePoint
from services.domain.progress import FundLine, PeerCurve

# Fewer are no measure of what is usual, and would tell each of them what the others did.
FEWEST_PEERS = 5


@dataclass(frozen=True, slots=True)
class Peer:
    """A project that may be like others."""

    code: str
    project_group: str
    lines: tuple[FundLine, ...]
    course: Course


def peer_curves(projects: Iterable[Peer], *, as_of: date, budget_year: int) -> dict[str, PeerCurve]:
    """The curve of each project's like, by project code; one curve for all that are alike.

    Alike are projects with a plan of the same project group (A, B, C), where it is stated, and the same main
    fund source: the line with the largest plan, of equal ones the first by code. Projects of fewer than
    ``FEWEST_PEERS`` have none. A project is among its own peers.
    """
    alike: dict[str, list[Peer]] = defaultdict(list)
    for project in projects:
        if scope_code := _scope_code(project):
            alike[scope_code].append(project)
    ends = list(_ends(budget_year, as_of))
    curves = {}
    for scope_code, members in alike.items():
        if len(members) >= FEWEST_PEERS:
            points = _points([member.course for member in members], ends, budget_year)
            curve = PeerCurve(scope_code, len(members), points)
            curves.update(dict.fromkeys((member.code for member in members), curve))
    return curves


def _scope_code(project: Peer) -> str:
    """Group and main fund source; empty where it is like no other."""
    if not project.project_group:
        return ""
    main = min(project.lines, key=lambda line: (-line.current_plan, line.fund_source), default=None)
    return f"{project.project_group}/{main.fund_source}" if main and main.current_plan > 0 else ""


def _ends(budget_year: int, as_of: date) -> Iterator[date]:
    """The month ends of the budget year before ``as_of``, and ``as_of``."""
    end = month_end(first_day(budget_year))
    while end < as_of and end <= closing_day(budget_year):
        yield end
        end = month_end(date(end.year + end.month // 12, end.month % 12 + 1, 1))
    yield as_of


def _points(courses: Sequence[Course], ends: Sequence[date], budget_year: int) -> tuple[BaselinePoint, ...]:
    """The median rate at each of ``ends``, in basis points, made non-falling from the last one backwards.

    A baseline is cumulative and may not fall, but a median of rates can: plans are raised in the year,
    projects join the plan, money is refunded. The last point is the day that is judged and stays what it is;
    an earlier one that stood higher is lowered to it. The other way round, today's median would be raised to
    a height that the peers have come down from, and more than half of them would lag behind it.
    """
    offsets = [(end - first_day(budget_year)).days for end in ends]
    rates_at_ends = zip(*(_rates(course, offsets) for course in courses), strict=True)
    lowest: int | None = None
    points = []
    for end, rates in reversed(list(zip(ends, rates_at_ends, strict=True))):
        known = sorted(rate for rate in rates if rate is not None)
        if not known:
            continue
        median = max(0, _median(known))
        lowest = median if lowest is None else min(lowest, median)
        points.append(BaselinePoint(end, basis_points=lowest))
    return tuple(reversed(points))


def _rates(course: Course, offsets: Iterable[int]) -> list[int | None]:
    """The rates of the plan in force on these days of the year, in basis points; ``None`` without a plan."""
    # As Course.on finds them, without making Totals of every project at every month end.
    rates: list[int | None] = []
    place, rate = 0, None
    for offset in offsets:
        before, place = place, bisect_right(course.days, offset)
        if place != before:
            plan = course.plan[place - 1]
            rate = _rounded(course.disbursed[place - 1] * WHOLE_PLAN_BASIS_POINTS, plan) if plan > 0 else None
        rates.append(rate)
    return rates


def _median(ordered: Sequence[int]) -> int:
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return _rounded(ordered[half - 1] + ordered[half], 2)


def _rounded(numerator: int, denominator: int) -> int:
    """The nearest integer, half to even, as ``round`` of a ``Fraction`` and many times faster."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))
