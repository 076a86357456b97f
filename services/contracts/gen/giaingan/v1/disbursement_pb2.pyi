from services.contracts.gen.giaingan.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MovementKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MOVEMENT_KIND_UNSPECIFIED: _ClassVar[MovementKind]
    MOVEMENT_KIND_ADVANCE: _ClassVar[MovementKind]
    MOVEMENT_KIND_ADVANCE_RECOVERY: _ClassVar[MovementKind]
    MOVEMENT_KIND_COMPLETED_WORK_PAYMENT: _ClassVar[MovementKind]
    MOVEMENT_KIND_REFUND: _ClassVar[MovementKind]
    MOVEMENT_KIND_REVERSAL: _ClassVar[MovementKind]

class Reporter(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPORTER_UNSPECIFIED: _ClassVar[Reporter]
    REPORTER_TREASURY: _ClassVar[Reporter]
    REPORTER_OWNER: _ClassVar[Reporter]

class RecoveryBooking(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECOVERY_BOOKING_UNSPECIFIED: _ClassVar[RecoveryBooking]
    RECOVERY_BOOKING_GROSS: _ClassVar[RecoveryBooking]
    RECOVERY_BOOKING_NET: _ClassVar[RecoveryBooking]
MOVEMENT_KIND_UNSPECIFIED: MovementKind
MOVEMENT_KIND_ADVANCE: MovementKind
MOVEMENT_KIND_ADVANCE_RECOVERY: MovementKind
MOVEMENT_KIND_COMPLETED_WORK_PAYMENT: MovementKind
MOVEMENT_KIND_REFUND: MovementKind
MOVEMENT_KIND_REVERSAL: MovementKind
REPORTER_UNSPECIFIED: Reporter
REPORTER_TREASURY: Reporter
REPORTER_OWNER: Reporter
RECOVERY_BOOKING_UNSPECIFIED: RecoveryBooking
RECOVERY_BOOKING_GROSS: RecoveryBooking
RECOVERY_BOOKING_NET: RecoveryBooking

class Movement(_message.Message):
    __slots__ = ("project_code", "fund_source", "budget_year", "kind", "amount", "value_date", "status", "reporter", "recovery_booking", "reverses_event_id")
    PROJECT_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_SOURCE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_YEAR_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REPORTER_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_BOOKING_FIELD_NUMBER: _ClassVar[int]
    REVERSES_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    project_code: str
    fund_source: str
    budget_year: int
    kind: MovementKind
    amount: _common_pb2.Money
    value_date: str
    status: _common_pb2.FigureStatus
    reporter: Reporter
    recovery_booking: RecoveryBooking
    reverses_event_id: str
    def __init__(self, project_code: _Optional[str] = ..., fund_source: _Optional[str] = ..., budget_year: _Optional[int] = ..., kind: _Optional[_Union[MovementKind, str]] = ..., amount: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., value_date: _Optional[str] = ..., status: _Optional[_Union[_common_pb2.FigureStatus, str]] = ..., reporter: _Optional[_Union[Reporter, str]] = ..., recovery_booking: _Optional[_Union[RecoveryBooking, str]] = ..., reverses_event_id: _Optional[str] = ...) -> None: ...

class CumulativeStatementLine(_message.Message):
    __slots__ = ("project_code", "fund_source", "budget_year", "cumulative", "as_of", "status", "reporter", "revision")
    PROJECT_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_SOURCE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_YEAR_FIELD_NUMBER: _ClassVar[int]
    CUMULATIVE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REPORTER_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    project_code: str
    fund_source: str
    budget_year: int
    cumulative: _common_pb2.Money
    as_of: str
    status: _common_pb2.FigureStatus
    reporter: Reporter
    revision: int
    def __init__(self, project_code: _Optional[str] = ..., fund_source: _Optional[str] = ..., budget_year: _Optional[int] = ..., cumulative: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., as_of: _Optional[str] = ..., status: _Optional[_Union[_common_pb2.FigureStatus, str]] = ..., reporter: _Optional[_Union[Reporter, str]] = ..., revision: _Optional[int] = ...) -> None: ...

class CompletedWorkLine(_message.Message):
    __slots__ = ("project_code", "budget_year", "cumulative", "as_of", "status", "revision")
    PROJECT_CODE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_YEAR_FIELD_NUMBER: _ClassVar[int]
    CUMULATIVE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    project_code: str
    budget_year: int
    cumulative: _common_pb2.Money
    as_of: str
    status: _common_pb2.FigureStatus
    revision: int
    def __init__(self, project_code: _Optional[str] = ..., budget_year: _Optional[int] = ..., cumulative: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., as_of: _Optional[str] = ..., status: _Optional[_Union[_common_pb2.FigureStatus, str]] = ..., revision: _Optional[int] = ...) -> None: ...

class DisbursementEvent(_message.Message):
    __slots__ = ("header", "movement", "statement_line", "completed_work")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MOVEMENT_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_LINE_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_WORK_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.EventHeader
    movement: Movement
    statement_line: CumulativeStatementLine
    completed_work: CompletedWorkLine
    def __init__(self, header: _Optional[_Union[_common_pb2.EventHeader, _Mapping]] = ..., movement: _Optional[_Union[Movement, _Mapping]] = ..., statement_line: _Optional[_Union[CumulativeStatementLine, _Mapping]] = ..., completed_work: _Optional[_Union[CompletedWorkLine, _Mapping]] = ...) -> None: ...

class DisbursementBatch(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[DisbursementEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[DisbursementEvent, _Mapping]]] = ...) -> None: ...
