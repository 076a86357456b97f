"""Lines gathered into subjects: each project, each owner, and the province as a whole. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.aggregation.lines_store import Line
from services.domain.disbursement import Series
from services.domain.plan import BaselineKind, BaselineSchedule, PlanLevel
from services.domain.progress import FundLine, Progress, Subject, SubjectType

# The statistics office's codes of the provinces (Decision 124/2004/QĐ-TTg, as in force in 2022).
# A province that is not named here is called by its code.
PROVINCE_NAMES = {"49": "Quảng Nam", "96": "Cà Mau"}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is the same for every subject of a province in one evaluation."""

    province_code: str
    budget_year: int
    as_of: date
    business_date: date
    books_through: date | None
    ledger_watermark: int
    version: int


def of_province(
    evaluation: Evaluation,
    lines: Sequence[Line],
    schedules: Sequence[BaselineSchedule],
    series: Mapping[str, Mapping[Series, int]],
    *,
    former_owners: Collection[str] = (),
) -> list[Progress]:
    """The progress of every project and owner of ``lines``, and of the province itself.

    ``former_owners`` whose last project went to another are told too, with nothing left: only so are
    their alerts resolved.
    """
    by_project: dict[str, list[Line]] = defaultdict(list)
    by_owner: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_project[line.project_code].append(line)
        by_owner[line.owner_code or ""].append(line)

    told = [
        _progress(evaluation, _project(own), own, _curves(schedules, own[0].project_code), series)
        for own in by_project.values()
    ]
    shared = _curves(schedules, None)
    told += [_progress(evaluation, _owner(own), own, shared, series) for own in by_owner.values()]
    told += [
        _progress(evaluation, _without_projects(evaluation, code), [], shared, series)
        for code in sorted(set(former_owners) - by_owner.keys())
    ]
    told.append(_progress(evaluation, _province(evaluation.province_code), lines, shared, series))
    return told


def _project(lines: Sequence[Line]) -> Subject:
    first = lines[0]
    return Subject(
        type=SubjectType.PROJECT,
        code=first.project_code,
        name=first.project_name or first.project_code,
        province_code=first.province_code or "",
        owner_code=first.owner_code or "",
        owner_name=first.owner_name or "",
        accountable_officer=first.accountable_officer or "",
        level=PlanLevel(first.level) if first.level else PlanLevel.PROJECT,
    )


def _owner(lines: Sequence[Line]) -> Subject:
    project = _project(lines)
    officers = {line.accountable_officer for line in lines}
    return replace(
        project,
        type=SubjectType.OWNER,
        code=_owner_code(project.province_code, project.owner_code),
        name=project.owner_name,
        # Whoever answers for the whole unit; without one, the officer that all its projects share.
        accountable_officer=lines[0].unit_officer
        or (project.accountable_officer if len(officers) == 1 else ""),
        level=PlanLevel.PROJECT,
    )


def _without_projects(evaluation: Evaluation, owner_code: str) -> Subject:
    return Subject(
        type=SubjectType.OWNER,
        code=_owner_code(evaluation.province_code, owner_code),
        name=owner_code,
        province_code=evaluation.province_code,
        owner_code=owner_code,
    )


def _owner_code(province_code: str, owner_code: str) -> str:
    """An owner is summed within a province, so it is known within it: it may work in several."""
    return f"{province_code}/{owner_code}"


def _province(code: str) -> Subject:
    return Subject(
        type=SubjectType.PROVINCE, code=code, name=PROVINCE_NAMES.get(code, code), province_code=code
    )


def _curves(schedules: Iterable[BaselineSchedule], project_code: str | None) -> tuple[BaselineSchedule, ...]:
    """A project's own registered schedule beside the curves of its province and the nation."""
    return tuple(
        s for s in schedules if s.kind is not BaselineKind.REGISTERED or s.scope_code == project_code
    )


def _progress(
    evaluation: Evaluation,
    subject: Subject,
    lines: Sequence[Line],
    schedules: tuple[BaselineSchedule, ...],
    series: Mapping[str, Mapping[Series, int]],
) -> Progress:
    latest = max(lines, key=lambda line: line.plan_effective_date or date.min, default=None)
    return Progress(
        subject=subject,
        budget_year=evaluation.budget_year,
        as_of=evaluation.as_of,
        business_date=evaluation.business_date,
        books_through=evaluation.books_through,
        lines=_fund_lines(lines),
        baselines=schedules,
        series=_series(lines, series),
        includes_estimate=any(line.includes_estimate for line in lines),
        plan_decision_number=(latest.decision_number if latest else None) or "",
        plan_effective_date=latest.plan_effective_date if latest else None,
        last_movement_date=max((d for line in lines if (d := line.last_movement_date)), default=None),
        ledger_watermark=evaluation.ledger_watermark,
        version=evaluation.version,
    )


def _fund_lines(lines: Iterable[Line]) -> tuple[FundLine, ...]:
    by_fund: dict[str, FundLine] = {}
    for line in lines:
        so_far = by_fund.get(line.fund_source, FundLine(line.fund_source))
        by_fund[line.fund_source] = FundLine(
            fund_source=line.fund_source,
            initial_plan=so_far.initial_plan + line.initial_plan,
            current_plan=so_far.current_plan + line.current_plan,
            allocated_plan=so_far.allocated_plan + line.allocated_plan,
            disbursed=so_far.disbursed + line.disbursed,
            work_certified=so_far.work_certified + line.work_certified,
            advance_outstanding=so_far.advance_outstanding + line.advance_outstanding,
        )
    return tuple(by_fund[name] for name in sorted(by_fund))


def _series(
    lines: Iterable[Line], series: Mapping[str, Mapping[Series, int]]
) -> tuple[tuple[Series, int], ...]:
    totals: dict[Series, int] = {}
    for project_code in {line.project_code for line in lines}:
        for name, disbursed in series.get(project_code, {}).items():
            totals[name] = totals.get(name, 0) + disbursed
    return tuple(sorted(totals.items()))
