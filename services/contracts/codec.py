"""Domain objects to Protobuf bytes and back. The only importer of the generated code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.contracts.gen.giaingan.v1 import (
    alert_pb2,
    common_pb2,
    disbursement_pb2,
    plan_pb2,
    progress_pb2,
)
from services.domain.disbursement import (
    FigureStatus,
    Movement,
    MovementKind,
    RecoveryBooking,
    Reporter,
    Series,
    StatementLine,
)
from services.domain.money import Money
from services.domain.plan import (
    BaselineKind,
    BaselinePoint,
    BaselineSchedule,
    PlanBase,
    PlanLevel,
    PlanRevision,
)
from services.domain.progress import FundLine, Progress, Subject, SubjectType

DisbursementFact = Movement | StatementLine
PlanFact = PlanRevision | BaselineSchedule
Fact = DisbursementFact | PlanFact

_EnumT = TypeVar("_EnumT", bound=StrEnum)
_MessageT = TypeVar("_MessageT", bound=Message)


class UndecodableError(ValueError):
    """Bytes that are no message of this version, or a message that states no fact we know."""


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
            kind=_label(disbursement_pb2.MovementKind, fact.kind),
            amount=_money(fact.amount),
            value_date=fact.value_date.isoformat(),
            status=_label(common_pb2.FigureStatus, fact.status),
            reporter=_label(disbursement_pb2.Reporter, fact.reporter),
            recovery_booking=_label(disbursement_pb2.RecoveryBooking, fact.recovery_booking),
            reverses_event_id=str(fact.reverses_event_id or ""),
        )
        return disbursement_pb2.DisbursementEvent(header=header, movement=movement)
    line = disbursement_pb2.CumulativeStatementLine(
        project_code=fact.project_code,
        fund_source=fact.fund_source,
        budget_year=fact.budget_year,
        cumulative=_money(fact.cumulative),
        as_of=fact.as_of.isoformat(),
        status=_label(common_pb2.FigureStatus, fact.status),
        reporter=_label(disbursement_pb2.Reporter, fact.reporter),
        revision=fact.revision,
    )
    return disbursement_pb2.DisbursementEvent(header=header, statement_line=line)


def _plan_event(fact: PlanFact, recorded_at: datetime) -> plan_pb2.PlanEvent:
    header = _header(fact, recorded_at)
    if isinstance(fact, PlanRevision):
        revision = plan_pb2.PlanRevision(
            project_code=fact.project_code,
            project_name=fact.project_name,
            level=_label(plan_pb2.PlanLevel, fact.level),
            owner_code=fact.owner_code,
            owner_name=fact.owner_name,
            accountable_officer=fact.accountable_officer,
            fund_source=fact.fund_source,
            project_group=fact.project_group,
            district=fact.district,
            sector=fact.sector,
            province_code=fact.province_code,
            budget_year=fact.budget_year,
            base=_label(plan_pb2.PlanBase, fact.base),
            amount=_money(fact.amount),
            decision_number=fact.decision_number,
            decision_date=fact.decision_date.isoformat(),
            effective_date=fact.effective_date.isoformat(),
        )
        return plan_pb2.PlanEvent(header=header, revision=revision)
    return plan_pb2.PlanEvent(header=header, schedule=_schedule(fact))


def _schedule(fact: BaselineSchedule) -> plan_pb2.BaselineSchedule:
    return plan_pb2.BaselineSchedule(
        kind=_label(plan_pb2.BaselineKind, fact.kind),
        scope_code=fact.scope_code,
        budget_year=fact.budget_year,
        points=[_point(point) for point in fact.points],
        decision_number=fact.decision_number,
        effective_date=fact.effective_date.isoformat(),
        rate_base=fact.rate_base,
    )


def _point(point: BaselinePoint) -> plan_pb2.BaselinePoint:
    if point.amount is not None:
        return plan_pb2.BaselinePoint(date=point.day.isoformat(), amount=_money(point.amount))
    return plan_pb2.BaselinePoint(date=point.day.isoformat(), basis_points=point.basis_points)


def encode_progress(progress: Progress) -> bytes:
    """The value of one record of the progress topic."""
    subject = progress.subject
    return progress_pb2.SubjectProgress(
        subject_type=_label(progress_pb2.SubjectType, subject.type),
        subject_code=subject.code,
        subject_name=subject.name,
        province_code=subject.province_code,
        owner_code=subject.owner_code,
        owner_name=subject.owner_name,
        accountable_officer=subject.accountable_officer,
        budget_year=progress.budget_year,
        as_of=progress.as_of.isoformat(),
        business_date=progress.business_date.isoformat(),
        books_through=_iso(progress.books_through),
        currency_code=progress.currency,
        lines=[
            progress_pb2.FundLine(
                fund_source=line.fund_source,
                initial_plan=line.initial_plan,
                current_plan=line.current_plan,
                allocated_plan=line.allocated_plan,
                disbursed=line.disbursed,
                work_certified=line.work_certified,
                advance_outstanding=line.advance_outstanding,
            )
            for line in progress.lines
        ],
        series=[_series_balance(series, disbursed) for series, disbursed in progress.series],
        includes_estimate=progress.includes_estimate,
        level=_label(plan_pb2.PlanLevel, subject.level),
        plan_decision_number=progress.plan_decision_number,
        plan_effective_date=_iso(progress.plan_effective_date),
        last_movement_date=_iso(progress.last_movement_date),
        ledger_watermark=progress.ledger_watermark,
        version=progress.version,
        baselines=[_schedule(schedule) for schedule in progress.baselines],
    ).SerializeToString()


def _series_balance(series: Series, disbursed: int) -> progress_pb2.SeriesBalance:
    reporter, statements = _SERIES_PARTS[series]
    return progress_pb2.SeriesBalance(
        reporter=_label(disbursement_pb2.Reporter, reporter), statements=statements, disbursed=disbursed
    )


def encode_alert_change(
    *,
    change_id: UUID,
    alert_id: UUID,
    sequence: int,
    transition: str,
    subject_type: str,
    subject_code: str,
    rule: str,
    rule_version: int,
    budget_year: int,
    severity: str,
    as_of: date,
    finding_json: str,
    reason_vi: str,
    reason_en: str,
    recorded_at: datetime,
) -> bytes:
    """The value of one record of the alert topic."""
    return alert_pb2.AlertChange(
        change_id=str(change_id),
        alert_id=str(alert_id),
        sequence=sequence,
        transition=f"ALERT_TRANSITION_{transition.upper()}",
        subject_type=f"SUBJECT_TYPE_{subject_type.upper()}",
        subject_code=subject_code,
        rule=rule,
        rule_version=rule_version,
        budget_year=budget_year,
        severity=severity,
        as_of=as_of.isoformat(),
        finding_json=finding_json,
        reason_vi=reason_vi,
        reason_en=reason_en,
        recorded_at=_timestamp(recorded_at),
    ).SerializeToString()


# --- reading -----------------------------------------------------------------------------------


def decode_disbursements(value: bytes | None) -> list[Event | Undecodable]:
    """Every event of a disbursement record, each decoded or with the reason why not.

    Raises ``UndecodableError`` where the record as a whole is no batch.
    """
    batch = _parse(disbursement_pb2.DisbursementBatch, value)
    return [_decoded(event, _disbursement_fact) for event in batch.events]


def decode_disbursement_event(payload: bytes) -> Event:
    """One event as it was quarantined. Raises ``UndecodableError``."""
    event = _decoded(_parse(disbursement_pb2.DisbursementEvent, payload), _disbursement_fact)
    if isinstance(event, Undecodable):
        raise UndecodableError(event.detail)
    return event


def decode_plans(value: bytes | None) -> list[Event | Undecodable]:
    """Every event of a plan record, as ``decode_disbursements``."""
    batch = _parse(plan_pb2.PlanBatch, value)
    return [_decoded(event, _plan_fact) for event in batch.events]


def decode_progress(value: bytes | None) -> Progress:
    """A subject's progress. Raises ``UndecodableError``."""
    message = _parse(progress_pb2.SubjectProgress, value)
    try:
        return _progress(message)
    except (ValueError, TypeError) as error:
        raise UndecodableError(str(error)) from error


def _parse(message_type: type[_MessageT], value: bytes | None) -> _MessageT:
    if not value:
        raise UndecodableError("the record has no value")
    try:
        return message_type.FromString(value)
    except DecodeError as error:
        raise UndecodableError(f"not a {message_type.DESCRIPTOR.full_name}: {error}") from error


def _decoded(event, read_fact) -> Event | Undecodable:  # type: ignore[no-untyped-def]
    """One event of a batch; ``read_fact`` turns its body into a fact."""
    payload: bytes = event.SerializeToString()
    header: common_pb2.EventHeader = event.header
    try:
        fact = read_fact(event)
    except (ValueError, TypeError) as error:
        return Undecodable("not_understood", str(error), payload, header.event_id)
    if str(fact.event_id) != header.event_id:
        detail = f"event id {header.event_id!r} is not that of source and reference ({fact.event_id})"
        return Undecodable("event_id_mismatch", detail, payload, header.event_id)
    if fact.content_hash != header.content_hash:
        detail = f"content hash {header.content_hash.hex()!r} is not that of the content"
        return Undecodable("content_hash_mismatch", detail, payload, header.event_id)
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
            kind=_member(disbursement_pb2.MovementKind, movement.kind, MovementKind),
            amount=_read_money(movement.amount),
            value_date=date.fromisoformat(movement.value_date),
            status=_member(common_pb2.FigureStatus, movement.status, FigureStatus),
            reporter=_member(disbursement_pb2.Reporter, movement.reporter, Reporter),
            recovery_booking=(
                _member(disbursement_pb2.RecoveryBooking, movement.recovery_booking, RecoveryBooking)
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
            cumulative=_read_money(line.cumulative),
            as_of=date.fromisoformat(line.as_of),
            status=_member(common_pb2.FigureStatus, line.status, FigureStatus),
            reporter=_member(disbursement_pb2.Reporter, line.reporter, Reporter),
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
            level=_member(plan_pb2.PlanLevel, revision.level, PlanLevel),
            owner_code=revision.owner_code,
            owner_name=revision.owner_name,
            accountable_officer=revision.accountable_officer,
            fund_source=revision.fund_source,
            project_group=revision.project_group,
            district=revision.district,
            sector=revision.sector,
            province_code=revision.province_code,
            budget_year=revision.budget_year,
            base=_member(plan_pb2.PlanBase, revision.base, PlanBase),
            amount=_read_money(revision.amount),
            decision_number=revision.decision_number,
            decision_date=date.fromisoformat(revision.decision_date),
            effective_date=date.fromisoformat(revision.effective_date),
        )
    if body == "schedule":
        return _read_schedule(event.schedule, source=event.header.source, ref=event.header.source_ref)
    raise ValueError("the event states no fact of this version")


def _read_schedule(
    schedule: plan_pb2.BaselineSchedule, *, source: str = "", ref: str = ""
) -> BaselineSchedule:
    return BaselineSchedule(
        source=source,
        source_ref=ref,
        kind=_member(plan_pb2.BaselineKind, schedule.kind, BaselineKind),
        scope_code=schedule.scope_code,
        budget_year=schedule.budget_year,
        points=tuple(
            BaselinePoint(date.fromisoformat(point.date), amount=_read_money(point.amount))
            if point.WhichOneof("cumulative") == "amount"
            else BaselinePoint(date.fromisoformat(point.date), basis_points=point.basis_points)
            for point in schedule.points
        ),
        decision_number=schedule.decision_number,
        effective_date=date.fromisoformat(schedule.effective_date),
        rate_base=schedule.rate_base,
    )


def _progress(message: progress_pb2.SubjectProgress) -> Progress:
    return Progress(
        subject=Subject(
            type=_member(progress_pb2.SubjectType, message.subject_type, SubjectType),
            code=message.subject_code,
            name=message.subject_name,
            province_code=message.province_code,
            owner_code=message.owner_code,
            owner_name=message.owner_name,
            accountable_officer=message.accountable_officer,
            level=_member(plan_pb2.PlanLevel, message.level, PlanLevel),
        ),
        budget_year=message.budget_year,
        as_of=date.fromisoformat(message.as_of),
        business_date=date.fromisoformat(message.business_date),
        books_through=_date(message.books_through),
        lines=tuple(
            FundLine(
                fund_source=line.fund_source,
                initial_plan=line.initial_plan,
                current_plan=line.current_plan,
                allocated_plan=line.allocated_plan,
                disbursed=line.disbursed,
                work_certified=line.work_certified,
                advance_outstanding=line.advance_outstanding,
            )
            for line in message.lines
        ),
        baselines=tuple(_read_schedule(schedule) for schedule in message.baselines),
        series=tuple(
            (
                _SERIES_BY_PARTS[
                    _member(disbursement_pb2.Reporter, balance.reporter, Reporter), balance.statements
                ],
                balance.disbursed,
            )
            for balance in message.series
        ),
        currency=message.currency_code,
        includes_estimate=message.includes_estimate,
        plan_decision_number=message.plan_decision_number,
        plan_effective_date=_date(message.plan_effective_date),
        last_movement_date=_date(message.last_movement_date),
        ledger_watermark=message.ledger_watermark,
        version=message.version,
    )


# --- fields ------------------------------------------------------------------------------------

_SERIES_PARTS: Mapping[Series, tuple[Reporter, bool]] = {
    Series.TREASURY_VOUCHERS: (Reporter.TREASURY, False),
    Series.TREASURY_STATEMENTS: (Reporter.TREASURY, True),
    Series.OWNER_VOUCHERS: (Reporter.OWNER, False),
    Series.OWNER_STATEMENTS: (Reporter.OWNER, True),
}
_SERIES_BY_PARTS = {parts: series for series, parts in _SERIES_PARTS.items()}


def _header(fact: Fact, recorded_at: datetime) -> common_pb2.EventHeader:
    return common_pb2.EventHeader(
        event_id=str(fact.event_id),
        source=fact.source,
        source_ref=fact.source_ref,
        content_hash=fact.content_hash,
        recorded_at=_timestamp(recorded_at),
    )


def _money(money: Money) -> common_pb2.Money:
    return common_pb2.Money(currency_code=money.currency, minor_units=money.minor_units)


def _read_money(message: common_pb2.Money) -> Money:
    return Money(message.minor_units, message.currency_code)


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment.astimezone(UTC))
    return stamp


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _prefix(enum: EnumTypeWrapper) -> str:
    """``MOVEMENT_KIND_`` for MovementKind: what its zero value ends in UNSPECIFIED after."""
    return enum.Name(0).removesuffix("UNSPECIFIED")


def _label(enum: EnumTypeWrapper, member: StrEnum) -> str:
    return _prefix(enum) + member.value.upper()


def _member(enum: EnumTypeWrapper, number: int, domain_enum: type[_EnumT]) -> _EnumT:
    """The domain's member for an enum number. Raises ``ValueError`` for unspecified and unknown."""
    try:
        name = enum.Name(number)
    except ValueError:
        raise ValueError(f"{domain_enum.__name__} {number} is not of this version") from None
    return domain_enum(name.removeprefix(_prefix(enum)).lower())
