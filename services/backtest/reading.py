"""The ledger of a budget year read whole, in one read-only snapshot, and gathered into subjects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg2

from services.backtest.history import Books, Curved, Curves, Decided, History, Line, Moved, fund_lines
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import closing_day
from services.domain.money import Money
from services.domain.plan import (
    NATIONAL_SCOPE,
    BaselineKind,
    BaselinePoint,
    BaselineSchedule,
    PlanBase,
    PlanLevel,
)
from services.domain.progress import Progress, Subject, SubjectType
from services.runtime.postgres import Cursor, connect, read_queries, transaction

_QUERIES = read_queries(Path(__file__).parent / "sql")


class NotReadableError(Exception):
    """The books could not be read; says why and how to mend it, in Vietnamese and English."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read: a budget year up to a day, of one province or all. ``as_known``: each row from the day on
    which the ledger took it in, instead of from the first."""

    budget_year: int
    until: date
    province: str | None
    series: tuple[Series, ...]
    as_known: bool = False


def read(database_url: str, wanted: Wanted) -> list[History]:
    """Every project, owner, province, district, sector and fund source of the year, by type and code.

    Raises ``NotReadableError``, ``psycopg2.Error`` and ``StopServiceError``.
    """
    with _snapshot(database_url) as cursor:
        asked = {
            "budget_year": wanted.budget_year,
            "until": min(wanted.until, closing_day(wanted.budget_year)),
            "province": wanted.province,
            "series": [str(name) for name in wanted.series],
            "as_known": wanted.as_known,
        }
        projects = {row[0]: row for row in _rows(cursor, "projects", asked)}
        asked["projects"] = list(projects)
        lines = _lines(cursor, asked)
        asked["scopes"] = [NATIONAL_SCOPE, *{row[9] for row in projects.values()}, *projects]
        curves = _curves(cursor, asked)
    own = {code: tuple(of_project.values()) for code, of_project in lines.items() if code in projects}
    return _Gatherer(wanted, projects, own, curves).histories()


@contextmanager
def _snapshot(database_url: str) -> Iterator[Cursor]:
    """A transaction that sees the database as it is at its first query and may write nothing."""
    connection = connect(database_url, application="giaingan-backtest")
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with transaction(connection) as cursor:
            cursor.execute(_SETTINGS)
            yield cursor
    except psycopg2.errors.InsufficientPrivilege as error:
        raise NotReadableError(
            "tài khoản này không được đọc sổ: dùng tài khoản thuộc giaingan_auditor (docs/ROLES.md) / this "
            f"login may not read the books: use a member of giaingan_auditor: {str(error).strip()}"
        ) from error
    except (psycopg2.errors.InvalidSchemaName, psycopg2.errors.UndefinedTable) as error:
        raise NotReadableError(_NOT_MIGRATED.format(str(error).strip())) from error
    except psycopg2.errors.UndefinedFunction as error:
        raise NotReadableError(_NOT_MIGRATED.format(str(error).strip())) from error
    finally:
        connection.close()


_NOT_MIGRATED = (
    "cơ sở dữ liệu chưa có sổ của phiên bản này: chạy giaingan migrate / the database has no books of this "
    "version: run giaingan migrate: {}"
)
_SETTINGS = """
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL work_mem = '64MB';
SET LOCAL jit = off
"""


def _rows(cursor: Cursor, query: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    cursor.execute(_QUERIES[query], asked)
    return cursor.fetchall()


def _lines(cursor: Cursor, asked: dict[str, Any]) -> dict[str, dict[str, Line]]:
    """Lines by project and fund source."""
    lines: dict[str, dict[str, Line]] = defaultdict(dict)

    def line(project: str, fund_source: str) -> Line:
        return lines[project].setdefault(fund_source, Line(fund_source))

    for project, fund, known, value_date, series, *amounts in _rows(cursor, "moved", asked):
        line(project, fund).moved.append(Moved(known, value_date, Series(series), *amounts))
    for project, fund, known, effective, decided, base, amount, *names in _rows(cursor, "decided", asked):
        number, source, carried_from, revision, event_id = names
        line(project, fund).decided.append(
            Decided(
                known,
                effective,
                decided,
                PlanBase(base),
                amount,
                (number, source, carried_from),
                revision,
                event_id,
            )
        )
    return lines


def _curves(cursor: Cursor, asked: dict[str, Any]) -> dict[str, list[Curved]]:
    """Curves by scope: the nation, a province, a project."""
    curves: dict[str, list[Curved]] = defaultdict(list)
    for scope, known, source, ref, kind, year, points, number, effective, base, revision in _rows(
        cursor, "curves", asked
    ):
        schedule = BaselineSchedule(
            source=source,
            source_ref=ref,
            kind=BaselineKind(kind),
            scope_code=scope,
            budget_year=year,
            points=tuple(map(_point, points)),
            decision_number=number,
            effective_date=effective,
            rate_base=base,
            revision=revision,
        )
        curves[scope].append(Curved(known, schedule))
    return curves


def _point(point: dict[str, Any]) -> BaselinePoint:
    """As the table keeps it: ``{"date": ..., "basis_points": ...}`` or ``"amount"`` in đồng."""
    day = date.fromisoformat(point["date"])
    if "amount" in point:
        return BaselinePoint(day, amount=Money(point["amount"]))
    return BaselinePoint(day, basis_points=point["basis_points"])


class _Gatherer:
    """Lines gathered into subjects, as aggregation gathers them for live alerts."""

    def __init__(
        self,
        wanted: Wanted,
        projects: dict[str, tuple[Any, ...]],
        lines: dict[str, tuple[Line, ...]],
        curves: dict[str, list[Curved]],
    ) -> None:
        self._wanted = wanted
        self._projects = projects
        self._lines = lines
        self._curves = curves
        self._books = {province: Books(rows) for province, rows in self._reports().items()}
        self._shared = {
            province: Curves([*curves[NATIONAL_SCOPE], *curves[province]], wanted.budget_year)
            for province in self._books
        }

    def histories(self) -> list[History]:
        found = [self._project(code) for code in self._lines]
        for subject, codes in self._roll_ups():
            found.append(self._history(subject, codes))
        return sorted(found, key=lambda history: (history.subject.type, history.subject.code))

    def _reports(self) -> dict[str, set[tuple[date, date]]]:
        """By province, since when it is known that its books reach a day."""
        reports: dict[str, set[tuple[date, date]]] = {row[9]: set() for row in self._projects.values()}
        for code, lines in self._lines.items():
            rows = ((row.known_on, row.value_date) for line in lines for row in line.moved)
            reports[self._projects[code][9]].update(rows)
        return reports

    def _project(self, code: str) -> History:
        subject = _subject(self._projects[code])
        *_, starts_on, closed_on, total_investment = self._projects[code]
        own = self._curves[code]
        province = subject.province_code
        shared = [*self._curves[NATIONAL_SCOPE], *self._curves[province]]
        curves = Curves([*shared, *own], self._wanted.budget_year) if own else self._shared[province]
        return self._history(
            subject,
            [code],
            curves=curves,
            starts_on=starts_on,
            closed_on=closed_on,
            total_investment=total_investment,
        )

    def _roll_ups(self) -> Iterable[tuple[Subject, list[str]]]:
        members: dict[tuple[SubjectType, str], tuple[Subject, list[str]]] = {}
        for code in self._lines:
            for subject in _sums(_subject(self._projects[code])):
                members.setdefault((subject.type, subject.code), (subject, []))[1].append(code)
        return members.values()

    def _history(
        self,
        subject: Subject,
        codes: Sequence[str],
        *,
        curves: Curves | None = None,
        starts_on: date | None = None,
        closed_on: date | None = None,
        total_investment: int | None = None,
    ) -> History:
        wanted = self._wanted
        lines = tuple(line for code in codes for line in self._lines[code])
        until = min(wanted.until, closing_day(wanted.budget_year))
        books = self._books[subject.province_code]
        like = Progress(
            subject=subject,
            budget_year=wanted.budget_year,
            # Beyond the last day: each day of the replay is a past one, judged by the same rules.
            as_of=until + timedelta(1),
            business_date=wanted.until,
            books_through=books.through(until),
            lines=fund_lines(lines, wanted.series, until),
            plan_effective_date=max(
                (row.effective_date for line in lines for row in line.decided if row.effective_date <= until),
                default=None,
            ),
            starts_on=starts_on,
            closed_on=closed_on,
            total_investment=total_investment,
        )
        return History(
            subject=subject,
            budget_year=wanted.budget_year,
            lines=lines,
            books=books,
            curves=curves or self._shared[subject.province_code],
            series=wanted.series,
            like=like,
        )


def _subject(row: tuple[Any, ...]) -> Subject:
    code, name, level, owner, owner_name, officer, group, district, sector, province, *_ = row
    return Subject(
        type=SubjectType.PROJECT,
        code=code,
        name=name or code,
        province_code=province or "",
        owner_code=owner or "",
        owner_name=owner_name or "",
        accountable_officer=officer or "",
        level=PlanLevel(level) if level else PlanLevel.PROJECT,
        project_group=group or "",
        district=district or "",
        sector=sector or "",
    )


def _sums(project: Subject) -> Iterable[Subject]:
    """The roll-ups that a project is in, each known within its province."""
    province = project.province_code
    yield Subject(
        type=SubjectType.OWNER,
        code=f"{province}/{project.owner_code}",
        name=project.owner_name or project.owner_code,
        province_code=province,
        owner_code=project.owner_code,
        owner_name=project.owner_name,
    )
    yield Subject(type=SubjectType.PROVINCE, code=province, name=province, province_code=province)
