"""The read API of aggregation: projects, curves, summaries. What a person decides is in ``cases_api``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from services.aggregation import answers, figures, lines_store, plan_store, register_store
from services.aggregation.lines_store import Line
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import is_in_budget_year
from services.domain.money import LEDGER_CURRENCY
from services.domain.plan import NATIONAL_SCOPE, BaselineSchedule
from services.runtime import cursor as paging
from services.runtime.access import Scope, Unit, caller
from services.runtime.api import Api, invalid
from services.runtime.clock import Clock
from services.runtime.errors import FieldError, ProblemError, shortened
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import Cursor, Pool, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")

_SORTS: dict[str, Callable[[answers.Project], int]] = {
    "code": lambda _: 0,
    "plan": lambda p: p.figures.current_plan,
    "disbursed": lambda p: p.figures.disbursed,
    # A project without a plan has no rate and comes first, as nothing was paid of nothing.
    "rate": lambda p: int((p.figures.execution_rate_percent or 0) * 100) if p.figures.current_plan else -1,
}


class ReadApi:
    """The routes of the read API."""

    def __init__(
        self, *, pool: Pool, clock: Clock, series: Sequence[Series], fund_sources: FundSourceNames
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._series = list(series)
        self._fund_sources = fund_sources

    def install(self, api: Api) -> None:
        """Bind the routes."""
        api.route(
            "GET",
            "/v1/projects",
            summary="Projects with plan, disbursement and rate: filter, sort, page.",
            scopes=(Scope.READ,),
            query=answers.ProjectsQuery,
            response=answers.Projects,
        )(self.list_projects)
        api.route(
            "GET",
            "/v1/projects/<code>",
            summary="One project: its lines, the accounts beside each other, and every curve that applies.",
            scopes=(Scope.READ,),
            query=answers.AsOfQuery,
            response=answers.ProjectDetail,
            problems=(404,),
        )(self.show_project)
        api.route(
            "GET",
            "/v1/projects/<code>/curve",
            summary="Plan curves and the disbursed curve of a project.",
            scopes=(Scope.READ,),
            query=answers.AsOfQuery,
            response=answers.Curve,
            problems=(404,),
        )(self.show_curve)
        api.route(
            "GET",
            "/v1/summary",
            summary="Plan and disbursement by owner, fund source, district, sector or month.",
            scopes=(Scope.READ,),
            query=answers.SummaryQuery,
            response=answers.Summary,
        )(self.summarise)

    def list_projects(self, query: answers.ProjectsQuery) -> answers.Projects:
        as_of, budget_year = self._asked(query)
        after = paging.decode(query.cursor, (int, str))
        unit = caller().unit
        with self._pool.transaction() as cursor:
            lines = self._lines_within(cursor, query.province, unit, as_of=as_of, budget_year=budget_year)
        projects = [
            figures.project_of(own) for own in figures.grouped(lines, lambda line: line.project_code).values()
        ]
        projects = [p for p in projects if _matches(p, query)]
        descending = query.sort.startswith("-")
        by = _SORTS[query.sort.removeprefix("-")]
        keyed = sorted(((-by(p) if descending else by(p), p.project_code), p) for p in projects)
        page = [(key, p) for key, p in keyed if after is None or key > after][: query.limit]
        more = bool(page) and page[-1][0] != keyed[-1][0]
        return answers.Projects(
            as_of=as_of,
            budget_year=budget_year,
            currency=LEDGER_CURRENCY,
            items=[p for _, p in page],
            next_cursor=paging.encode(page[-1][0]) if more else None,
        )

    def show_project(self, code: str, query: answers.AsOfQuery) -> answers.ProjectDetail:
        as_of, budget_year = self._asked(query)
        with self._pool.transaction() as cursor:
            lines = self._lines_of(cursor, code, as_of, budget_year)
            totals = lines_store.series_totals(
                cursor, budget_year=budget_year, as_of=as_of, series=list(Series), projects=[code]
            )
            schedules = _schedules(cursor, lines[0], as_of, budget_year)
            reached = self._books_through(cursor, lines[0], as_of, budget_year)
            registered = _registered(cursor, lines[0], as_of, budget_year)
        project = figures.project_of(lines)
        return answers.ProjectDetail(
            as_of=as_of,
            books_through=reached,
            budget_year=budget_year,
            currency=LEDGER_CURRENCY,
            project=project,
            lines=[
                answers.LineAnswer(
                    fund_source=line.fund_source,
                    series=line.series,
                    decision_number=line.decision_number,
                    plan_effective_date=line.plan_effective_date,
                    figures=figures.figures_of([line]),
                )
                for line in lines
            ],
            series=[
                answers.SeriesAnswer(series=name, disbursed=disbursed)
                for name, disbursed in sorted(totals.get(code, {}).items())
            ],
            baselines=figures.measured(project.figures, schedules, reached, budget_year) if reached else [],
            **registered,
        )

    def show_curve(self, code: str, query: answers.AsOfQuery) -> answers.Curve:
        as_of, budget_year = self._asked(query)
        with self._pool.transaction() as cursor:
            lines = self._lines_of(cursor, code, as_of, budget_year)
            schedules = _schedules(cursor, lines[0], as_of, budget_year)
            cursor.execute(
                _QUERIES["disbursed_curve"],
                {
                    "budget_year": budget_year,
                    "as_of": as_of,
                    "series": [str(s) for s in self._series],
                    "project_code": code,
                },
            )
            disbursed = cursor.fetchall()
            reached = self._books_through(cursor, lines[0], as_of, budget_year)
        plan = sum(line.current_plan for line in lines)
        return answers.Curve(
            as_of=as_of,
            books_through=reached,
            budget_year=budget_year,
            currency=LEDGER_CURRENCY,
            project_code=code,
            current_plan=plan,
            planned=[figures.planned(schedule, plan) for schedule in schedules],
            disbursed=[figures.curve_point(day, amount, plan) for day, amount in disbursed],
        )

    def summarise(self, query: answers.SummaryQuery) -> answers.Summary:
        as_of, budget_year = self._asked(query)
        reached = None
        unit = caller().unit
        province = query.province or unit.province_code or None
        moved: list[tuple[str, int]] = []
        with self._pool.transaction() as cursor:
            lines = self._lines_within(cursor, query.province, unit, as_of=as_of, budget_year=budget_year)
            if province and unit.province_code in ("", province):
                reached = self._reached(cursor, province, as_of, budget_year)
            if query.group_by == "month":
                moved = self._months(cursor, query, unit, as_of=as_of, budget_year=budget_year)
        lines = [line for line in lines if query.owner in (None, line.owner_code)]
        total = figures.figures_of(lines)
        return answers.Summary(
            as_of=as_of,
            books_through=reached,
            budget_year=budget_year,
            currency=LEDGER_CURRENCY,
            group_by=query.group_by,
            total=total,
            groups=figures.groups(lines, query.group_by, self._fund_sources),
            months=figures.by_month(moved, total.current_plan),
        )

    def _lines_within(
        self, cursor: Cursor, province: str | None, unit: Unit, *, as_of: date, budget_year: int
    ) -> list[Line]:
        """The lines of a province, or of all, that the unit covers."""
        lines = lines_store.read(
            cursor,
            budget_year=budget_year,
            as_of=as_of,
            province=province or unit.province_code or None,
            series=self._series,
        )
        return [line for line in lines if _covers(unit, line)]

    def _months(
        self, cursor: Cursor, query: answers.SummaryQuery, unit: Unit, *, as_of: date, budget_year: int
    ) -> list[tuple[str, int]]:
        province = query.province or unit.province_code or None
        owner = query.owner or unit.owner_code or None
        if unit.province_code not in ("", province) or unit.owner_code not in ("", owner):
            return []
        cursor.execute(
            _QUERIES["months"],
            {
                "budget_year": budget_year,
                "as_of": as_of,
                "province": province,
                "owner": owner,
                "series": [str(s) for s in self._series],
            },
        )
        return cursor.fetchall()

    def _books_through(self, cursor: Cursor, line: Line, as_of: date, budget_year: int) -> date | None:
        """The last day the books of the project's province reach: the day it is judged at (docs/adr/0005)."""
        return self._reached(cursor, line.province_code, as_of, budget_year) if line.province_code else None

    def _reached(self, cursor: Cursor, province: str, until: date, budget_year: int) -> date | None:
        return lines_store.books_through(
            cursor, budget_year=budget_year, province=province, until=until, series=self._series
        )

    def _lines_of(self, cursor: Cursor, code: str, as_of: date, budget_year: int) -> list[Line]:
        lines = lines_store.read(
            cursor, budget_year=budget_year, as_of=as_of, project_code=code, series=self._series
        )
        # What is outside the caller's unit is not there for it.
        if not lines or not _covers(caller().unit, lines[0]):
            raise ProblemError(
                404,
                "unknown-project",
                "Không có dự án này / no such project",
                f"Đến {as_of:%d/%m/%Y}, năm ngân sách {budget_year} không có kế hoạch hay giao dịch nào của "
                f"{shortened(code)!r}; GET /v1/projects liệt kê các dự án. / "
                f"No plan and no movement of {shortened(code)!r} in budget year {budget_year} "
                f"up to {as_of.isoformat()}. GET /v1/projects lists those there are.",
            )
        return lines

    def _asked(self, query: answers.AsOfQuery) -> tuple[date, int]:
        """The day and the budget year a question is about."""
        as_of = query.as_of or self._clock.business_date()
        budget_year = query.budget_year or as_of.year
        if not is_in_budget_year(as_of, budget_year):
            raise invalid(
                [
                    FieldError(
                        code="outside-budget-year",
                        where="as_of",
                        read=as_of.isoformat(),
                        detail=f"năm ngân sách {budget_year} kéo dài đến hết 31/01 năm sau / "
                        f"budget year {budget_year} runs to 31 January of the next year",
                        mend="ghi một ngày của năm đó, hoặc ghi đúng budget_year / "
                        "give a day of the year, or its budget_year",
                    )
                ]
            )
        return as_of, budget_year


def _covers(unit: Unit, line: Line) -> bool:
    return unit.covers(province_code=line.province_code, owner_code=line.owner_code)


def _matches(project: answers.Project, query: answers.ProjectsQuery) -> bool:
    return (
        query.owner in (None, project.owner_code)
        and query.district in (None, project.district)
        and query.sector in (None, project.sector)
        and query.level in (None, project.level)
    )


def _schedules(cursor: Cursor, line: Line, as_of: date, budget_year: int) -> list[BaselineSchedule]:
    scopes = [NATIONAL_SCOPE, line.province_code or "", line.project_code]
    return plan_store.schedules_in_force(cursor, scopes=scopes, budget_year=budget_year, as_of=as_of)


def _registered(cursor: Cursor, line: Line, as_of: date, budget_year: int) -> dict[str, Any]:
    """What the register and the owner's reports say of a project on the day, by field of the answer."""
    code = line.project_code
    registration = register_store.registration(cursor, project_code=code, as_of=as_of)
    officer = register_store.officer(
        cursor,
        project_code=code,
        province_code=line.province_code or "",
        owner_code=line.owner_code or "",
        as_of=as_of,
    )
    work = register_store.completed_work(cursor, project_code=code, budget_year=budget_year, as_of=as_of)
    return {
        "registration": registration and answers.Registration.of(registration),
        "officer": officer and answers.AssignedOfficer.of(officer),
        "completed_work": work and answers.CompletedWorkAnswer.of(work),
    }
