"""The evidence of a subject: its progress reckoned again from the ledger, and the movements behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from pydantic import Field

from services.aggregation import asked, lines_store, province_books
from services.aggregation.answers import KNOWN_AT, Answer, Date, Instant
from services.aggregation.asked import Asked, AsOfQuery
from services.aggregation.books_api import BooksApi
from services.aggregation.lines_store import Line
from services.aggregation.province_books import ProvinceBooks
from services.aggregation.subject_progress import SUMMED_BY, Evaluation, of_province
from services.domain.course import Course
from services.domain.fiscal_calendar import first_day
from services.domain.plan import BaselinePoint
from services.domain.progress import Progress, SubjectType
from services.runtime import cursor as paging
from services.runtime.access import Scope, caller
from services.runtime.api import Api
from services.runtime.errors import ProblemError, shortened
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
MOST_DECISIONS = 500
_A = TypeVar("_A", bound=Answer)


class EvidenceQuery(AsOfQuery):
    """Of which day and instant, and which page of movements."""

    limit: int = Field(100, ge=1, le=1_000)
    cursor: str | None = Field(None, max_length=500, description="next_cursor of the page before.")


class SubjectAnswer(Answer):
    """What is judged, and who answers for it."""

    type: str
    code: str
    name: str
    province_code: str
    owner_code: str
    owner_name: str
    accountable_officer: str
    level: str = Field(description="project or fund_line.")
    project_group: str
    district: str
    sector: str


class FundLineAnswer(Answer):
    """Plan and disbursement from one fund source, đồng."""

    fund_source: str
    initial_plan: int
    current_plan: int
    allocated_plan: int
    disbursed: int
    work_certified: int
    advance_outstanding: int
    carry_over_plan: int


class SeriesFigure(Answer):
    """What one account says; accounts are compared, never added."""

    series: str
    disbursed: int


class CourseDay(Answer):
    """The totals at the end of a day on which one of them changed, đồng."""

    date: Date
    disbursed: int
    work_certified: int
    advance_outstanding: int
    plan: int


class SourceAnswer(Answer):
    """A source that feeds the subject, and the last day of which it has stated anything in the province."""

    source: str
    reaches: Date


class PointAnswer(Answer):
    """Cumulative by the day: a share of the plan in basis points, or đồng."""

    date: Date
    basis_points: int | None
    amount: int | None

    @classmethod
    def of(cls, point: BaselinePoint) -> PointAnswer:
        return cls(
            date=point.day,
            basis_points=point.basis_points,
            amount=point.amount.minor_units if point.amount else None,
        )


class BaselineAnswer(Answer):
    """A curve that applies, with its points."""

    baseline: str
    scope_code: str
    budget_year: int
    decision_number: str
    effective_date: Date
    rate_base: str
    revision: int
    source: str
    source_ref: str
    points: list[PointAnswer]


class PeersAnswer(Answer):
    """The median execution rate of like projects."""

    scope_code: str
    members: int
    points: list[PointAnswer]


class WorkAnswer(Answer):
    """Value of completed work, đồng."""

    cumulative: int
    as_of: Date


class DecisionAnswer(Answer):
    """A plan decision in force on the day, over all lines of the subject from one fund source."""

    decision_number: str
    decision_date: Date
    effective_date: Date
    base: str = Field(description="initial, adjusted, allocated or carry_over.")
    carried_from_year: int = Field(description="For carry_over; 0 for the others.")
    fund_source: str
    revision: int
    amount: int = Field(description="đồng.")
    lines: int = Field(description="Over how many projects' lines.")


class MovementAnswer(Answer):
    """A row of the ledger behind the figures."""

    value_date: Date
    seq: int
    event_id: UUID
    origin_event_id: UUID = Field(description="The statement that a difference comes from; else event_id.")
    project_code: str
    fund_source: str
    series: str
    counts: bool = Field(description="Whether its series is the one that counts for the line.")
    kind: str
    amount: int = Field(description="đồng, above zero; the kind signs it.")
    disbursed: int
    work_certified: int
    advance_outstanding: int
    status: str
    source: str
    source_ref: str
    reverses_event_id: UUID | None
    reversed: bool = Field(description="Whether another movement up to the day took it back.")
    applied_at: dt.datetime = Field(description="Since when the ledger knows it.")


class Evidence(Answer):
    """A subject's whole progress, and a page of the movements behind it. Amounts are đồng."""

    as_of: Date
    known_at: Instant = KNOWN_AT
    budget_year: int
    books_through: Date | None
    currency: str
    subject: SubjectAnswer
    lines: list[FundLineAnswer]
    series: list[SeriesFigure]
    includes_estimate: bool
    plan_decision_number: str
    plan_effective_date: Date | None
    last_movement_date: Date | None
    ledger_watermark: int
    course: list[CourseDay]
    sources: list[SourceAnswer]
    baselines: list[BaselineAnswer]
    completed_work: WorkAnswer | None
    starts_on: Date | None
    closed_on: Date | None
    total_investment: int | None
    advance_since: Date | None = Field(description="Value date of the oldest advance not yet recovered.")
    peers: PeersAnswer | None
    decisions: list[DecisionAnswer] = Field(description=f"At most {MOST_DECISIONS}.")
    movements: list[MovementAnswer]
    next_cursor: str | None = Field(description="Give it as cursor for the next page; null on the last.")


class EvidenceApi(BooksApi):
    """The route of evidence."""

    def install(self, api: Api) -> None:
        """Bind the route."""
        api.route(
            "GET",
            "/v1/subjects/<type>/<path:code>/evidence",
            summary="A subject's whole progress reckoned from the ledger, and the movements behind it.",
            scopes=(Scope.READ,),
            query=EvidenceQuery,
            response=Evidence,
            problems=(404, 409),
        )(self.show_evidence)

    def show_evidence(self, type: str, code: str, query: EvidenceQuery) -> Evidence:  # noqa: A002 - its name in the path
        about = Asked.by(query, self._clock)
        after = _after(query.cursor)
        with self._pool.transaction() as cursor:
            asked.require_settled(cursor, about.known_at)
            province = self._province_of(cursor, type, code, about)
            books = province_books.read(cursor, province=province, **about.when, series=self._series)
            progress = self._progress(cursor, (type, code), about, books, province)
            own = [each.line for each in books.lines if _belongs(each.line, progress)]
            behind = _behind(own, about)
            cursor.execute(_QUERIES["decisions_behind"], {**behind, "most": MOST_DECISIONS})
            decisions = cursor.fetchall()
            cursor.execute(
                _QUERIES["movements_behind"],
                {**behind, **after, "limit": query.limit + 1},
            )
            movements = cursor.fetchall()
        page = movements[: query.limit]
        return Evidence(
            **about.when,
            **_answered(progress),
            decisions=[_named(DecisionAnswer, row) for row in decisions],
            movements=[_named(MovementAnswer, row) for row in page],
            next_cursor=(
                paging.encode((page[-1][0].isoformat(), page[-1][1])) if len(movements) > len(page) else None
            ),
        )

    def _province_of(self, cursor: Cursor, type_name: str, code: str, about: Asked) -> str:
        """The province of the subject, where the caller sees it. Raises the 404 problem."""
        if type_name not in set(SubjectType):
            raise _unknown_subject(type_name, code, about)
        if type_name != SubjectType.PROJECT:
            return code.partition("/")[0]
        lines = lines_store.read(cursor, **about.when, project_code=code, series=self._series)
        if not lines or not lines[0].province_code:
            raise _unknown_subject(type_name, code, about)
        return lines[0].province_code

    def _progress(
        self, cursor: Cursor, named: tuple[str, str], about: Asked, books: ProvinceBooks, province: str
    ) -> Progress:
        cursor.execute(_QUERIES["watermark"], {"known_at": about.known_at})
        row = cursor.fetchone()
        evaluation = Evaluation(
            province_code=province,
            budget_year=about.budget_year,
            as_of=about.as_of,
            business_date=about.as_of,
            books_through=lines_store.books_through(
                cursor,
                budget_year=about.budget_year,
                province=province,
                until=about.as_of,
                series=self._series,
                known_at=about.known_at,
            ),
            ledger_watermark=row[0] if row else 0,
            version=0,
            known_at=about.known_at,
        )
        if books.lines:
            for progress in of_province(evaluation, books, self._fund_sources):
                subject = progress.subject
                if (subject.type, subject.code) == named and caller().unit.covers(
                    province_code=subject.province_code, owner_code=subject.owner_code
                ):
                    return progress
        raise _unknown_subject(*named, about)


def _after(cursor: str | None) -> dict[str, Any]:
    """Where the page before ended. Raises the 422 problem for a text that is no cursor."""
    key = paging.decode(cursor, (str, int))
    if key is None:
        return {"after_day": None, "after_seq": 0}
    try:
        return {"after_day": dt.date.fromisoformat(str(key[0])), "after_seq": key[1]}
    except ValueError:
        raise paging.refused(str(cursor)) from None


def _belongs(line: Line, progress: Progress) -> bool:
    subject = progress.subject
    if subject.type is SubjectType.PROVINCE:
        return True
    if subject.type is SubjectType.PROJECT:
        return line.project_code == subject.code
    return f"{subject.province_code}/{SUMMED_BY[subject.type](line)}" == subject.code


def _behind(own: Sequence[Line], about: Asked) -> dict[str, Any]:
    return {
        **about.when,
        "projects": [line.project_code for line in own],
        "fund_sources": [line.fund_source for line in own],
        "series": [line.series for line in own],
    }


def _named(answer: type[_A], row: Sequence[Any]) -> _A:
    """The columns of a row by the names of the answer's fields, in their order."""
    return answer(**dict(zip(answer.model_fields, row, strict=True)))


def _answered(progress: Progress) -> dict[str, Any]:
    """What a progress says, by field of the answer."""
    subject = progress.subject
    work, peers = progress.completed_work, progress.peers
    return {
        "books_through": progress.books_through,
        "currency": progress.currency,
        "subject": SubjectAnswer(**{name: getattr(subject, name) for name in SubjectAnswer.model_fields}),
        "lines": [
            FundLineAnswer(**{name: getattr(line, name) for name in FundLineAnswer.model_fields})
            for line in progress.lines
        ],
        "series": [SeriesFigure(series=name, disbursed=disbursed) for name, disbursed in progress.series],
        "includes_estimate": progress.includes_estimate,
        "plan_decision_number": progress.plan_decision_number,
        "plan_effective_date": progress.plan_effective_date,
        "last_movement_date": progress.last_movement_date,
        "ledger_watermark": progress.ledger_watermark,
        "course": _course_days(progress.course, progress.budget_year),
        "sources": [SourceAnswer(source=each.source, reaches=each.reaches) for each in progress.sources],
        "baselines": [
            BaselineAnswer(
                baseline=each.kind,
                scope_code=each.scope_code,
                budget_year=each.budget_year,
                decision_number=each.decision_number,
                effective_date=each.effective_date,
                rate_base=each.rate_base,
                revision=each.revision,
                source=each.source,
                source_ref=each.source_ref,
                points=[PointAnswer.of(point) for point in each.points],
            )
            for each in progress.baselines
        ],
        "completed_work": WorkAnswer(cumulative=work.cumulative, as_of=work.as_of) if work else None,
        "starts_on": progress.starts_on,
        "closed_on": progress.closed_on,
        "total_investment": progress.total_investment,
        "advance_since": progress.advance_since,
        "peers": PeersAnswer(
            scope_code=peers.scope_code,
            members=peers.members,
            points=[PointAnswer.of(point) for point in peers.points],
        )
        if peers
        else None,
    }


def _course_days(course: Course, budget_year: int) -> list[CourseDay]:
    return [
        CourseDay(
            date=first_day(budget_year) + timedelta(days=day),
            disbursed=disbursed,
            work_certified=work,
            advance_outstanding=advance,
            plan=plan,
        )
        for day, disbursed, work, advance, plan in zip(
            course.days,
            course.disbursed,
            course.work_certified,
            course.advance_outstanding,
            course.plan,
            strict=True,
        )
    ]


def _unknown_subject(type_name: str, code: str, about: Asked) -> ProblemError:
    return ProblemError(
        404,
        "unknown-subject",
        "Không có đối tượng này / no such subject",
        f"Đến {about.as_of:%d/%m/%Y}, năm ngân sách {about.budget_year} không có {shortened(type_name)} "
        f"{shortened(code)!r}. Loại: {', '.join(SubjectType)}; mã ngoài dự án là mã tỉnh, hoặc mã tỉnh/mã, "
        f"ví dụ 96/O1. / There is no {shortened(type_name)} {shortened(code)!r} in budget year "
        f"{about.budget_year} up to {about.as_of.isoformat()}. Types: "
        f"{', '.join(SubjectType)}; but for a project the code is the province's, or begins with it: 96/O1.",
    )
