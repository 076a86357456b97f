"""A fact as it stands in the books, by its event id: what a contradicting one is compared with."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

from services.aggregation import plan_store
from services.contracts import topics
from services.domain.disbursement import (
    CompletedWorkLine,
    FigureStatus,
    Movement,
    MovementKind,
    RecoveryBooking,
    Reporter,
    StatementLine,
)
from services.domain.money import Money
from services.domain.plan import BaselineKind, BaselineSchedule, PlanBase, PlanLevel, PlanRevision
from services.domain.reallocation import Reallocation, ReallocationSide
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.domain.validation import Fact
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")


def find(cursor: Cursor, topic: str, event_id: UUID) -> Fact | None:
    """The fact that the books hold under the id; ``None`` where they hold none."""
    for query, read in _READERS[topic].items():
        cursor.execute(_QUERIES[query], (event_id,))
        if cursor.description is None:
            continue
        names = [column.name for column in cursor.description]
        row = cursor.fetchone()
        if row is not None:
            return read(dict(zip(names, row, strict=True)))
    return None


def movement(cursor: Cursor, event_id: UUID) -> Movement | None:
    """The movement that the ledger holds under the id."""
    found = find(cursor, topics.DISBURSEMENT, event_id)
    return found if isinstance(found, Movement) else None


def _movement(row: dict[str, Any]) -> Movement | None:
    """A row of the ledger says what a movement does, not by whose books and which booking: its content hash
    does."""
    content_hash = bytes(row.pop("content_hash"))
    stated = _money(row, "amount") | {
        "kind": MovementKind(row["kind"]),
        "status": FigureStatus(row["status"]),
    }
    for reporter, booking in product(Reporter, RecoveryBooking):
        found = Movement(**stated, reporter=reporter, recovery_booking=booking)
        if found.content_hash == content_hash:
            return found
    return None


def _statement(row: dict[str, Any]) -> StatementLine:
    enums = {"status": FigureStatus(row["status"]), "reporter": Reporter(row["reporter"])}
    return StatementLine(**(_money(row, "cumulative") | enums))


def _completed_work(row: dict[str, Any]) -> CompletedWorkLine:
    return CompletedWorkLine(**(_money(row, "cumulative") | {"status": FigureStatus(row["status"])}))


def _revision(row: dict[str, Any]) -> PlanRevision:
    enums = {"level": PlanLevel(row["level"]), "base": PlanBase(row["base"])}
    return PlanRevision(**(_money(row, "amount") | enums))


def _reallocation(row: dict[str, Any]) -> Reallocation:
    stated = dict(row)
    currency = stated.pop("currency")
    columns = (stated.pop(name) for name in ("project_codes", "fund_sources", "before", "after"))
    sides = tuple(
        ReallocationSide(code, fund_source, Money(before, currency), Money(after, currency))
        for code, fund_source, before, after in zip(*columns, strict=True)
    )
    return Reallocation(**stated, sides=sides)


def _schedule(row: dict[str, Any]) -> BaselineSchedule:
    points = tuple(plan_store.point_from_json(point) for point in row["points"])
    return BaselineSchedule(**(row | {"kind": BaselineKind(row["kind"]), "points": points}))


def _project(row: dict[str, Any]) -> ProjectRegistration:
    if row["total_investment"] is None:
        return ProjectRegistration(**{name: value for name, value in row.items() if name != "currency"})
    return ProjectRegistration(**_money(row, "total_investment"))


def _money(row: dict[str, Any], name: str) -> dict[str, Any]:
    """The row with its amount and currency as money."""
    stated = dict(row)
    stated[name] = Money(row[name], stated.pop("currency"))
    return stated


_READERS: dict[str, dict[str, Callable[[dict[str, Any]], Fact | None]]] = {
    topics.DISBURSEMENT: {
        "movement_in_books": _movement,
        "statement_in_books": _statement,
        "completed_work_in_books": _completed_work,
    },
    topics.PLAN: {
        "revision_in_books": _revision,
        "reallocation_in_books": _reallocation,
        "schedule_in_books": _schedule,
        "project_in_books": _project,
        "owner_in_books": lambda row: OwnerRegistration(**row),
        "officer_in_books": lambda row: OfficerAssignment(**row),
    },
}
