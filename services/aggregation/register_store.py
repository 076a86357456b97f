"""The register (projects, units, officers) and the value of completed work in PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from services.aggregation.ledger_store import Place
from services.domain.disbursement import CompletedWorkLine, FigureStatus
from services.domain.money import Money
from services.domain.register import (
    OfficerAssignment,
    OwnerRegistration,
    ProjectRegistration,
    RegisterEntry,
)
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")


def insert_entry(cursor: Cursor, entry: RegisterEntry, recorded_at: datetime, place: Place) -> bool:
    """Append an entry and mark every project it says something of; false where it is there already."""
    query, columns = _columns_of(entry)
    cursor.execute(
        _QUERIES[query],
        (
            entry.event_id,
            entry.content_hash,
            entry.source,
            entry.source_ref,
            *columns,
            entry.effective_date,
            entry.revision,
            recorded_at,
            *_place(place),
        ),
    )
    if cursor.fetchone() is None:
        return False
    cursor.execute(
        _QUERIES["mark_registered_due"],
        {
            "project_code": "" if isinstance(entry, OwnerRegistration) else entry.project_code,
            "province_code": entry.province_code,
            "owner_code": entry.owner_code,
        },
    )
    return True


def _columns_of(entry: RegisterEntry) -> tuple[str, tuple[object, ...]]:
    """The query, and what differs between the kinds of entry in the order of its columns."""
    match entry:
        case ProjectRegistration():
            investment = entry.total_investment
            return "insert_project_registration", (
                entry.project_code,
                entry.project_name,
                entry.province_code,
                entry.owner_code,
                entry.project_group,
                entry.district,
                entry.sector,
                entry.starts_on,
                entry.closed_on,
                investment.minor_units if investment else None,
                investment.currency if investment else None,
            )
        case OwnerRegistration():
            return "insert_owner_registration", (
                entry.province_code,
                entry.owner_code,
                entry.owner_name,
                entry.head_name,
                entry.head_post,
                entry.supervisor_name,
            )
        case OfficerAssignment():
            return "insert_officer_assignment", (
                entry.province_code,
                entry.owner_code,
                entry.project_code,
                entry.officer_name,
                entry.officer_post,
                entry.officer_email,
            )


def insert_completed_work(
    cursor: Cursor, line: CompletedWorkLine, recorded_at: datetime, place: Place
) -> bool:
    """Append a report of completed work; false where it is there already."""
    cursor.execute(
        _QUERIES["insert_completed_work_line"],
        (
            line.event_id,
            line.content_hash,
            line.source,
            line.source_ref,
            line.project_code,
            line.budget_year,
            line.cumulative.minor_units,
            line.cumulative.currency,
            line.as_of,
            line.status,
            line.revision,
            recorded_at,
            *_place(place),
        ),
    )
    return cursor.fetchone() is not None


def _place(place: Place) -> tuple[str, int, int, int]:
    return (place.topic_id, place.partition, place.offset, place.index)


# --- reading -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InForce:
    """What the register says of a project on a day."""

    starts_on: date | None
    closed_on: date | None
    total_investment: Money | None
    effective_date: date


@dataclass(frozen=True, slots=True)
class Officer:
    """Who answers on a day, by assignment: for the project, or for its whole unit."""

    name: str
    post: str
    email: str
    of_whole_unit: bool
    effective_date: date


@dataclass(frozen=True, slots=True)
class CompletedWork:
    """The latest report of what the work done is worth, in đồng."""

    value: int
    as_of: date
    status: FigureStatus


def registration(
    cursor: Cursor, *, project_code: str, as_of: date, known_at: datetime | None = None
) -> InForce | None:
    """The registration of the project in force on the day."""
    cursor.execute(
        _QUERIES["registration_in_force"],
        {"project_code": project_code, "as_of": as_of, "known_at": known_at},
    )
    return _in_force(cursor)


def days_of(cursor: Cursor, *, project_code: str, on: date) -> InForce | None:
    """The registration that says when money may move: the one in force on the day, else the earliest to
    come, as the doors judge."""
    cursor.execute(_QUERIES["days_of_project"], {"project_code": project_code, "on": on})
    return _in_force(cursor)


def _in_force(cursor: Cursor) -> InForce | None:
    row = cursor.fetchone()
    if row is None:
        return None
    starts_on, closed_on, investment, currency, effective_date = row
    money = None if investment is None else Money(investment, currency)
    return InForce(starts_on, closed_on, money, effective_date)


def officer(
    cursor: Cursor,
    *,
    project_code: str,
    province_code: str,
    owner_code: str,
    as_of: date,
    known_at: datetime | None = None,
) -> Officer | None:
    """The officer assigned on the day: the project's own, else that of its unit."""
    cursor.execute(
        _QUERIES["officer_in_force"],
        {
            "project_code": project_code,
            "province_code": province_code,
            "owner_code": owner_code,
            "as_of": as_of,
            "known_at": known_at,
        },
    )
    row = cursor.fetchone()
    return Officer(*row) if row else None


def completed_work(
    cursor: Cursor, *, project_code: str, budget_year: int, as_of: date, known_at: datetime | None = None
) -> CompletedWork | None:
    """The latest report up to the day; of one date, an accepted figure before an estimate, then the higher
    revision."""
    cursor.execute(
        _QUERIES["completed_work"],
        {"project_code": project_code, "budget_year": budget_year, "as_of": as_of, "known_at": known_at},
    )
    row = cursor.fetchone()
    return CompletedWork(row[0], row[1], FigureStatus(row[2])) if row else None
