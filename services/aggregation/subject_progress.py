"""Lines gathered into subjects: each project, owner, district, sector and fund source of a province, and the
province as a whole. Pure.

A sum is made of the lines of its projects, each once: no sum is made of another sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import add
from typing import Any

from services.aggregation.lines_store import Line
from services.aggregation.province_books import LineBooks, ProvinceBooks, Registered
from services.domain.course import course_of
from services.domain.disbursement import Series
from services.domain.peers import Peer, peer_curves
from services.domain.plan import BaselineKind, BaselineSchedule, PlanLevel
from services.domain.progress import (
    CompletedWork,
    FundLine,
    LateEvent,
    Progress,
    SourceReach,
    Subject,
    SubjectType,
)
from services.runtime.fund_sources import FundSourceNames

# The statistics office's codes of the provinces (Decision 124/2004/QĐ-TTg, as in force in 2022).
# A province that is not named here is called by its code.
PROVINCE_NAMES = {"49": "Quảng Nam", "96": "Cà Mau"}
MOST_LATE_EVENTS = 50

# What a line belongs to within its province, by the subject that sums it. Empty is no subject, save an owner.
SUMMED_BY: Mapping[SubjectType, Callable[[Line], str]] = {
    SubjectType.OWNER: lambda line: line.owner_code or "",
    SubjectType.DISTRICT: lambda line: line.district or "",
    SubjectType.SECTOR: lambda line: line.sector or "",
    SubjectType.FUND_SOURCE: lambda line: line.fund_source,
}
# Codes within the province, by the kind of subject.
Within = Mapping[SubjectType, Collection[str]]


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
    known_at: datetime | None = None


def of_province(
    evaluation: Evaluation,
    books: ProvinceBooks,
    fund_sources: FundSourceNames,
    *,
    former: Within | None = None,
) -> list[Progress]:
    """The progress of every project of ``books``, of all that they are summed by, and of the province itself.

    ``former`` are owners, districts and the like that projects left: those without any project now are told
    too, with nothing left: only so are their alerts resolved.
    """
    by_project: dict[str, list[LineBooks]] = defaultdict(list)
    for each in books.lines:
        by_project[each.line.project_code].append(each)
    told = _projects(evaluation, books, by_project)
    works = _Works(by_project, books)
    for subject_type, code_of in SUMMED_BY.items():
        groups: dict[str, list[LineBooks]] = defaultdict(list)
        for each in books.lines:
            groups[code_of(each.line)].append(each)
        for code in (former or {}).get(subject_type, ()):
            groups.setdefault(code, [])
        for code, own in sorted(groups.items()):
            if code or (subject_type is SubjectType.OWNER and own):
                subject = _sum_subject(evaluation, subject_type, code, own, fund_sources)
                told.append(_sum(evaluation, books, subject, own, works))
    told.append(_sum(evaluation, books, _province(evaluation.province_code), books.lines, works))
    return told


def _projects(
    evaluation: Evaluation, books: ProvinceBooks, by_project: Mapping[str, Sequence[LineBooks]]
) -> list[Progress]:
    shared = books.shared_schedules
    registered: dict[str, list[BaselineSchedule]] = defaultdict(list)
    for schedule in books.schedules:
        if schedule.kind is BaselineKind.REGISTERED:
            registered[schedule.scope_code].append(schedule)
    courses = {code: course_of([each.changes for each in own]) for code, own in by_project.items()}
    fund_lines = {code: _fund_lines(each.line for each in own) for code, own in by_project.items()}
    subjects = {code: _project(own[0].line) for code, own in by_project.items()}
    peers = peer_curves(
        (
            Peer(code, subject.project_group, fund_lines[code], courses[code])
            for code, subject in subjects.items()
            # A line published without its projects is no project like others.
            if subject.level is PlanLevel.PROJECT
        ),
        as_of=evaluation.as_of,
        budget_year=evaluation.budget_year,
    )
    nothing = Registered()
    told = []
    for code, own in by_project.items():
        stated = books.registered.get(code, nothing)
        told.append(
            Progress(
                subject=subjects[code],
                lines=fund_lines[code],
                course=courses[code],
                baselines=(*shared, *registered[code]) if code in registered else shared,
                completed_work=books.completed_works.get(code),
                starts_on=stated.starts_on,
                closed_on=stated.closed_on,
                total_investment=stated.total_investment,
                peers=peers.get(code),
                **_gathered(evaluation, subjects[code], own, books),
            )
        )
    return told


def _sum(
    evaluation: Evaluation,
    books: ProvinceBooks,
    subject: Subject,
    own: Sequence[LineBooks],
    works: _Works,
) -> Progress:
    return Progress(
        subject=subject,
        lines=_fund_lines(each.line for each in own),
        course=course_of([each.changes for each in own]),
        baselines=works.schedules,
        # What a project's work is worth is not stated by fund source.
        completed_work=works.of(own) if subject.type is not SubjectType.FUND_SOURCE else None,
        **_gathered(evaluation, subject, own, books),
    )


def _gathered(
    evaluation: Evaluation, subject: Subject, own: Sequence[LineBooks], books: ProvinceBooks
) -> dict[str, Any]:
    """What a project and a sum have alike, by field of ``Progress``."""
    decided: Line | None = None
    last_movement: date | None = None
    advance_since: date | None = None
    is_estimate = False
    totals: dict[Series, int] = {}
    sources: set[str] = set()
    for each in own:
        line = each.line
        if line.plan_effective_date and (
            decided is None
            or decided.plan_effective_date is None
            or line.plan_effective_date > decided.plan_effective_date
        ):
            decided = line
        if line.last_movement_date and (last_movement is None or line.last_movement_date > last_movement):
            last_movement = line.last_movement_date
        if each.advance_since and (advance_since is None or each.advance_since < advance_since):
            advance_since = each.advance_since
        is_estimate = is_estimate or line.includes_estimate
        for name, disbursed in each.series.items():
            totals[name] = totals.get(name, 0) + disbursed
        sources.update(each.sources)
    return {
        "budget_year": evaluation.budget_year,
        "as_of": evaluation.as_of,
        "business_date": evaluation.business_date,
        "books_through": evaluation.books_through,
        "series": tuple(sorted(totals.items())),
        "includes_estimate": is_estimate,
        "plan_decision_number": (decided.decision_number if decided else None) or "",
        "plan_effective_date": decided.plan_effective_date if decided else None,
        "last_movement_date": last_movement,
        "ledger_watermark": evaluation.ledger_watermark,
        "version": evaluation.version,
        "sources": tuple(SourceReach(source, books.reaches[source]) for source in sorted(sources)),
        "advance_since": advance_since,
        "late_events": _late_events(subject, own, books) if books.late else (),
        "known_at": evaluation.known_at,
    }


def _late_events(subject: Subject, own: Sequence[LineBooks], books: ProvinceBooks) -> tuple[LateEvent, ...]:
    """The events of the subject's projects that came late, the earliest value date first; of a fund source
    those of its own. At most ``MOST_LATE_EVENTS``: from the first on, everything is judged again."""
    found = [
        event
        for code in {each.line.project_code for each in own}
        for fund_source, event in books.late.get(code, ())
        if subject.type is not SubjectType.FUND_SOURCE or fund_source == own[0].line.fund_source
    ]
    found.sort(key=lambda event: (event.value_date, event.event_id))
    return tuple(found[:MOST_LATE_EVENTS])


class _Works:
    """What sums need of the whole province: the curves of all, and who reports completed work."""

    def __init__(self, by_project: Mapping[str, Sequence[LineBooks]], books: ProvinceBooks) -> None:
        self.schedules = books.shared_schedules
        self._reported = books.completed_works
        self._planned = {
            code for code, own in by_project.items() if sum(each.line.current_plan for each in own) > 0
        }

    def of(self, own: Iterable[LineBooks]) -> CompletedWork | None:
        """The sum, where every project with a plan reports as of one day; else ``None``: less would be set
        against the plan of all, and one day's work against another day's plan."""
        codes = {each.line.project_code for each in own} & self._planned
        if not codes or not codes <= self._reported.keys():
            return None
        works = [self._reported[code] for code in codes]
        if len(days := {work.as_of for work in works}) != 1:
            return None
        return CompletedWork(sum(work.cumulative for work in works), days.pop())


# --- subjects ------------------------------------------------------------------------------------


def _project(line: Line) -> Subject:
    return Subject(
        type=SubjectType.PROJECT,
        code=line.project_code,
        name=line.project_name or line.project_code,
        province_code=line.province_code or "",
        owner_code=line.owner_code or "",
        owner_name=line.owner_name or "",
        accountable_officer=line.accountable_officer or "",
        level=PlanLevel(line.level) if line.level else PlanLevel.PROJECT,
        project_group=line.project_group or "",
        district=line.district or "",
        sector=line.sector or "",
    )


def _sum_subject(
    evaluation: Evaluation,
    subject_type: SubjectType,
    code: str,
    own: Sequence[LineBooks],
    fund_sources: FundSourceNames,
) -> Subject:
    """All but a project are summed within a province, and known within it: an owner may work in several."""
    full_code = f"{evaluation.province_code}/{code}"
    if subject_type is SubjectType.OWNER:
        return _owner(evaluation.province_code, full_code, code, [each.line for each in own])
    return Subject(
        type=subject_type,
        code=full_code,
        name=fund_sources.of(code) if subject_type is SubjectType.FUND_SOURCE else code,
        province_code=evaluation.province_code,
        district=code if subject_type is SubjectType.DISTRICT else "",
        sector=code if subject_type is SubjectType.SECTOR else "",
    )


def _owner(province_code: str, full_code: str, code: str, lines: Sequence[Line]) -> Subject:
    officers = {line.accountable_officer or "" for line in lines}
    return Subject(
        type=SubjectType.OWNER,
        code=full_code,
        name=(lines[0].owner_name or "") if lines else code,
        province_code=province_code,
        owner_code=code,
        owner_name=(lines[0].owner_name or "") if lines else "",
        # Whoever answers for the whole unit; without one, the officer that all its projects share.
        accountable_officer=((lines[0].unit_officer or "") if lines else "")
        or (officers.pop() if len(officers) == 1 else ""),
    )


def _province(code: str) -> Subject:
    return Subject(
        type=SubjectType.PROVINCE, code=code, name=PROVINCE_NAMES.get(code, code), province_code=code
    )


def _fund_lines(lines: Iterable[Line]) -> tuple[FundLine, ...]:
    """By fund source, in the order of their codes."""
    by_fund: dict[str, tuple[int, ...]] = {}
    for line in lines:
        amounts = (
            line.initial_plan,
            line.current_plan,
            line.allocated_plan,
            line.disbursed,
            line.work_certified,
            line.advance_outstanding,
            line.carry_over_plan,
        )
        so_far = by_fund.get(line.fund_source)
        by_fund[line.fund_source] = tuple(map(add, so_far, amounts)) if so_far else amounts
    return tuple(FundLine(fund_source, *amounts) for fund_source, amounts in sorted(by_fund.items()))
