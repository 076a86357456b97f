"""What every line holds on a day, read from PostgreSQL (sql/schema/0014_quicker_reads.sql says how)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from services.domain.disbursement import Series
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")


class Line(NamedTuple):
    """A project's appropriation from one fund source. Amounts are đồng; names are ``None`` for a
    project that neither the register nor a plan decision names."""

    project_code: str
    fund_source: str
    project_name: str | None
    level: str | None
    owner_code: str | None
    owner_name: str | None
    accountable_officer: str | None
    unit_officer: str | None
    project_group: str | None
    district: str | None
    sector: str | None
    province_code: str | None
    initial_plan: int
    current_plan: int
    allocated_plan: int
    carry_over_plan: int
    decision_number: str | None
    plan_effective_date: date | None
    series: str | None
    disbursed: int
    work_certified: int
    advance_outstanding: int
    last_movement_date: date | None
    includes_estimate: bool
    # Paid of the capital carried over into the year: beside ``disbursed``, never in it; and how much of that
    # has a decision that is known.
    carry_over_disbursed: int = 0
    carry_over_disbursed_of_plan: int = 0
    # The bases of the decisions there are: what is not among them is not known, rather than zero.
    bases: Sequence[str] = ()


def read(
    cursor: Cursor,
    *,
    budget_year: int,
    as_of: date,
    series: Sequence[Series],
    province: str | None = None,
    project_code: str | None = None,
    known_at: datetime | None = None,
) -> list[Line]:
    """Lines by project and fund source, as the ledger knew them at ``known_at`` (``None``: all it knows)."""
    cursor.execute(
        _QUERIES["lines"],
        {
            "budget_year": budget_year,
            "as_of": as_of,
            "province": province,
            "series": [str(s) for s in series],
            "project_code": project_code,
            "known_at": known_at,
        },
    )
    return [Line(*row) for row in cursor.fetchall()]


def series_totals(
    cursor: Cursor,
    *,
    budget_year: int,
    as_of: date,
    series: Sequence[Series],
    projects: Sequence[str],
    known_at: datetime | None = None,
) -> dict[str, dict[Series, int]]:
    """What each series says of each project, in đồng. For comparison: never add them."""
    cursor.execute(
        _QUERIES["series_totals"],
        {
            "budget_year": budget_year,
            "as_of": as_of,
            "series": [str(s) for s in series],
            "projects": list(projects),
            "known_at": known_at,
        },
    )
    totals: dict[str, dict[Series, int]] = {}
    for project_code, name, disbursed in cursor.fetchall():
        totals.setdefault(project_code, {})[Series(name)] = disbursed
    return totals


def books_through(
    cursor: Cursor,
    *,
    budget_year: int,
    province: str,
    until: date,
    series: Sequence[Series],
    known_at: datetime | None = None,
) -> date | None:
    """The last day the province's books reach, not beyond ``until``."""
    cursor.execute(
        "SELECT aggregation.books_through(%s, %s, %s, %s, %s)",
        (budget_year, province, until, [str(s) for s in series], known_at),
    )
    row = cursor.fetchone()
    return row[0] if row else None
