"""What the routes for cases are asked and what they answer."""

from __future__ import annotations

import base64
import datetime as dt
import re
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.aggregation.answers import Answer
from services.aggregation.case_store import (
    ConflictCase,
    ConflictRow,
    DecisionRow,
    QuarantineCase,
    QuarantineRow,
)
from services.contracts import held_bytes
from services.contracts.stated.field_types import Reason
from services.contracts.stated.one_fact import as_stated, kind_of
from services.domain.validation import Fact

_DUMPED_BYTES = 256
_DUMP_WIDTH = 16
_NOT_PRINTABLE = re.compile(rb"[^ -~]")
_CONFLICT_STATES = {"open": "open", "keep-first": "kept", "replace": "replaced"}
ConflictState = Literal["open", "kept", "replaced"]
ACTION_OF: dict[ConflictState, str] = {"open": "open", "kept": "keep-first", "replaced": "replace"}


# --- questions ---------------------------------------------------------------------------------


class _CasesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=500, description="next_cursor of the page before.")


class QuarantineQuery(_CasesQuery):
    """Which cases of quarantine."""

    state: Literal["held", "replayed", "fixed", "discarded", "released"] = Field(
        "held", description="held: to be decided. released: what it waited for came."
    )
    reason: str | None = Field(None, max_length=64, description="Why it is held, as in docs/ERRORS.md.")
    topic: str | None = Field(None, max_length=100)


class ConflictsQuery(_CasesQuery):
    """Which conflicts."""

    state: ConflictState = Field("open", description="open: to be decided.")


class ReasonIn(BaseModel):
    """Why a person decides so; kept with the decision for good."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    reason: Reason


# --- answers -----------------------------------------------------------------------------------


class Quarantined(Answer):
    """An event that could not be applied."""

    quarantine_id: int
    state: str
    topic: str
    event_id: str
    reason: str
    detail: str
    project_code: str = Field(description="Empty where the event could not be read.")
    province_code: str
    owner_code: str
    partition: int
    offset: int
    times_refused: int
    quarantined_at: dt.datetime
    last_refused_at: dt.datetime

    @classmethod
    def of(cls, row: QuarantineRow) -> Quarantined:
        return cls(**{name: getattr(row, name) for name in Quarantined.model_fields})


class QuarantinePage(Answer):
    """Cases of quarantine, oldest first."""

    items: list[Quarantined]
    next_cursor: str | None


class Decision(Answer):
    """Who decided what, when and why, and which events came of it."""

    action: str
    reason: str
    token_id: UUID
    token_name: str
    event_ids: list[UUID]
    decided_at: dt.datetime
    is_published: bool = Field(description="The log has what the decision publishes.")

    @classmethod
    def of(cls, row: DecisionRow) -> Decision:
        return cls(**{name: getattr(row, name) for name in Decision.model_fields})


class QuarantineDetail(Quarantined):
    """A case of quarantine with its bytes and everything that was decided on it."""

    topic_id: str
    index: int = Field(description="Which event of its record.")
    record_key: str
    is_record: bool = Field(description="The bytes are a whole record; else one event of it.")
    waits_for_event_id: UUID | None
    fact: dict[str, Any] | None = Field(
        description="What it states, under the name of its kind, as POST …/fix takes it; null where that "
        "cannot be read."
    )
    message: dict[str, Any] | None = Field(
        description="The bytes as a message of the contract, as far as this version knows it; null where "
        "they are none."
    )
    payload_base64: str
    payload_dump: list[str] = Field(description="The first 256 bytes: place, bytes, letters.")
    decisions: list[Decision]

    @classmethod
    def of_case(cls, case: QuarantineCase, decisions: list[DecisionRow]) -> QuarantineDetail:
        fact = None if case.is_record else held_bytes.fact_of(case.topic, case.payload)
        return cls(
            **Quarantined.of(case).model_dump(),
            topic_id=case.topic_id,
            index=case.index,
            record_key=case.record_key,
            is_record=case.is_record,
            waits_for_event_id=case.waits_for_event_id,
            fact=stated(fact),
            message=held_bytes.message_of(case.topic, case.payload, is_record=case.is_record),
            payload_base64=base64.b64encode(case.payload).decode(),
            payload_dump=dump(case.payload),
            decisions=[Decision.of(row) for row in decisions],
        )


class Conflict(Answer):
    """An event id that was stated again with other content; the first is in the books."""

    conflict_id: int
    state: str
    topic: str
    event_id: UUID
    project_code: str
    province_code: str
    owner_code: str
    partition: int
    offset: int
    seen_at: dt.datetime

    @classmethod
    def of(cls, row: ConflictRow) -> Conflict:
        values = {name: getattr(row, name) for name in Conflict.model_fields if name != "state"}
        return cls(state=_CONFLICT_STATES[row.action], **values)


class ConflictPage(Answer):
    """Conflicts, oldest first."""

    items: list[Conflict]
    next_cursor: str | None


class Difference(Answer):
    """A field in which two contents differ."""

    field: str
    first: Any
    second: Any


class ConflictDetail(Conflict):
    """A conflict with both contents, what differs, and how it was decided."""

    first: dict[str, Any] | None = Field(
        description="What the books hold, under the name of its kind; null where they hold none of that id."
    )
    second: dict[str, Any] | None = Field(description="What came later with the same id.")
    differences: list[Difference]
    topic_id: str
    index: int
    decisions: list[Decision]

    @classmethod
    def of_case(
        cls, case: ConflictCase, *, first: Fact | None, second: Fact | None, decisions: list[DecisionRow]
    ) -> ConflictDetail:
        return cls(
            **Conflict.of(case).model_dump(),
            first=stated(first),
            second=stated(second),
            differences=differences(first, second),
            topic_id=case.topic_id,
            index=case.index,
            decisions=[Decision.of(row) for row in decisions],
        )


class Decided(Answer):
    """What became of a case. What is published comes through the log: the figures follow in a moment."""

    case_id: int
    state: str
    action: str
    event_ids: list[UUID] = Field(description="The events that are published.")
    decided_at: dt.datetime


def stated(fact: Fact | None) -> dict[str, Any] | None:
    """A fact under the name of its kind."""
    return None if fact is None else {kind_of(fact): as_stated(fact)}


def differences(first: Fact | None, second: Fact | None) -> list[Difference]:
    """Field by field; two facts of different kinds differ in everything."""
    one = {} if first is None else {"kind of fact": kind_of(first)} | as_stated(first)
    other = {} if second is None else {"kind of fact": kind_of(second)} | as_stated(second)
    names = [*one, *(name for name in other if name not in one)]
    return [
        Difference(field=name, first=one.get(name), second=other.get(name))
        for name in names
        if one.get(name) != other.get(name)
    ]


def dump(payload: bytes) -> list[str]:
    """The first bytes as people read them."""
    lines = []
    for start in range(0, min(len(payload), _DUMPED_BYTES), _DUMP_WIDTH):
        some = payload[start : start + _DUMP_WIDTH]
        letters = _NOT_PRINTABLE.sub(b".", some).decode()
        lines.append(f"{start:04x}  {some.hex(' '):<47}  {letters}")
    return lines
