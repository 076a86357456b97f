"""Lines gathered into subjects: each project, owner, district, sector and fund source of a province, and the
province as a whole. Pure.

Each line is counted once in a subject. A province has many lines and few kinds of them (of one owner,
district, sector and fund source): each kind is summed once, and the subjects are sums of kinds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from operator import add
from typing import Any

from services.aggregation.lines_store import Line
from services.aggregation.province_books import LineBooks, ProvinceBooks, Registered
from services.domain.course import Changes
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
from services.runtime.collector import held_still
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


@held_still()
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
    by_project: dict[str, _Sum] = defaultdict(_Sum)
    by_kind: dict[tuple[str, ...], _Sum] = defaultdict(_Sum)
    for place, each in enumerate(books.lines):
        by_project[each.line.project_code].add_line(place, each)
        by_kind[tuple([code_of(each.line) for code_of in SUMMED_BY.values()])].add_line(place, each)
    told = _projects(evaluation, books, by_project)
    works = _Works(by_project, books)
    for place, subject_type in enumerate(SUMMED_BY):
        groups: dict[str, _Sum] = defaultdict(_Sum)
        for kind, own in by_kind.items():
            groups[kind[place]].add(own)
        for code in (former or {}).get(subject_type, ()):
            groups.setdefault(code, _Sum())
        for code, own in sorted(groups.items()):
            if code or (subject_type is SubjectType.OWNER and own.first):
                subject = _sum_subject(evaluation, subject_type, code, own, fund_sources)
                told.append(_sum(evaluation, books, subject, own, works))
    whole = _Sum()
    for own in by_kind.values():
        whole.add(own)
    told.append(_sum(evaluation, books, _province(evaluation.province_code), whole, works))
    return told


class _Sum:
    """What some lines hold together: grows by lines, in their order, and by other sums, in that of their
    first lines.

    ``decided`` is of the latest decision, of equal ones the first line's: its day, the line's place counted
    downwards, its number. ``funds`` has the amounts of a ``FundLine`` in their order, by fund source.
    """

    __slots__ = (
        *("advance_since", "changes", "codes", "decided", "first", "funds", "is_estimate"),
        *("last_movement", "officers", "sources", "totals"),
    )

    def __init__(self) -> None:
        self.first: Line | None = None
        self.decided: tuple[date, int, str | None] = (date.min, 0, None)
        self.last_movement = date.min
        self.advance_since = date.max
        self.is_estimate = False
        self.changes = Changes()
        self.totals: dict[Series, int] = {}
        self.funds: dict[str, tuple[int, ...]] = {}
        self.sources: set[str] = set()
        self.codes: set[str] = set()
        self.officers: set[str] = set()

    def add_line(self, place: int, each: LineBooks) -> None:
        line = each.line
        if self.first is None:
            self.first = line
        if line.plan_effective_date and line.plan_effective_date > self.decided[0]:
            self.decided = (line.plan_effective_date, -place, line.decision_number)
        if line.last_movement_date and line.last_movement_date > self.last_movement:
            self.last_movement = line.last_movement_date
        if each.advance_since and each.advance_since < self.advance_since:
            self.advance_since = each.advance_since
        self.is_estimate = self.is_estimate or line.includes_estimate
        self.changes.add_line(each.movements, each.plans)
        for series, disbursed in each.accounts:
            self.totals[series] = self.totals.get(series, 0) + disbursed
        self._add_fund(
            line.fund_source,
            (
                line.initial_plan,
                line.current_plan,
                line.allocated_plan,
                line.disbursed,
                line.work_certified,
                line.advance_outstanding,
                line.carry_over_plan,
            ),
        )
        self.sources.update(each.sources)
        self.codes.add(line.project_code)
        self.officers.add(line.accountable_officer or "")

    def add(self, other: _Sum) -> None:
        self.first = self.first or other.first
        self.decided = max(self.decided, other.decided)
        self.last_movement = max(self.last_movement, other.last_movement)
        self.advance_since = min(self.advance_since, other.advance_since)
        self.is_estimate = self.is_estimate or other.is_estimate
        self.changes.add(other.changes)
        for series, disbursed in other.totals.items():
            self.totals[series] = self.totals.get(series, 0) + disbursed
        for fund_source, amounts in other.funds.items():
            self._add_fund(fund_source, amounts)
        self.sources |= other.sources
        self.codes |= other.codes
        self.officers |= other.officers

    def _add_fund(self, fund_source: str, amounts: tuple[int, ...]) -> None:
        so_far = self.funds.get(fund_source)
        self.funds[fund_source] = tuple(map(add, so_far, amounts)) if so_far else amounts

    @property
    def fund_lines(self) -> tuple[FundLine, ...]:
        """By fund source, in the order of their codes."""
        return tuple([FundLine(fund_source, *amounts) for fund_source, amounts in sorted(self.funds.items())])


def _projects(evaluation: Evaluation, books: ProvinceBooks, by_project: Mapping[str, _Sum]) -> list[Progress]:
    shared = books.shared_schedules
    registered: dict[str, list[BaselineSchedule]] = defaultdict(list)
    for schedule in books.schedules:
        if schedule.kind is BaselineKind.REGISTERED:
            registered[schedule.scope_code].append(schedule)
    courses = {code: own.changes.course for code, own in by_project.items()}
    fund_lines = {code: own.fund_lines for code, own in by_project.items()}
    subjects = {code: _project(own.first) for code, own in by_project.items() if own.first}
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
    own: _Sum,
    works: _Works,
) -> Progress:
    return Progress(
        subject=subject,
        lines=own.fund_lines,
        course=own.changes.course,
        baselines=works.schedules,
        # What a project's work is worth is not stated by fund source.
        completed_work=works.of(own.codes) if subject.type is not SubjectType.FUND_SOURCE else None,
        **_gathered(evaluation, subject, own, books),
    )


def _gathered(evaluation: Evaluation, subject: Subject, own: _Sum, books: ProvinceBooks) -> dict[str, Any]:
    """What a project and a sum have alike, by field of ``Progress``."""
    decided_on, _, decision_number = own.decided
    return {
        "budget_year": evaluation.budget_year,
        "as_of": evaluation.as_of,
        "business_date": evaluation.business_date,
        "books_through": evaluation.books_through,
        "series": tuple(sorted(own.totals.items())),
        "includes_estimate": own.is_estimate,
        "plan_decision_number": decision_number or "",
        "plan_effective_date": decided_on if decided_on > date.min else None,
        "last_movement_date": own.last_movement if own.last_movement > date.min else None,
        "ledger_watermark": evaluation.ledger_watermark,
        "version": evaluation.version,
        "sources": tuple([SourceReach(source, books.reaches[source]) for source in sorted(own.sources)]),
        "advance_since": own.advance_since if own.advance_since < date.max else None,
        "late_events": _late_events(subject, own, books) if books.late else (),
        "known_at": evaluation.known_at,
    }


def _late_events(subject: Subject, own: _Sum, books: ProvinceBooks) -> tuple[LateEvent, ...]:
    """The events of the subject's projects that came late, the earliest value date first; of a fund source
    those of its own. At most ``MOST_LATE_EVENTS``: from the first on, everything is judged again."""
    found = [
        event
        for code in own.codes
        for fund_source, event in books.late.get(code, ())
        if subject.type is not SubjectType.FUND_SOURCE or fund_source in own.funds
    ]
    found.sort(key=lambda event: (event.value_date, event.event_id))
    return tuple(found[:MOST_LATE_EVENTS])


class _Works:
    """What sums need of the whole province: the curves of all, and who reports completed work."""

    def __init__(self, by_project: Mapping[str, _Sum], books: ProvinceBooks) -> None:
        self.schedules = books.shared_schedules
        self._reported = books.completed_works
        self._planned = {
            code for code, own in by_project.items() if sum(plan for _, plan, *_ in own.funds.values()) > 0
        }

    def of(self, codes: Set[str]) -> CompletedWork | None:
        """The sum, where every project with a plan reports as of one day; else ``None``: less would be set
        against the plan of all, and one day's work against another day's plan."""
        codes = codes & self._planned
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
    own: _Sum,
    fund_sources: FundSourceNames,
) -> Subject:
    """All but a project are summed within a province, and known within it: an owner may work in several."""
    full_code = f"{evaluation.province_code}/{code}"
    if subject_type is SubjectType.OWNER:
        return _owner(evaluation.province_code, full_code, code, own)
    return Subject(
        type=subject_type,
        code=full_code,
        name=fund_sources.of(code) if subject_type is SubjectType.FUND_SOURCE else code,
        province_code=evaluation.province_code,
        district=code if subject_type is SubjectType.DISTRICT else "",
        sector=code if subject_type is SubjectType.SECTOR else "",
    )


def _owner(province_code: str, full_code: str, code: str, own: _Sum) -> Subject:
    owner_name = (own.first.owner_name or "") if own.first else ""
    return Subject(
        type=SubjectType.OWNER,
        code=full_code,
        name=owner_name if own.first else code,
        province_code=province_code,
        owner_code=code,
        owner_name=owner_name,
        # Whoever answers for the whole unit; without one, the officer that all its projects share.
        accountable_officer=((own.first.unit_officer or "") if own.first else "")
        or (next(iter(own.officers)) if len(own.officers) == 1 else ""),
    )


def _province(code: str) -> Subject:
    return Subject(
        type=SubjectType.PROVINCE, code=code, name=PROVINCE_NAMES.get(code, code), province_code=code
    )
