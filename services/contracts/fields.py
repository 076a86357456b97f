"""Fields that several messages share: money, enums, dates, curves. For the codecs only."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from typing import TypeVar

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.contracts.gen.giaingan.v1 import common_pb2, plan_pb2
from services.domain.money import Money
from services.domain.plan import BaselineKind, BaselinePoint, BaselineSchedule

_EnumT = TypeVar("_EnumT", bound=StrEnum)
_MessageT = TypeVar("_MessageT", bound=Message)


class UndecodableError(ValueError):
    """Bytes that are no message of this version, or a message that states no fact we know."""


def parse(message_type: type[_MessageT], value: bytes | None) -> _MessageT:
    """A message of that type. Raises ``UndecodableError``."""
    if not value:
        raise UndecodableError("the record has no value")
    try:
        return message_type.FromString(value)
    except DecodeError as error:
        raise UndecodableError(f"not a {message_type.DESCRIPTOR.full_name}: {error}") from error


def write_money(money: Money) -> common_pb2.Money:
    """Domain to message."""
    return common_pb2.Money(currency_code=money.currency, minor_units=money.minor_units)


def read_money(message: common_pb2.Money) -> Money:
    """Message to domain. Raises ``ValueError`` for an unknown currency."""
    return Money(message.minor_units, message.currency_code)


# Every event of a request has the same one; whoever puts it into a message copies it.
@lru_cache(maxsize=16)
def timestamp(moment: datetime) -> Timestamp:
    """An instant as Protobuf has it, in UTC. Shared: not to be changed."""
    stamp = Timestamp()
    stamp.FromDatetime(moment.astimezone(UTC))
    return stamp


def iso(day: date | None) -> str:
    """A date as ISO 8601; empty for none."""
    return day.isoformat() if day else ""


def optional_date(text: str) -> date | None:
    """The date of an ISO 8601 text; ``None`` for an empty one. Raises ``ValueError``."""
    return date.fromisoformat(text) if text else None


def _prefix(enum: EnumTypeWrapper) -> str:
    """``MOVEMENT_KIND_`` for MovementKind: what its zero value ends in UNSPECIFIED after."""
    return enum.Name(0).removesuffix("UNSPECIFIED")


@cache
def label(enum: EnumTypeWrapper, member: StrEnum) -> str:
    """The name of a member in the contract: MOVEMENT_KIND_ADVANCE for ``MovementKind.ADVANCE``."""
    return _prefix(enum) + member.value.upper()


def member(enum: EnumTypeWrapper, number: int, domain_enum: type[_EnumT]) -> _EnumT:
    """The domain's member for an enum number. Raises ``ValueError`` for unspecified and unknown."""
    try:
        name = enum.Name(number)
    except ValueError:
        raise ValueError(f"{domain_enum.__name__} {number} is not of this version") from None
    return domain_enum(name.removeprefix(_prefix(enum)).lower())


def write_schedule(fact: BaselineSchedule) -> plan_pb2.BaselineSchedule:
    """Domain to message."""
    return plan_pb2.BaselineSchedule(
        kind=label(plan_pb2.BaselineKind, fact.kind),
        scope_code=fact.scope_code,
        budget_year=fact.budget_year,
        points=[write_point(point) for point in fact.points],
        decision_number=fact.decision_number,
        effective_date=fact.effective_date.isoformat(),
        rate_base=fact.rate_base,
        revision=fact.revision,
    )


def write_point(point: BaselinePoint) -> plan_pb2.BaselinePoint:
    """Domain to message."""
    if point.amount is not None:
        return plan_pb2.BaselinePoint(date=point.day.isoformat(), amount=write_money(point.amount))
    return plan_pb2.BaselinePoint(date=point.day.isoformat(), basis_points=point.basis_points)


def read_point(point: plan_pb2.BaselinePoint) -> BaselinePoint:
    """Message to domain. Raises ``ValueError``."""
    day = date.fromisoformat(point.date)
    if point.WhichOneof("cumulative") == "amount":
        return BaselinePoint(day, amount=read_money(point.amount))
    return BaselinePoint(day, basis_points=point.basis_points)


def read_schedule(
    schedule: plan_pb2.BaselineSchedule, *, source: str = "", source_ref: str = ""
) -> BaselineSchedule:
    """Message to domain. Raises ``ValueError``."""
    return BaselineSchedule(
        source=source,
        source_ref=source_ref,
        kind=member(plan_pb2.BaselineKind, schedule.kind, BaselineKind),
        scope_code=schedule.scope_code,
        budget_year=schedule.budget_year,
        points=tuple(read_point(point) for point in schedule.points),
        decision_number=schedule.decision_number,
        effective_date=date.fromisoformat(schedule.effective_date),
        rate_base=schedule.rate_base,
        revision=schedule.revision,
    )
