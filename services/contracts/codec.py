"""Plans and disbursements to Protobuf bytes and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar
from uuid import UUID

from services.contracts.fields import (
    UndecodableError,
    label,
    member,
    parse,
    read_money,
    read_schedule,
    timestamp,
    write_money,
    write_schedule,
)
from services.contracts.gen.giaingan.v1 import common_pb2, disbursement_pb2, plan_pb2
from services.domain.disbursement import (
    FigureStatus,
    Movement,
    MovementKind,
    RecoveryBooking,
    Reporter,
    StatementLine,
)
from services.domain.plan import BaselineSchedule, PlanBase, PlanLevel, PlanRevision

__all__ = [
    "DisbursementFact",
    "Event",
    "Fact",
    "PlanFact",
    "Undecodable",
    "UndecodableError",
    "decode_disbursement_event",
    "decode_disbursements",
    "decode_plans",
    "encode_batch",
    "routing_key",
]

DisbursementFact = Movement | StatementLine
PlanFact = PlanRevision | BaselineSchedule
Fact = DisbursementFact | PlanFact

_EventT = TypeVar("_EventT", disbursement_pb2.DisbursementEvent, plan_pb2.PlanEvent)


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded event: the fact, what its sender said of it, and its own bytes (for quarantine)."""

    fact: Fact
    recorded_at: datetime
    payload: bytes


@dataclass(frozen=True, slots=True)
class Undecodable:
    """An event of a batch that cannot be read, with the reason and its own bytes."""

    reason: str
    detail: str
    payload: bytes
    event_id: str = ""


# --- writing -----------------------------------------------------------------------------------


def encode_batch(facts: Iterable[Fact], *, recorded_at: datetime) -> bytes:
    """The value of one record: facts of one topic, in order."""
    facts = list(facts)
    disbursements = [fact for fact in facts if isinstance(fact, Movement | StatementLine)]
    plans = [fact for fact in facts if isinstance(fact, PlanRevision | BaselineSchedule)]
    if disbursements and plans:
        raise TypeError("a batch holds facts of one topic")
    if plans:
        events = [_plan_event(fact, recorded_at) for fact in plans]
        return plan_pb2.PlanBatch(events=events).SerializeToString()
    return disbursement_pb2.DisbursementBatch(
        events=[_disbursement_event(fact, recorded_at) for fact in disbursements]
    ).SerializeToString()


def routing_key(fact: Fact) -> str:
    """What the fact is partitioned by: its project, or the scope of a curve."""
    return fact.scope_code if isinstance(fact, BaselineSchedule) else fact.project_code


def _disbursement_event(fact: DisbursementFact, recorded_at: datetime) -> disbursement_pb2.DisbursementEvent:
    header = _header(fact, recorded_at)
    if isinstance(fact, Movement):
        movement = disbursement_pb2.Movement(
            project_code=fact.project_code,
            fund_source=fact.fund_source,
            budget_year=fact.budget_year,
            kind=label(disbursement_pb2.MovementKind, fact.kind),
            amount=write_money(fact.amount),
            value_date=fact.value_date.isoformat(),
            status=label(common_pb2.FigureStatus, fact.status),
            reporter=label(disbursement_pb2.Reporter, fact.reporter),
            recovery_booking=label(disbursement_pb2.RecoveryBooking, fact.recovery_booking),
            reverses_event_id=str(fact.reverses_event_id or ""),
        )
        return disbursement_pb2.DisbursementEvent(header=header, movement=movement)
    line = disbursement_pb2.CumulativeStatementLine(
        project_code=fact.project_code,
        fund_source=fact.fund_source,
        budget_year=fact.budget_year,
        cumulative=write_money(fact.cumulative),
        as_of=fact.as_of.isoformat(),
        status=label(common_pb2.FigureStatus, fact.status),
        reporter=label(disbursement_pb2.Reporter, fact.reporter),
        revision=fact.revision,
    )
    return disbursement_pb2.DisbursementEvent(header=header, statement_line=line)


def _plan_event(fact: PlanFact, recorded_at: datetime) -> plan_pb2.PlanEvent:
    header = _header(fact, recorded_at)
    if isinstance(fact, PlanRevision):
        revision = plan_pb2.PlanRevision(
            project_code=fact.project_code,
            project_name=fact.project_name,
            level=label(plan_pb2.PlanLevel, fact.level),
            owner_code=fact.owner_code,
            owner_name=fact.owner_name,
            accountable_officer=fact.accountable_officer,
            fund_source=fact.fund_source,
            project_group=fact.project_group,
            district=fact.district,
            sector=fact.sector,
            province_code=fact.province_code,
            budget_year=fact.budget_year,
            base=label(plan_pb2.PlanBase, fact.base),
            amount=write_money(fact.amount),
            decision_number=fact.decision_number,
            decision_date=fact.decision_date.isoformat(),
            effective_date=fact.effective_date.isoformat(),
        )
        return plan_pb2.PlanEvent(header=header, revision=revision)
    return plan_pb2.PlanEvent(header=header, schedule=write_schedule(fact))


# --- reading -----------------------------------------------------------------------------------


def decode_disbursements(value: bytes | None) -> list[Event | Undecodable]:
    """Every event of a disbursement record, each decoded or with the reason why not.

    Raises ``UndecodableError`` where the record as a whole is no batch.
    """
    batch = parse(disbursement_pb2.DisbursementBatch, value)
    _require_events(len(batch.events))
    return [_decoded(event, _disbursement_fact) for event in batch.events]


def decode_disbursement_event(payload: bytes) -> Event:
    """One event as it was quarantined. Raises ``UndecodableError``."""
    event = _decoded(parse(disbursement_pb2.DisbursementEvent, payload), _disbursement_fact)
    if isinstance(event, Undecodable):
        raise UndecodableError(event.detail)
    return event


def decode_plans(value: bytes | None) -> list[Event | Undecodable]:
    """Every event of a plan record, as ``decode_disbursements``."""
    batch = parse(plan_pb2.PlanBatch, value)
    _require_events(len(batch.events))
    return [_decoded(event, _plan_fact) for event in batch.events]


def _require_events(count: int) -> None:
    """Bytes of another message, or of a newer version, can read as a batch of nothing."""
    if count == 0:
        raise UndecodableError("the batch holds no event of this version")


def _decoded(event: _EventT, read_fact: Callable[[_EventT], Fact]) -> Event | Undecodable:
    """One event of a batch; ``read_fact`` turns its body into a fact."""
    payload = event.SerializeToString()
    header = event.header
    try:
        fact = read_fact(event)
    except (ValueError, TypeError) as error:
        return Undecodable("not-understood", str(error), payload, header.event_id)
    if str(fact.event_id) != header.event_id:
        detail = f"event id {header.event_id!r} is not that of source and reference ({fact.event_id})"
        return Undecodable("event-id-mismatch", detail, payload, header.event_id)
    if fact.content_hash != header.content_hash:
        detail = f"content hash {header.content_hash.hex()!r} is not that of the content"
        return Undecodable("content-hash-mismatch", detail, payload, header.event_id)
    return Event(fact, header.recorded_at.ToDatetime(tzinfo=UTC), payload)


def _disbursement_fact(event: disbursement_pb2.DisbursementEvent) -> DisbursementFact:
    body = event.WhichOneof("body")
    if body == "movement":
        movement = event.movement
        return Movement(
            source=event.header.source,
            source_ref=event.header.source_ref,
            project_code=movement.project_code,
            fund_source=movement.fund_source,
            budget_year=movement.budget_year,
            kind=member(disbursement_pb2.MovementKind, movement.kind, MovementKind),
            amount=read_money(movement.amount),
            value_date=date.fromisoformat(movement.value_date),
            status=member(common_pb2.FigureStatus, movement.status, FigureStatus),
            reporter=member(disbursement_pb2.Reporter, movement.reporter, Reporter),
            recovery_booking=(
                member(disbursement_pb2.RecoveryBooking, movement.recovery_booking, RecoveryBooking)
                if movement.recovery_booking
                else RecoveryBooking.GROSS
            ),
            reverses_event_id=UUID(movement.reverses_event_id) if movement.reverses_event_id else None,
        )
    if body == "statement_line":
        line = event.statement_line
        return StatementLine(
            source=event.header.source,
            source_ref=event.header.source_ref,
            project_code=line.project_code,
            fund_source=line.fund_source,
            budget_year=line.budget_year,
            cumulative=read_money(line.cumulative),
            as_of=date.fromisoformat(line.as_of),
            status=member(common_pb2.FigureStatus, line.status, FigureStatus),
            reporter=member(disbursement_pb2.Reporter, line.reporter, Reporter),
            revision=line.revision,
        )
    raise ValueError("the event states no fact of this version")


def _plan_fact(event: plan_pb2.PlanEvent) -> PlanFact:
    body = event.WhichOneof("body")
    if body == "revision":
        revision = event.revision
        return PlanRevision(
            source=event.header.source,
            source_ref=event.header.source_ref,
            project_code=revision.project_code,
            project_name=revision.project_name,
            level=member(plan_pb2.PlanLevel, revision.level, PlanLevel),
            owner_code=revision.owner_code,
            owner_name=revision.owner_name,
            accountable_officer=revision.accountable_officer,
            fund_source=revision.fund_source,
            project_group=revision.project_group,
            district=revision.district,
            sector=revision.sector,
            province_code=revision.province_code,
            budget_year=revision.budget_year,
            base=member(plan_pb2.PlanBase, revision.base, PlanBase),
            amount=read_money(revision.amount),
            decision_number=revision.decision_number,
            decision_date=date.fromisoformat(revision.decision_date),
            effective_date=date.fromisoformat(revision.effective_date),
        )
    if body == "schedule":
        return read_schedule(event.schedule, source=event.header.source, ref=event.header.source_ref)
    raise ValueError("the event states no fact of this version")


def _header(fact: Fact, recorded_at: datetime) -> common_pb2.EventHeader:
    return common_pb2.EventHeader(
        event_id=str(fact.event_id),
        source=fact.source,
        source_ref=fact.source_ref,
        content_hash=fact.content_hash,
        recorded_at=timestamp(recorded_at),
    )
