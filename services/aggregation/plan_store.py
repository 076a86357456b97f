"""Plan decisions and baseline curves in PostgreSQL. The register is in ``register_store``."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from services.aggregation.ledger_store import Place
from services.domain.money import Money
from services.domain.plan import BaselineKind, BaselinePoint, BaselineSchedule, PlanRevision
from services.domain.reallocation import Reallocation
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")


def known_hashes(cursor: Cursor, event_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Content hashes of the decisions, curves and register entries already taken under these ids."""
    cursor.execute(_QUERIES["known_plans"], {"ids": list(event_ids)})
    return {event_id: bytes(content_hash) for event_id, content_hash in cursor.fetchall()}


def insert_revision(cursor: Cursor, revision: PlanRevision, recorded_at: datetime, place: Place) -> bool:
    """Append a decision; false where it is there already."""
    cursor.execute(
        _QUERIES["insert_plan_revision"],
        (
            revision.event_id,
            revision.content_hash,
            revision.source,
            revision.source_ref,
            revision.project_code,
            revision.project_name,
            revision.level,
            revision.owner_code,
            revision.owner_name,
            revision.accountable_officer,
            revision.fund_source,
            revision.project_group,
            revision.district,
            revision.sector,
            revision.province_code,
            revision.budget_year,
            revision.base,
            revision.amount.minor_units,
            revision.amount.currency,
            revision.decision_number,
            revision.decision_date,
            revision.effective_date,
            revision.carried_from_year,
            revision.revision,
            recorded_at,
            *_columns(place),
        ),
    )
    return cursor.fetchone() is not None


def insert_reallocation(cursor: Cursor, decision: Reallocation, recorded_at: datetime, place: Place) -> bool:
    """Append the revision of each side, all or none; false where they are there already."""
    sides = decision.ordered_sides
    cursor.execute(
        _QUERIES["insert_reallocation"],
        {
            "reallocation_id": decision.event_id,
            "content_hash": decision.content_hash,
            "source": decision.source,
            "source_ref": decision.source_ref,
            "budget_year": decision.budget_year,
            "decision_number": decision.decision_number,
            "decision_date": decision.decision_date,
            "effective_date": decision.effective_date,
            "revision": decision.revision,
            "recorded_at": recorded_at,
            "place": _columns(place),
            "event_ids": [decision.side_id(side) for side in sides],
            "project_codes": [side.project_code for side in sides],
            "fund_sources": [side.fund_source for side in sides],
            "before": [side.amount_before.minor_units for side in sides],
            "after": [side.amount_after.minor_units for side in sides],
            "currency": sides[0].amount_after.currency,
        },
    )
    # The first takes the id, and whoever has the same decision waits for it: all of them are new, or none is.
    return cursor.rowcount == len(sides)


def insert_schedule(cursor: Cursor, schedule: BaselineSchedule, recorded_at: datetime, place: Place) -> bool:
    """Append a curve and mark every project under its scope; false where it is there already."""
    cursor.execute(
        _QUERIES["insert_baseline_schedule"],
        (
            schedule.event_id,
            schedule.content_hash,
            schedule.source,
            schedule.source_ref,
            schedule.kind,
            schedule.scope_code,
            schedule.budget_year,
            json.dumps([_point_to_json(point) for point in schedule.points]),
            schedule.decision_number,
            schedule.effective_date,
            schedule.rate_base,
            schedule.revision,
            recorded_at,
            *_columns(place),
        ),
    )
    if cursor.fetchone() is None:
        return False
    cursor.execute(
        _QUERIES["mark_scope_due"],
        {"budget_year": schedule.budget_year, "scope_code": schedule.scope_code},
    )
    return True


def schedules_in_force(
    cursor: Cursor,
    *,
    scopes: Sequence[str],
    budget_year: int,
    as_of: date,
    known_at: datetime | None = None,
) -> list[BaselineSchedule]:
    """The curves of these scopes in force on a day, and the national one of the year before."""
    cursor.execute(
        _QUERIES["schedules_in_force"],
        {"scopes": list(scopes), "budget_year": budget_year, "as_of": as_of, "known_at": known_at},
    )
    return [
        BaselineSchedule(
            source=source,
            source_ref=source_ref,
            kind=BaselineKind(kind),
            scope_code=scope_code,
            budget_year=year,
            points=tuple(point_from_json(point) for point in points),
            decision_number=decision_number,
            effective_date=effective_date,
            rate_base=rate_base,
            revision=revision,
        )
        for (
            source,
            source_ref,
            kind,
            scope_code,
            year,
            points,
            decision_number,
            effective_date,
            rate_base,
            revision,
        ) in cursor
    ]


def _columns(place: Place) -> tuple[str, int, int, int]:
    return (place.topic_id, place.partition, place.offset, place.index)


def _point_to_json(point: BaselinePoint) -> dict[str, Any]:
    if point.amount is not None:
        return {"date": point.day.isoformat(), "amount": point.amount.minor_units}
    return {"date": point.day.isoformat(), "basis_points": point.basis_points}


def point_from_json(point: dict[str, Any]) -> BaselinePoint:
    """A point as the table keeps it."""
    day = date.fromisoformat(point["date"])
    if "amount" in point:
        return BaselinePoint(day, amount=Money(point["amount"]))
    return BaselinePoint(day, basis_points=point["basis_points"])
