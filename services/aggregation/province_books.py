"""Everything that the progress of a province's subjects is made of, read from PostgreSQL at once.

A handful of statements a province and year, however many projects it has; none a project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from services.aggregation import plan_store
from services.aggregation.lines_store import Line
from services.domain.advances import oldest_left
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import first_day
from services.domain.plan import NATIONAL_SCOPE, BaselineKind, BaselineSchedule
from services.domain.progress import CompletedWork, LateEvent
from services.runtime.collector import held_still
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")

# Project and fund source.
LineKey = tuple[str, str]


class LineBooks(NamedTuple):
    """A line with all that is known of it. Amounts are đồng, days are counted from 1 January.

    ``accounts`` is what each series says of it; ``sources`` are who has stated anything of it. Movements are
    of the series that counts: day, disbursed, work certified, advance outstanding. ``plans`` are the days
    from which a plan was in force, and its amount. ``advance_since`` is the value date of its oldest advance
    not yet recovered.
    """

    line: Line
    accounts: Sequence[tuple[Series, int]]
    movements: Sequence[Sequence[int]]
    plans: Sequence[Sequence[int]]
    advance_since: date | None
    sources: tuple[str, ...]


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


@held_still()
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
    # Every part is joined whole. Where nothing was counted yet (a new database, a restored one), the planner
    # takes each for a row and goes through all lines for each: minutes for some thousand projects.
    cursor.execute("SET LOCAL enable_nestloop = off")
    cursor.execute(_QUERIES["province_lines"], about)
    rows = cursor.fetchall()
    cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")
    about["projects"] = projects = list(dict.fromkeys(row[0] for row in rows))
    sources, reaches = _sources(cursor, about)
    return ProvinceBooks(
        lines=[_line(row, sources, budget_year) for row in rows],
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


def _line(row: Sequence[Any], sources: Mapping[LineKey, tuple[str, ...]], budget_year: int) -> LineBooks:
    """A row of ``province_lines``; what a line has none of is null."""
    *of_line, names, disbursed, movements, plans, advances = row
    line = Line(*of_line)
    since = oldest_left(advances, line.advance_outstanding) if advances else None
    return LineBooks(
        line,
        [(_SERIES[name], amount) for name, amount in zip(names, disbursed, strict=True)] if names else (),
        movements or (),
        plans or (),
        None if since is None else first_day(budget_year) + timedelta(days=since),
        sources.get((line.project_code, line.fund_source), ()),
    )


_SERIES = {str(series): series for series in Series}


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


def _registered(cursor: Cursor, about: Mapping[str, object]) -> dict[str, Registered]:
    cursor.execute(_QUERIES["registered_in_force"], about)
    return {code: Registered(*stated) for code, *stated in cursor.fetchall()}


def _completed_works(cursor: Cursor, about: Mapping[str, object]) -> dict[str, CompletedWork]:
    cursor.execute(_QUERIES["completed_works"], about)
    return {code: CompletedWork(cumulative, as_of) for code, cumulative, as_of in cursor.fetchall()}
