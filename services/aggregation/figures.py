"""Lines summed into what the read API answers. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from services.aggregation import answers
from services.aggregation.lines_store import Line
from services.domain.baseline import Curve
from services.domain.fiscal_calendar import month_position
from services.domain.measures import measure
from services.domain.plan import BaselineSchedule
from services.domain.plan_history import BaseName
from services.runtime.fund_sources import FundSourceNames


def grouped(lines: Iterable[Line], key: Callable[[Line], str | None]) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[key(line) or ""].append(line)
    return groups


def figures_of(lines: Sequence[Line]) -> answers.Figures:
    disbursed = sum(line.disbursed for line in lines)
    initial = sum(line.initial_plan for line in lines)
    current = sum(line.current_plan for line in lines)
    rates = [_rate(base, lines) for base in _BASES]
    return answers.Figures(
        initial_plan=initial,
        current_plan=current,
        allocated_plan=sum(line.allocated_plan for line in lines),
        carry_over_plan=sum(line.carry_over_plan for line in lines),
        carry_over_disbursed=sum(line.carry_over_disbursed for line in lines),
        disbursed=disbursed,
        work_certified=sum(line.work_certified for line in lines),
        advance_outstanding=sum(line.advance_outstanding for line in lines),
        execution_rate_percent=answers.per_cent(Fraction(disbursed, current) if current else None),
        initial_rate_percent=answers.per_cent(Fraction(disbursed, initial) if initial else None),
        rates=rates,
        includes_estimate=any(line.includes_estimate for line in lines),
    )


@dataclass(frozen=True, slots=True)
class _Base:
    """A base of rates: which decisions make it known, what it is of a line, and what counts against it. Of
    ``only_known``, lines without such a decision count for nothing."""

    name: BaseName
    decided_by: frozenset[str]
    plan: Callable[[Line], int]
    disbursed: Callable[[Line], int]
    only_known: bool = False


_BASES = (
    _Base("initial", frozenset({"initial"}), lambda line: line.initial_plan, lambda line: line.disbursed),
    _Base(
        "current",
        frozenset({"initial", "adjusted"}),
        lambda line: line.current_plan,
        lambda line: line.disbursed,
    ),
    _Base(
        "allocated",
        frozenset({"allocated"}),
        lambda line: line.allocated_plan,
        lambda line: line.disbursed,
        only_known=True,
    ),
    _Base(
        "carry_over",
        frozenset({"carry_over"}),
        lambda line: line.carry_over_plan,
        lambda line: line.carry_over_disbursed_of_plan,
    ),
)


def _rate(base: _Base, lines: Sequence[Line]) -> answers.BaseRate:
    known = [line for line in lines if not base.decided_by.isdisjoint(line.bases)]
    plan = sum(base.plan(line) for line in known)
    disbursed = sum(base.disbursed(line) for line in (known if base.only_known else lines))
    return answers.BaseRate(
        base=base.name,
        plan=plan if known else None,
        disbursed=disbursed,
        rate_percent=answers.per_cent(Fraction(disbursed, plan) if plan else None),
    )


def project_of(lines: Sequence[Line]) -> answers.Project:
    first = lines[0]
    return answers.Project(
        project_code=first.project_code,
        project_name=first.project_name,
        level=first.level,
        owner_code=first.owner_code,
        owner_name=first.owner_name,
        accountable_officer=first.accountable_officer,
        province_code=first.province_code,
        district=first.district,
        sector=first.sector,
        project_group=first.project_group,
        last_movement_date=max((d for line in lines if (d := line.last_movement_date)), default=None),
        figures=figures_of(lines),
    )


def measured(
    figures: answers.Figures, schedules: Iterable[BaselineSchedule], as_of: date, budget_year: int
) -> list[answers.BaselineMeasures]:
    if not figures.current_plan:
        return []
    return [
        answers.BaselineMeasures.of(
            baseline=schedule.kind,
            budget_year=schedule.budget_year,
            decision_number=schedule.decision_number,
            rate_base=schedule.rate_base,
            measures=measure(
                disbursed=figures.disbursed,
                plan=figures.current_plan,
                curve=Curve.of(schedule, plan=figures.current_plan),
                month=month_position(as_of, budget_year),
            ),
        )
        for schedule in schedules
    ]


def planned(schedule: BaselineSchedule, plan: int) -> answers.PlanCurve:
    return answers.PlanCurve(
        baseline=schedule.kind,
        budget_year=schedule.budget_year,
        decision_number=schedule.decision_number,
        points=[curve_point(point.day, int(point.share_of(plan) * plan), plan) for point in schedule.points],
    )


def curve_point(day: date, amount: int, plan: int) -> answers.CurvePoint:
    return answers.CurvePoint(
        date=day, amount=amount, rate_percent=answers.per_cent(Fraction(amount, plan) if plan else None)
    )


def groups(lines: Sequence[Line], group_by: str, names: FundSourceNames) -> list[answers.Group]:
    if group_by == "month":
        return []
    if group_by == "fund_source":
        return [
            answers.Group(
                key=level,
                name=names.of(level),
                figures=figures_of(own),
                parts=[
                    answers.Group(key=code, name=names.of(code), figures=figures_of(part))
                    for code, part in sorted(grouped(own, lambda line: line.fund_source).items())
                ],
            )
            for level, own in sorted(grouped(lines, lambda line: line.fund_source.split(".")[0]).items())
        ]
    key, name = _GROUPINGS[group_by]
    return [
        answers.Group(key=code, name=name(own[0]) or code, figures=figures_of(own))
        for code, own in sorted(grouped(lines, key).items())
    ]


_GROUPINGS: dict[str, tuple[Callable[[Line], str | None], Callable[[Line], str | None]]] = {
    "owner": (lambda line: line.owner_code, lambda line: line.owner_name),
    "district": (lambda line: line.district, lambda line: line.district),
    "sector": (lambda line: line.sector, lambda line: line.sector),
}


def by_month(moved: Sequence[tuple[str, int]], plan: int) -> list[answers.Month]:
    months = []
    cumulative = 0
    for month, disbursed in moved:
        cumulative += disbursed
        months.append(
            answers.Month(
                month=month,
                disbursed=disbursed,
                cumulative=cumulative,
                execution_rate_percent=answers.per_cent(Fraction(cumulative, plan) if plan else None),
            )
        )
    return months
