import datetime

from services.contracts.gen.giaingan.v1 import disbursement_pb2 as _disbursement_pb2
from services.contracts.gen.giaingan.v1 import plan_pb2 as _plan_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubjectType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUBJECT_TYPE_UNSPECIFIED: _ClassVar[SubjectType]
    SUBJECT_TYPE_PROJECT: _ClassVar[SubjectType]
    SUBJECT_TYPE_OWNER: _ClassVar[SubjectType]
    SUBJECT_TYPE_PROVINCE: _ClassVar[SubjectType]
    SUBJECT_TYPE_DISTRICT: _ClassVar[SubjectType]
    SUBJECT_TYPE_SECTOR: _ClassVar[SubjectType]
    SUBJECT_TYPE_FUND_SOURCE: _ClassVar[SubjectType]
SUBJECT_TYPE_UNSPECIFIED: SubjectType
SUBJECT_TYPE_PROJECT: SubjectType
SUBJECT_TYPE_OWNER: SubjectType
SUBJECT_TYPE_PROVINCE: SubjectType
SUBJECT_TYPE_DISTRICT: SubjectType
SUBJECT_TYPE_SECTOR: SubjectType
SUBJECT_TYPE_FUND_SOURCE: SubjectType

class FundLine(_message.Message):
    __slots__ = ("fund_source", "initial_plan", "current_plan", "allocated_plan", "disbursed", "work_certified", "advance_outstanding", "carry_over_plan")
    FUND_SOURCE_FIELD_NUMBER: _ClassVar[int]
    INITIAL_PLAN_FIELD_NUMBER: _ClassVar[int]
    CURRENT_PLAN_FIELD_NUMBER: _ClassVar[int]
    ALLOCATED_PLAN_FIELD_NUMBER: _ClassVar[int]
    DISBURSED_FIELD_NUMBER: _ClassVar[int]
    WORK_CERTIFIED_FIELD_NUMBER: _ClassVar[int]
    ADVANCE_OUTSTANDING_FIELD_NUMBER: _ClassVar[int]
    CARRY_OVER_PLAN_FIELD_NUMBER: _ClassVar[int]
    fund_source: str
    initial_plan: int
    current_plan: int
    allocated_plan: int
    disbursed: int
    work_certified: int
    advance_outstanding: int
    carry_over_plan: int
    def __init__(self, fund_source: _Optional[str] = ..., initial_plan: _Optional[int] = ..., current_plan: _Optional[int] = ..., allocated_plan: _Optional[int] = ..., disbursed: _Optional[int] = ..., work_certified: _Optional[int] = ..., advance_outstanding: _Optional[int] = ..., carry_over_plan: _Optional[int] = ...) -> None: ...

class SeriesBalance(_message.Message):
    __slots__ = ("reporter", "statements", "disbursed")
    REPORTER_FIELD_NUMBER: _ClassVar[int]
    STATEMENTS_FIELD_NUMBER: _ClassVar[int]
    DISBURSED_FIELD_NUMBER: _ClassVar[int]
    reporter: _disbursement_pb2.Reporter
    statements: bool
    disbursed: int
    def __init__(self, reporter: _Optional[_Union[_disbursement_pb2.Reporter, str]] = ..., statements: _Optional[bool] = ..., disbursed: _Optional[int] = ...) -> None: ...

class Course(_message.Message):
    __slots__ = ("days", "disbursed", "work_certified", "advance_outstanding", "plan")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    DISBURSED_FIELD_NUMBER: _ClassVar[int]
    WORK_CERTIFIED_FIELD_NUMBER: _ClassVar[int]
    ADVANCE_OUTSTANDING_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedScalarFieldContainer[int]
    disbursed: _containers.RepeatedScalarFieldContainer[int]
    work_certified: _containers.RepeatedScalarFieldContainer[int]
    advance_outstanding: _containers.RepeatedScalarFieldContainer[int]
    plan: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, days: _Optional[_Iterable[int]] = ..., disbursed: _Optional[_Iterable[int]] = ..., work_certified: _Optional[_Iterable[int]] = ..., advance_outstanding: _Optional[_Iterable[int]] = ..., plan: _Optional[_Iterable[int]] = ...) -> None: ...

class SourceReach(_message.Message):
    __slots__ = ("source", "reaches")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    REACHES_FIELD_NUMBER: _ClassVar[int]
    source: str
    reaches: str
    def __init__(self, source: _Optional[str] = ..., reaches: _Optional[str] = ...) -> None: ...

class PeerCurve(_message.Message):
    __slots__ = ("scope_code", "members", "points")
    SCOPE_CODE_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    scope_code: str
    members: int
    points: _containers.RepeatedCompositeFieldContainer[_plan_pb2.BaselinePoint]
    def __init__(self, scope_code: _Optional[str] = ..., members: _Optional[int] = ..., points: _Optional[_Iterable[_Union[_plan_pb2.BaselinePoint, _Mapping]]] = ...) -> None: ...

class LateEvent(_message.Message):
    __slots__ = ("event_id", "value_date")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    value_date: str
    def __init__(self, event_id: _Optional[str] = ..., value_date: _Optional[str] = ...) -> None: ...

class SubjectProgress(_message.Message):
    __slots__ = ("subject_type", "subject_code", "subject_name", "province_code", "owner_code", "owner_name", "accountable_officer", "budget_year", "as_of", "business_date", "books_through", "currency_code", "lines", "series", "includes_estimate", "level", "plan_decision_number", "plan_effective_date", "last_movement_date", "ledger_watermark", "version", "baselines", "project_group", "district", "sector", "course", "sources", "completed_work", "completed_work_as_of", "starts_on", "closed_on", "total_investment", "advance_since", "peers", "late_events", "known_at")
    SUBJECT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_CODE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_NAME_FIELD_NUMBER: _ClassVar[int]
    PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    OWNER_CODE_FIELD_NUMBER: _ClassVar[int]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTABLE_OFFICER_FIELD_NUMBER: _ClassVar[int]
    BUDGET_YEAR_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DATE_FIELD_NUMBER: _ClassVar[int]
    BOOKS_THROUGH_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    PLAN_DECISION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PLAN_EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOVEMENT_DATE_FIELD_NUMBER: _ClassVar[int]
    LEDGER_WATERMARK_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BASELINES_FIELD_NUMBER: _ClassVar[int]
    PROJECT_GROUP_FIELD_NUMBER: _ClassVar[int]
    DISTRICT_FIELD_NUMBER: _ClassVar[int]
    SECTOR_FIELD_NUMBER: _ClassVar[int]
    COURSE_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_WORK_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_WORK_AS_OF_FIELD_NUMBER: _ClassVar[int]
    STARTS_ON_FIELD_NUMBER: _ClassVar[int]
    CLOSED_ON_FIELD_NUMBER: _ClassVar[int]
    TOTAL_INVESTMENT_FIELD_NUMBER: _ClassVar[int]
    ADVANCE_SINCE_FIELD_NUMBER: _ClassVar[int]
    PEERS_FIELD_NUMBER: _ClassVar[int]
    LATE_EVENTS_FIELD_NUMBER: _ClassVar[int]
    KNOWN_AT_FIELD_NUMBER: _ClassVar[int]
    subject_type: SubjectType
    subject_code: str
    subject_name: str
    province_code: str
    owner_code: str
    owner_name: str
    accountable_officer: str
    budget_year: int
    as_of: str
    business_date: str
    books_through: str
    currency_code: str
    lines: _containers.RepeatedCompositeFieldContainer[FundLine]
    series: _containers.RepeatedCompositeFieldContainer[SeriesBalance]
    includes_estimate: bool
    level: _plan_pb2.PlanLevel
    plan_decision_number: str
    plan_effective_date: str
    last_movement_date: str
    ledger_watermark: int
    version: int
    baselines: _containers.RepeatedCompositeFieldContainer[_plan_pb2.BaselineSchedule]
    project_group: str
    district: str
    sector: str
    course: Course
    sources: _containers.RepeatedCompositeFieldContainer[SourceReach]
    completed_work: int
    completed_work_as_of: str
    starts_on: str
    closed_on: str
    total_investment: int
    advance_since: str
    peers: PeerCurve
    late_events: _containers.RepeatedCompositeFieldContainer[LateEvent]
    known_at: _timestamp_pb2.Timestamp
    def __init__(self, subject_type: _Optional[_Union[SubjectType, str]] = ..., subject_code: _Optional[str] = ..., subject_name: _Optional[str] = ..., province_code: _Optional[str] = ..., owner_code: _Optional[str] = ..., owner_name: _Optional[str] = ..., accountable_officer: _Optional[str] = ..., budget_year: _Optional[int] = ..., as_of: _Optional[str] = ..., business_date: _Optional[str] = ..., books_through: _Optional[str] = ..., currency_code: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[FundLine, _Mapping]]] = ..., series: _Optional[_Iterable[_Union[SeriesBalance, _Mapping]]] = ..., includes_estimate: _Optional[bool] = ..., level: _Optional[_Union[_plan_pb2.PlanLevel, str]] = ..., plan_decision_number: _Optional[str] = ..., plan_effective_date: _Optional[str] = ..., last_movement_date: _Optional[str] = ..., ledger_watermark: _Optional[int] = ..., version: _Optional[int] = ..., baselines: _Optional[_Iterable[_Union[_plan_pb2.BaselineSchedule, _Mapping]]] = ..., project_group: _Optional[str] = ..., district: _Optional[str] = ..., sector: _Optional[str] = ..., course: _Optional[_Union[Course, _Mapping]] = ..., sources: _Optional[_Iterable[_Union[SourceReach, _Mapping]]] = ..., completed_work: _Optional[int] = ..., completed_work_as_of: _Optional[str] = ..., starts_on: _Optional[str] = ..., closed_on: _Optional[str] = ..., total_investment: _Optional[int] = ..., advance_since: _Optional[str] = ..., peers: _Optional[_Union[PeerCurve, _Mapping]] = ..., late_events: _Optional[_Iterable[_Union[LateEvent, _Mapping]]] = ..., known_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
