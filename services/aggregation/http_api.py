"""The read API of aggregation: projects, curves, summaries. What a person decides is in ``cases_api``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from services.aggregation import (
    answers,
    asked,
    closing,
    figures,
    lines_store,
    plan_store,
    project_lines,
    register_store,
)
from services.aggregation.asked import Asked, AsOfQuery
from services.aggregation.books_api import BooksApi
from services.aggregation.lines_store import Line
from services.domain.disbursement import Series
from services.domain.money import LEDGER_CURRENCY
from services.domain.plan import NATIONAL_SCOPE, BaselineSchedule
from services.runtime import cursor as paging
from services.runtime.access import Scope, Unit, caller
from services.runtime.api import Api
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")

_SORTS: dict[str, Callable[[answers.Project], int]] = {
    "code": lambda _: 0,
    "plan": lambda p: p.figures.current_plan,
    "disbursed": lambda p: p.figures.disbursed,
    # A project without a plan has no rate and comes first, as nothing was paid of nothing.
    "rate": lambda p: int((p.figures.execution_rate_percent or 0) * 100) if p.figures.current_plan else -1,
}


class ReadApi(BooksApi):
    """The routes of the read API."""

    def install(self, api: Api) -> None:
        """Bind the routes."""
        api.route(
            "GET",
            "/v1/projects",
            summary="Projects with plan, disbursement and rate: filter, sort, page.",
            scopes=(Scope.READ,),
            query=answers.ProjectsQuery,
            response=answers.Projects,
            problems=(409,),
        )(self.list_projects)
        api.route(
            "GET",
            "/v1/projects/<code>",
            summary="One project: its lines, the accounts beside each other, and every curve that applies.",
            scopes=(Scope.READ,),
            query=AsOfQuery,
            response=answers.ProjectDetail,
            problems=(404, 409),
        )(self.show_project)
        api.route(
            "GET",
            "/v1/projects/<code>/curve",
            summary="Plan curves and the disbursed curve of a project.",
            scopes=(Scope.READ,),
            query=AsOfQuery,
            response=answers.Curve,
            problems=(404, 409),
        )(self.show_curve)
        api.route(
            "GET",
            "/v1/summary",
            summary="Plan and disbursement by owner, fund source, district, sector or month.",
            scopes=(Scope.READ,),
            query=answers.SummaryQuery,
            response=answers.Summary,
            problems=(409,),
        )(self.summarise)

    def list_projects(self, query: answers.ProjectsQuery) -> answers.Projects:
        about = Asked.by(query, self._clock)
        after = paging.decode(query.cursor, (int, str))
        unit = caller().unit
        with self._pool.transaction() as cursor:
            asked.require_settled(cursor, about.known_at)
            lines = self._lines_within(cursor, query.province, unit, about)
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
            as_of=about.as_of,
            known_at=about.known_at,
            budget_year=about.budget_year,
            currency=LEDGER_CURRENCY,
            items=[p for _, p in page],
            next_cursor=paging.encode(page[-1][0]) if more else None,
        )

    def show_project(self, code: str, query: AsOfQuery) -> answers.ProjectDetail:
        about = Asked.by(query, self._clock)
        with self._pool.transaction() as cursor:
            asked.require_settled(cursor, about.known_at)
            lines = project_lines.of_project(cursor, code, about, self._series)
            totals = lines_store.series_totals(cursor, **about.when, series=list(Series), projects=[code])
            schedules = _schedules(cursor, lines[0], about)
            reached = self._books_through(cursor, lines[0], about)
            registered = _registered(cursor, lines[0], about)
            closed = closing.of_project(cursor, code, lines, about, self._series)
        project = figures.project_of(lines)
        return answers.ProjectDetail(
            as_of=about.as_of,
            known_at=about.known_at,
            books_through=reached,
            budget_year=about.budget_year,
            currency=LEDGER_CURRENCY,
            project=project,
            closing=closed,
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
            baselines=figures.measured(project.figures, schedules, reached, about.budget_year)
            if reached
            else [],
            **registered,
        )

    def show_curve(self, code: str, query: AsOfQuery) -> answers.Curve:
        about = Asked.by(query, self._clock)
        with self._pool.transaction() as cursor:
            asked.require_settled(cursor, about.known_at)
            lines = project_lines.of_project(cursor, code, about, self._series)
            schedules = _schedules(cursor, lines[0], about)
            cursor.execute(
                _QUERIES["disbursed_curve"],
                {
                    **about.when,
                    "series": [str(s) for s in self._series],
                    "project_code": code,
                },
            )
            disbursed = cursor.fetchall()
            reached = self._books_through(cursor, lines[0], about)
        plan = sum(line.current_plan for line in lines)
        return answers.Curve(
            as_of=about.as_of,
            known_at=about.known_at,
            books_through=reached,
            budget_year=about.budget_year,
            currency=LEDGER_CURRENCY,
            project_code=code,
            current_plan=plan,
            planned=[figures.planned(schedule, plan) for schedule in schedules],
            disbursed=[figures.curve_point(day, amount, plan) for day, amount in disbursed],
        )

    def summarise(self, query: answers.SummaryQuery) -> answers.Summary:
        about = Asked.by(query, self._clock)
        reached = None
        unit = caller().unit
        province = query.province or unit.province_code or None
        moved: list[tuple[str, int]] = []
        with self._pool.transaction() as cursor:
            asked.require_settled(cursor, about.known_at)
            lines = self._lines_within(cursor, query.province, unit, about)
            if province and unit.province_code in ("", province):
                reached = self._reached(cursor, province, about)
            if query.group_by == "month":
                moved = self._months(cursor, query, unit, about)
        lines = [line for line in lines if query.owner in (None, line.owner_code)]
        total = figures.figures_of(lines)
        return answers.Summary(
            as_of=about.as_of,
            known_at=about.known_at,
            books_through=reached,
            budget_year=about.budget_year,
            currency=LEDGER_CURRENCY,
            group_by=query.group_by,
            total=total,
            groups=figures.groups(lines, query.group_by, self._fund_sources),
            months=figures.by_month(moved, total.current_plan),
        )

    def _lines_within(self, cursor: Cursor, province: str | None, unit: Unit, about: Asked) -> list[Line]:
        """The lines of a province, or of all, that the unit covers."""
        lines = lines_store.read(
            cursor,
            **about.when,
            province=province or unit.province_code or None,
            series=self._series,
        )
        return [line for line in lines if project_lines.covers(unit, line)]

    def _months(
        self, cursor: Cursor, query: answers.SummaryQuery, unit: Unit, about: Asked
    ) -> list[tuple[str, int]]:
        province = query.province or unit.province_code or None
        owner = query.owner or unit.owner_code or None
        if unit.province_code not in ("", province) or unit.owner_code not in ("", owner):
            return []
        cursor.execute(
            _QUERIES["months"],
            {
                **about.when,
                "province": province,
                "owner": owner,
                "series": [str(s) for s in self._series],
            },
        )
        return cursor.fetchall()

    def _books_through(self, cursor: Cursor, line: Line, about: Asked) -> date | None:
        """The last day the books of the project's province reach: the day it is judged at (docs/adr/0005)."""
        return self._reached(cursor, line.province_code, about) if line.province_code else None

    def _reached(self, cursor: Cursor, province: str, about: Asked) -> date | None:
        return lines_store.books_through(
            cursor,
            budget_year=about.budget_year,
            province=province,
            until=about.as_of,
            series=self._series,
            known_at=about.known_at,
        )


def _matches(project: answers.Project, query: answers.ProjectsQuery) -> bool:
    return (
        query.owner in (None, project.owner_code)
        and query.district in (None, project.district)
        and query.sector in (None, project.sector)
        and query.level in (None, project.level)
    )


def _schedules(cursor: Cursor, line: Line, about: Asked) -> list[BaselineSchedule]:
    scopes = [NATIONAL_SCOPE, line.province_code or "", line.project_code]
    return plan_store.schedules_in_force(cursor, scopes=scopes, **about.when)


def _registered(cursor: Cursor, line: Line, about: Asked) -> dict[str, Any]:
    """What the register and the owner's reports say of a project on the day, by field of the answer."""
    code = line.project_code
    registration = register_store.registration(
        cursor, project_code=code, as_of=about.as_of, known_at=about.known_at
    )
    officer = register_store.officer(
        cursor,
        project_code=code,
        province_code=line.province_code or "",
        owner_code=line.owner_code or "",
        as_of=about.as_of,
        known_at=about.known_at,
    )
    work = register_store.completed_work(cursor, project_code=code, **about.when)
    return {
        "registration": registration and answers.Registration.of(registration),
        "officer": officer and answers.AssignedOfficer.of(officer),
        "completed_work": work and answers.CompletedWorkAnswer.of(work),
    }
