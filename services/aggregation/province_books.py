"""Everything that the progress of a province's subjects is made of, read from PostgreSQL at once.

A handful of statements a province and year, however many projects it has; none a project.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from services.aggregation import plan_store
from services.aggregation.lines_store import Line
from services.domain.course import Changes
from services.domain.disbursement import Series
from services.domain.plan import NATIONAL_SCOPE, BaselineKind, BaselineSchedule
from services.domain.progress import CompletedWork, LateEvent
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")

# Project and fund source.
LineKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LineBooks:
    """A line with all that is known of it. Amounts are đồng.

    ``series`` is what each account of it says; ``sources`` are who has stated anything of it;
    ``advance_since`` is the value date of its oldest advance not yet recovered.
    """

    line: Line
    changes: Changes
    series: Mapping[Series, int]
    sources: tuple[str, ...]
    advance_since: date | None


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register says of a project on the day; the investment in đồng."""

    starts_on: date | None = None
    closed_on: date | None = None
    total_investment: int | None = None


@dataclass(frozen=True, slots=True)
class ProvinceBooks:
    """The books of a province in a budget year as of a day.

    ``reaches`` is how far each source has stated anything in the province. ``late`` are the events that came
    after their time, by project, each with its fund source.
    """

    lines: Sequence[LineBooks]
    schedules: Sequence[BaselineSchedule] = ()
    reaches: Mapping[str, date] = field(default_factory=dict)
    registered: Mapping[str, Registered] = field(default_factory=dict)
    completed_works: Mapping[str, CompletedWork] = field(default_factory=dict)
    late: Mapping[str, Sequence[tuple[str, LateEvent]]] = field(default_factory=dict)

    @property
    def shared_schedules(self) -> tuple[BaselineSchedule, ...]:
        """The curves of the province and the nation; a registered one is its project's own."""
        return tuple(s for s in self.schedules if s.kind is not BaselineKind.REGISTERED)


def read(
    cursor: Cursor,
    *,
    province: str,
    budget_year: int,
    as_of: date,
    series: Sequence[Series],
    known_at: datetime | None = None,
) -> ProvinceBooks:
    """The books as the ledger knew them at ``known_at`` (``None``: all it knows), but for what came late.

    ``series`` are those that may count, the preferred first. Several statements: the cursor's transaction
    should see one snapshot.
    """
    about: dict[str, Any] = {
        "budget_year": budget_year,
        "as_of": as_of,
        "known_at": known_at,
        "province": province,
        "series": [str(s) for s in series],
    }
    # So that some hundred thousand rows are grouped in memory and not sorted on disk; for this transaction.
    cursor.execute("SET LOCAL work_mem = '64MB'")
    cursor.execute(_QUERIES["province_lines"], about)
    rows = cursor.fetchall()
    lines = [Line(*row[:_COLUMNS_OF_LINE]) for row in rows]
    projects = list(dict.fromkeys(line.project_code for line in lines))
    about["projects"] = projects
    totals = _series(cursor, about)
    sources, reaches = _sources(cursor, about)
    advances = _advances(cursor, lines, about)
    return ProvinceBooks(
        lines=[
            LineBooks(
                line,
                _changes(row[_COLUMNS_OF_LINE:]),
                totals.get((line.project_code, line.fund_source), {}),
                sources.get((line.project_code, line.fund_source), ()),
                advances.get((line.project_code, line.fund_source)),
            )
            for line, row in zip(lines, rows, strict=True)
        ],
        schedules=plan_store.schedules_in_force(
            cursor,
            scopes=[NATIONAL_SCOPE, province, *projects],
            budget_year=budget_year,
            as_of=as_of,
            known_at=known_at,
        ),
        reaches=reaches,
        registered=_registered(cursor, about),
        completed_works=_completed_works(cursor, about),
    )


_COLUMNS_OF_LINE = 24
_NO_CHANGES = Changes()


def _changes(columns: Sequence[Sequence[int] | None]) -> Changes:
    """A line without any has nulls."""
    return _NO_CHANGES if columns[0] is None else Changes(*(each or () for each in columns))


def _series(cursor: Cursor, about: Mapping[str, object]) -> dict[LineKey, dict[Series, int]]:
    cursor.execute(_QUERIES["series_of_lines"], about)
    totals: dict[LineKey, dict[Series, int]] = defaultdict(dict)
    for project_code, fund_source, name, disbursed in cursor.fetchall():
        totals[project_code, fund_source][Series(name)] = disbursed
    return totals


def _sources(
    cursor: Cursor, about: Mapping[str, object]
) -> tuple[dict[LineKey, tuple[str, ...]], dict[str, date]]:
    """The sources of each line, and how far each reaches in the province."""
    cursor.execute(_QUERIES["source_reaches"], about)
    sources: dict[LineKey, tuple[str, ...]] = {}
    reaches: dict[str, date] = {}
    for project_code, fund_source, source, day in cursor.fetchall():
        key = (project_code, fund_source)
        sources[key] = (*sources.get(key, ()), source)
        reaches[source] = max(day, reaches.get(source, day))
    return sources, reaches


def _advances(cursor: Cursor, lines: Sequence[Line], about: Mapping[str, object]) -> dict[LineKey, date]:
    """The oldest advance not yet recovered of each line that has one."""
    open_lines = [line for line in lines if line.advance_outstanding > 0]
    if not open_lines:
        return {}
    cursor.execute(
        _QUERIES["advances_since"],
        {
            **about,
            "projects": [line.project_code for line in open_lines],
            "fund_sources": [line.fund_source for line in open_lines],
            "series": [line.series for line in open_lines],
            "outstanding": [line.advance_outstanding for line in open_lines],
        },
    )
    return {(project_code, fund_source): since for project_code, fund_source, since in cursor.fetchall()}


def _registered(cursor: Cursor, about: Mapping[str, object]) -> dict[str, Registered]:
    cursor.execute(_QUERIES["registered_in_force"], about)
    return {code: Registered(*stated) for code, *stated in cursor.fetchall()}


def _completed_works(cursor: Cursor, about: Mapping[str, object]) -> dict[str, CompletedWork]:
    cursor.execute(_QUERIES["completed_works"], about)
    return {code: CompletedWork(cumulative, as_of) for code, cumulative, as_of in cursor.fetchall()}
