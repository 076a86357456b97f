"""What a disbursement event states, to its message and back. Reading raises ``ValueError``."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.contracts.fields import label, member, read_money, write_money
from services.contracts.gen.giaingan.v1 import common_pb2, disbursement_pb2
from services.domain.disbursement import (
    CompletedWorkLine,
    FigureStatus,
    Movement,
    MovementKind,
    RecoveryBooking,
    Reporter,
    StatementLine,
)


def write_movement(fact: Movement) -> disbursement_pb2.Movement:
    return disbursement_pb2.Movement(
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


def read_movement(movement: disbursement_pb2.Movement, *, source: str, source_ref: str) -> Movement:
    return Movement(
        source=source,
        source_ref=source_ref,
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


def write_statement_line(fact: StatementLine) -> disbursement_pb2.CumulativeStatementLine:
    return disbursement_pb2.CumulativeStatementLine(
        project_code=fact.project_code,
        fund_source=fact.fund_source,
        budget_year=fact.budget_year,
        cumulative=write_money(fact.cumulative),
        as_of=fact.as_of.isoformat(),
        status=label(common_pb2.FigureStatus, fact.status),
        reporter=label(disbursement_pb2.Reporter, fact.reporter),
        revision=fact.revision,
    )


def read_statement_line(
    line: disbursement_pb2.CumulativeStatementLine, *, source: str, source_ref: str
) -> StatementLine:
    return StatementLine(
        source=source,
        source_ref=source_ref,
        project_code=line.project_code,
        fund_source=line.fund_source,
        budget_year=line.budget_year,
        cumulative=read_money(line.cumulative),
        as_of=date.fromisoformat(line.as_of),
        status=member(common_pb2.FigureStatus, line.status, FigureStatus),
        reporter=member(disbursement_pb2.Reporter, line.reporter, Reporter),
        revision=line.revision,
    )


def write_completed_work(fact: CompletedWorkLine) -> disbursement_pb2.CompletedWorkLine:
    return disbursement_pb2.CompletedWorkLine(
        project_code=fact.project_code,
        budget_year=fact.budget_year,
        cumulative=write_money(fact.cumulative),
        as_of=fact.as_of.isoformat(),
        status=label(common_pb2.FigureStatus, fact.status),
        revision=fact.revision,
    )


def read_completed_work(
    line: disbursement_pb2.CompletedWorkLine, *, source: str, source_ref: str
) -> CompletedWorkLine:
    return CompletedWorkLine(
        source=source,
        source_ref=source_ref,
        project_code=line.project_code,
        budget_year=line.budget_year,
        cumulative=read_money(line.cumulative),
        as_of=date.fromisoformat(line.as_of),
        status=member(common_pb2.FigureStatus, line.status, FigureStatus),
        revision=line.revision,
    )
