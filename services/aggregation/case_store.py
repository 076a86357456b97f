"""Cases, their decisions and the records these publish, in PostgreSQL (sql/schema/0005_cases.sql)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from services.aggregation.case_subject import CaseSubject
from services.runtime.access import Caller, Unit
from services.runtime.kafka_client import Record
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")

QuarantineState = Literal["held", "replayed", "fixed", "discarded", "released"]
CaseKind = Literal["quarantine", "conflict"]
Action = Literal["fix", "replay", "discard", "keep-first", "replace"]
OPEN = "open"


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A case of quarantine as the list tells it; empty texts where the subject is not known."""

    quarantine_id: int
    state: QuarantineState
    topic: str
    event_id: str
    reason: str
    detail: str
    project_code: str
    province_code: str
    owner_code: str
    partition: int
    offset: int
    index: int
    times_refused: int
    quarantined_at: datetime
    last_refused_at: datetime

    def is_of(self, unit: Unit) -> bool:
        """Whether the case is the unit's or under it."""
        return unit.covers(province_code=self.province_code, owner_code=self.owner_code)


@dataclass(frozen=True, slots=True)
class QuarantineCase(QuarantineRow):
    """A case of quarantine with its bytes."""

    topic_id: str
    record_key: str
    is_record: bool
    waits_for_event_id: UUID | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """A conflict as the list tells it; ``action`` is how it was decided, or ``open``. The codes are those of
    what came second; ``first_`` those of what came first."""

    conflict_id: int
    action: str
    topic: str
    event_id: UUID
    project_code: str
    province_code: str
    owner_code: str
    partition: int
    offset: int
    index: int
    seen_at: datetime
    first_project_code: str | None
    first_province_code: str | None
    first_owner_code: str | None

    def is_of(self, unit: Unit) -> bool:
        """Whether both contents are the unit's or under it; one that is not known is nobody's unit's."""
        return unit.covers(province_code=self.province_code, owner_code=self.owner_code) and unit.covers(
            province_code=self.first_province_code, owner_code=self.first_owner_code
        )


@dataclass(frozen=True, slots=True)
class ConflictCase(ConflictRow):
    """A conflict with the bytes of what came second."""

    topic_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """Who decided what, and which events came of it. ``is_published``: the log has all of them."""

    action: str
    reason: str
    token_id: UUID
    token_name: str
    event_ids: list[UUID]
    decided_at: datetime
    is_published: bool


# --- reading -----------------------------------------------------------------------------------


def quarantine_page(
    cursor: Cursor, *, after: int, limit: int, unit: Unit, on: date, filters: Mapping[str, str | None]
) -> list[QuarantineRow]:
    """Cases after an id that are the unit's or under it on the day."""
    cursor.execute(_QUERIES["quarantine_page"], {**_page(after, limit, unit, on), **filters})
    return [QuarantineRow(*row) for row in cursor.fetchall()]


def conflict_page(
    cursor: Cursor, *, after: int, limit: int, unit: Unit, on: date, action: str
) -> list[ConflictRow]:
    """Conflicts after an id of which both contents are the unit's or under it on the day."""
    cursor.execute(_QUERIES["conflict_page"], {**_page(after, limit, unit, on), "action": action})
    return [ConflictRow(*row) for row in cursor.fetchall()]


def _page(after: int, limit: int, unit: Unit, on: date) -> dict[str, Any]:
    return {
        "after": after,
        "limit": limit,
        "province": unit.province_code,
        "owner": unit.owner_code,
        "on": on,
    }


def quarantine_case(cursor: Cursor, quarantine_id: int, *, on: date) -> QuarantineCase | None:
    """One case, whoever's it is; its unit is that of the day."""
    cursor.execute(_QUERIES["quarantine_case"], {"id": quarantine_id, "on": on})
    row = cursor.fetchone()
    if row is None:
        return None
    values: tuple[Any, ...] = (*row[:-1], bytes(row[-1]))
    return QuarantineCase(*values)


def conflict_case(cursor: Cursor, conflict_id: int, *, on: date) -> ConflictCase | None:
    """One conflict, whoever's it is; its units are those of the day."""
    cursor.execute(_QUERIES["conflict_case"], {"id": conflict_id, "on": on})
    row = cursor.fetchone()
    if row is None:
        return None
    values: tuple[Any, ...] = (*row[:-1], bytes(row[-1]))
    return ConflictCase(*values)


def decisions(cursor: Cursor, kind: CaseKind, case_id: int) -> list[DecisionRow]:
    """Every decision on a case, the first one first."""
    cursor.execute(_QUERIES["case_decisions"], (kind, case_id))
    return [DecisionRow(*row) for row in cursor.fetchall()]


def unit_codes(cursor: Cursor, subject: CaseSubject, *, on: date) -> tuple[str, str]:
    """Province and owner: of the project as the register and the plan have it on the day, else as it was
    stated."""
    if subject.project_code:
        cursor.execute(_QUERIES["unit_of"], (subject.project_code, on))
        row = cursor.fetchone()
        if row:
            return row[0], row[1]
    return subject.province_code, subject.owner_code


# --- deciding ----------------------------------------------------------------------------------


def lock_quarantine(cursor: Cursor, quarantine_id: int) -> QuarantineState | None:
    """The case's state, which nobody else changes before this transaction ends."""
    cursor.execute(_QUERIES["quarantine_lock"], (quarantine_id,))
    row = cursor.fetchone()
    return row[0] if row else None


def close_quarantine(cursor: Cursor, quarantine_id: int, state: str) -> None:
    """Give a locked case its state."""
    cursor.execute(_QUERIES["quarantine_close"], (state, quarantine_id))


def lock_conflicts_of(cursor: Cursor, event_id: UUID) -> None:
    """Whoever else decides a conflict of this event waits until this transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (f"conflict/{event_id}",))


def set_aside(cursor: Cursor, event_id: UUID, content_hash: bytes) -> int | None:
    """The case in which a person fixed or discarded this id and content: it is not applied any more."""
    cursor.execute(_QUERIES["set_aside"], (str(event_id), content_hash))
    row = cursor.fetchone()
    return row[0] if row else None


def is_replaced(cursor: Cursor, event_id: UUID) -> bool:
    """Whether another content took the place of the event by a decision."""
    cursor.execute(_QUERIES["replaced_before"], (event_id,))
    return cursor.fetchone() is not None


def decide(
    cursor: Cursor,
    caller: Caller,
    *,
    kind: CaseKind,
    case_id: int,
    action: Action,
    reason: str,
    event_ids: Sequence[UUID],
    records: Iterable[tuple[str, Record]],
) -> datetime:
    """Keep a decision with the records (topic, record) that it publishes; returns when it was made."""
    cursor.execute(
        _QUERIES["insert_case_decision"],
        (kind, case_id, action, reason, caller.token_id, caller.name, list(event_ids)),
    )
    row = cursor.fetchone()
    if row is None:
        raise LookupError("an INSERT that always returns a row returned none")
    decision_id, decided_at = row
    for topic, record in records:
        cursor.execute(_QUERIES["insert_case_record"], (decision_id, topic, record.key, record.value))
    decided: datetime = decided_at
    return decided
