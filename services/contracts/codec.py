"""Plans and disbursements to Protobuf bytes and back: batches, events, headers.

What an event states is in ``disbursement_bodies`` and ``plan_bodies``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from services.contracts import disbursement_bodies, plan_bodies
from services.contracts.fields import UndecodableError, parse, read_schedule, timestamp, write_schedule
from services.contracts.gen.giaingan.v1 import common_pb2, disbursement_pb2, plan_pb2
from services.domain.disbursement import CompletedWorkLine, Movement, StatementLine
from services.domain.plan import BaselineSchedule, PlanRevision
from services.domain.reallocation import Reallocation
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration

__all__ = [
    "DisbursementFact",
    "Event",
    "Fact",
    "PlanFact",
    "Undecodable",
    "UndecodableError",
    "decode_disbursement_event",
    "decode_disbursements",
    "decode_plan_event",
    "decode_plans",
    "encode_batch",
    "encode_identified",
    "routing_key",
]

DisbursementFact = Movement | StatementLine | CompletedWorkLine
PlanFact = (
    PlanRevision
    | Reallocation
    | BaselineSchedule
    | ProjectRegistration
    | OwnerRegistration
    | OfficerAssignment
)
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
    """An event of a batch that cannot be taken, with the reason and its own bytes; ``fact`` is what it
    states, where that can be read."""

    reason: str
    detail: str
    payload: bytes
    event_id: str = ""
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class _Body:
    """One alternative of an event's body: the name of its field, to the message and back."""

    name: str
    write: Callable[[Any], Any]
    read: Callable[..., Fact]


_DISBURSEMENTS: Mapping[type, _Body] = {
    Movement: _Body("movement", disbursement_bodies.write_movement, disbursement_bodies.read_movement),
    StatementLine: _Body(
        "statement_line", disbursement_bodies.write_statement_line, disbursement_bodies.read_statement_line
    ),
    CompletedWorkLine: _Body(
        "completed_work", disbursement_bodies.write_completed_work, disbursement_bodies.read_completed_work
    ),
}
_PLANS: Mapping[type, _Body] = {
    PlanRevision: _Body("revision", plan_bodies.write_revision, plan_bodies.read_revision),
    Reallocation: _Body("reallocation", plan_bodies.write_reallocation, plan_bodies.read_reallocation),
    BaselineSchedule: _Body("schedule", write_schedule, read_schedule),
    ProjectRegistration: _Body("project", plan_bodies.write_project, plan_bodies.read_project),
    OwnerRegistration: _Body("owner", plan_bodies.write_owner, plan_bodies.read_owner),
    OfficerAssignment: _Body("officer", plan_bodies.write_officer, plan_bodies.read_officer),
}
_READERS = {body.name: body.read for bodies in (_DISBURSEMENTS, _PLANS) for body in bodies.values()}


# --- writing -----------------------------------------------------------------------------------


def encode_batch(facts: Iterable[Fact], *, recorded_at: datetime) -> bytes:
    """The value of one record: facts of one topic, in order."""
    facts = list(facts)
    if all(type(fact) in _DISBURSEMENTS for fact in facts):
        events = [_disbursement_event(fact, _header(fact, recorded_at)) for fact in facts]
        return disbursement_pb2.DisbursementBatch(events=events).SerializeToString()
    if all(type(fact) in _PLANS for fact in facts):
        return plan_pb2.PlanBatch(
            events=[_plan_event(fact, _header(fact, recorded_at)) for fact in facts]
        ).SerializeToString()
    raise TypeError("a batch holds facts of one topic")


def encode_identified(fact: Fact, *, event_id: UUID, content_hash: bytes, recorded_at: datetime) -> bytes:
    """A batch of one fact whose identity the caller has made already: making it costs as much as the rest."""
    header = common_pb2.EventHeader(
        event_id=str(event_id),
        source=fact.source,
        source_ref=fact.source_ref,
        content_hash=content_hash,
        recorded_at=timestamp(recorded_at),
    )
    disbursement = _DISBURSEMENTS.get(type(fact))
    if disbursement:
        batch = disbursement_pb2.DisbursementBatch()
        batch.events.add(header=header, **{disbursement.name: disbursement.write(fact)})
        return batch.SerializeToString()
    return plan_pb2.PlanBatch(events=[_plan_event(fact, header)]).SerializeToString()


def routing_key(fact: Fact) -> str:
    """What the fact is partitioned by: its project, the scope of a curve, or the unit it is about."""
    match fact:
        case BaselineSchedule():
            return fact.scope_code
        case Reallocation():
            return fact.ordered_sides[0].project_code if fact.sides else ""
        case OwnerRegistration():
            return f"{fact.province_code}/{fact.owner_code}"
        case OfficerAssignment():
            return fact.project_code or f"{fact.province_code}/{fact.owner_code}"
        case _:
            return fact.project_code


def _disbursement_event(fact: Fact, header: common_pb2.EventHeader) -> disbursement_pb2.DisbursementEvent:
    body = _DISBURSEMENTS[type(fact)]
    return disbursement_pb2.DisbursementEvent(header=header, **{body.name: body.write(fact)})


def _plan_event(fact: Fact, header: common_pb2.EventHeader) -> plan_pb2.PlanEvent:
    body = _PLANS[type(fact)]
    return plan_pb2.PlanEvent(header=header, **{body.name: body.write(fact)})


# --- reading -----------------------------------------------------------------------------------


def decode_disbursements(value: bytes | None) -> list[Event | Undecodable]:
    """Every event of a disbursement record, each decoded or with the reason why not.

    Raises ``UndecodableError`` where the record as a whole is no batch.
    """
    batch = parse(disbursement_pb2.DisbursementBatch, value)
    _require_events(len(batch.events))
    return [_decoded(event) for event in batch.events]


def decode_plans(value: bytes | None) -> list[Event | Undecodable]:
    """Every event of a plan record, as ``decode_disbursements``."""
    batch = parse(plan_pb2.PlanBatch, value)
    _require_events(len(batch.events))
    return [_decoded(event) for event in batch.events]


def decode_disbursement_event(payload: bytes) -> Event:
    """One event as it was quarantined. Raises ``UndecodableError``."""
    return _sound(_decoded(parse(disbursement_pb2.DisbursementEvent, payload)))


def decode_plan_event(payload: bytes) -> Event:
    """One event as it was quarantined. Raises ``UndecodableError``."""
    return _sound(_decoded(parse(plan_pb2.PlanEvent, payload)))


def _sound(event: Event | Undecodable) -> Event:
    if isinstance(event, Undecodable):
        raise UndecodableError(event.detail)
    return event


def _require_events(count: int) -> None:
    """Bytes of another message, or of a newer version, can read as a batch of nothing."""
    if count == 0:
        raise UndecodableError("the batch holds no event of this version")


def _decoded(event: _EventT) -> Event | Undecodable:
    """One event of a batch."""
    payload = event.SerializeToString()
    header = event.header
    try:
        fact = _fact(event)
    except (ValueError, TypeError) as error:
        return Undecodable("not-understood", str(error), payload, header.event_id)
    if str(fact.event_id) != header.event_id:
        detail = f"event id {header.event_id!r} is not that of source and reference ({fact.event_id})"
        return Undecodable("event-id-mismatch", detail, payload, header.event_id, fact)
    if fact.content_hash != header.content_hash:
        detail = f"content hash {header.content_hash.hex()!r} is not that of the content"
        return Undecodable("content-hash-mismatch", detail, payload, header.event_id, fact)
    return Event(fact, header.recorded_at.ToDatetime(tzinfo=UTC), payload)


def _fact(event: disbursement_pb2.DisbursementEvent | plan_pb2.PlanEvent) -> Fact:
    name = event.WhichOneof("body")
    if name is None:
        raise ValueError("the event states no fact of this version")
    header = event.header
    return _READERS[name](getattr(event, name), source=header.source, source_ref=header.source_ref)


def _header(fact: Fact, recorded_at: datetime) -> common_pb2.EventHeader:
    return common_pb2.EventHeader(
        event_id=str(fact.event_id),
        source=fact.source,
        source_ref=fact.source_ref,
        content_hash=fact.content_hash,
        recorded_at=timestamp(recorded_at),
    )
