from services.contracts.gen.giaingan.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PlanBase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLAN_BASE_UNSPECIFIED: _ClassVar[PlanBase]
    PLAN_BASE_INITIAL: _ClassVar[PlanBase]
    PLAN_BASE_ADJUSTED: _ClassVar[PlanBase]
    PLAN_BASE_ALLOCATED: _ClassVar[PlanBase]
    PLAN_BASE_CARRY_OVER: _ClassVar[PlanBase]

class PlanLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLAN_LEVEL_UNSPECIFIED: _ClassVar[PlanLevel]
    PLAN_LEVEL_PROJECT: _ClassVar[PlanLevel]
    PLAN_LEVEL_FUND_LINE: _ClassVar[PlanLevel]

class BaselineKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BASELINE_KIND_UNSPECIFIED: _ClassVar[BaselineKind]
    BASELINE_KIND_REGISTERED: _ClassVar[BaselineKind]
    BASELINE_KIND_TARGET: _ClassVar[BaselineKind]
    BASELINE_KIND_NATIONAL: _ClassVar[BaselineKind]
PLAN_BASE_UNSPECIFIED: PlanBase
PLAN_BASE_INITIAL: PlanBase
PLAN_BASE_ADJUSTED: PlanBase
PLAN_BASE_ALLOCATED: PlanBase
PLAN_BASE_CARRY_OVER: PlanBase
PLAN_LEVEL_UNSPECIFIED: PlanLevel
PLAN_LEVEL_PROJECT: PlanLevel
PLAN_LEVEL_FUND_LINE: PlanLevel
BASELINE_KIND_UNSPECIFIED: BaselineKind
BASELINE_KIND_REGISTERED: BaselineKind
BASELINE_KIND_TARGET: BaselineKind
BASELINE_KIND_NATIONAL: BaselineKind

class PlanRevision(_message.Message):
    __slots__ = ("project_code", "project_name", "level", "owner_code", "owner_name", "accountable_officer", "fund_source", "project_group", "district", "sector", "province_code", "budget_year", "base", "amount", "decision_number", "decision_date", "effective_date", "carried_from_year", "revision")
    PROJECT_CODE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_NAME_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    OWNER_CODE_FIELD_NUMBER: _ClassVar[int]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTABLE_OFFICER_FIELD_NUMBER: _ClassVar[int]
    FUND_SOURCE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_GROUP_FIELD_NUMBER: _ClassVar[int]
    DISTRICT_FIELD_NUMBER: _ClassVar[int]
    SECTOR_FIELD_NUMBER: _ClassVar[int]
    PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_YEAR_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    DECISION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DECISION_DATE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    CARRIED_FROM_YEAR_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    project_code: str
    project_name: str
    level: PlanLevel
    owner_code: str
    owner_name: str
    accountable_officer: str
    fund_source: str
    project_group: str
    district: str
    sector: str
    province_code: str
    budget_year: int
    base: PlanBase
    amount: _common_pb2.Money
    decision_number: str
    decision_date: str
    effective_date: str
    carried_from_year: int
    revision: int
    def __init__(self, project_code: _Optional[str] = ..., project_name: _Optional[str] = ..., level: _Optional[_Union[PlanLevel, str]] = ..., owner_code: _Optional[str] = ..., owner_name: _Optional[str] = ..., accountable_officer: _Optional[str] = ..., fund_source: _Optional[str] = ..., project_group: _Optional[str] = ..., district: _Optional[str] = ..., sector: _Optional[str] = ..., province_code: _Optional[str] = ..., budget_year: _Optional[int] = ..., base: _Optional[_Union[PlanBase, str]] = ..., amount: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., decision_number: _Optional[str] = ..., decision_date: _Optional[str] = ..., effective_date: _Optional[str] = ..., carried_from_year: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class ReallocationSide(_message.Message):
    __slots__ = ("project_code", "fund_source", "amount_before", "amount_after")
    PROJECT_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_SOURCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_AFTER_FIELD_NUMBER: _ClassVar[int]
    project_code: str
    fund_source: str
    amount_before: _common_pb2.Money
    amount_after: _common_pb2.Money
    def __init__(self, project_code: _Optional[str] = ..., fund_source: _Optional[str] = ..., amount_before: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., amount_after: _Optional[_Union[_common_pb2.Money, _Mapping]] = ...) -> None: ...

class Reallocation(_message.Message):
    __slots__ = ("budget_year", "decision_number", "decision_date", "effective_date", "sides", "revision")
    BUDGET_YEAR_FIELD_NUMBER: _ClassVar[int]
    DECISION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DECISION_DATE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    SIDES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    budget_year: int
    decision_number: str
    decision_date: str
    effective_date: str
    sides: _containers.RepeatedCompositeFieldContainer[ReallocationSide]
    revision: int
    def __init__(self, budget_year: _Optional[int] = ..., decision_number: _Optional[str] = ..., decision_date: _Optional[str] = ..., effective_date: _Optional[str] = ..., sides: _Optional[_Iterable[_Union[ReallocationSide, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class BaselinePoint(_message.Message):
    __slots__ = ("date", "basis_points", "amount")
    DATE_FIELD_NUMBER: _ClassVar[int]
    BASIS_POINTS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    date: str
    basis_points: int
    amount: _common_pb2.Money
    def __init__(self, date: _Optional[str] = ..., basis_points: _Optional[int] = ..., amount: _Optional[_Union[_common_pb2.Money, _Mapping]] = ...) -> None: ...

class BaselineSchedule(_message.Message):
    __slots__ = ("kind", "scope_code", "budget_year", "points", "decision_number", "effective_date", "rate_base", "revision")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SCOPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_YEAR_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    DECISION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    RATE_BASE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    kind: BaselineKind
    scope_code: str
    budget_year: int
    points: _containers.RepeatedCompositeFieldContainer[BaselinePoint]
    decision_number: str
    effective_date: str
    rate_base: str
    revision: int
    def __init__(self, kind: _Optional[_Union[BaselineKind, str]] = ..., scope_code: _Optional[str] = ..., budget_year: _Optional[int] = ..., points: _Optional[_Iterable[_Union[BaselinePoint, _Mapping]]] = ..., decision_number: _Optional[str] = ..., effective_date: _Optional[str] = ..., rate_base: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class ProjectRegistration(_message.Message):
    __slots__ = ("project_code", "project_name", "province_code", "owner_code", "project_group", "district", "sector", "starts_on", "closed_on", "total_investment", "effective_date", "revision")
    PROJECT_CODE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_NAME_FIELD_NUMBER: _ClassVar[int]
    PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    OWNER_CODE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_GROUP_FIELD_NUMBER: _ClassVar[int]
    DISTRICT_FIELD_NUMBER: _ClassVar[int]
    SECTOR_FIELD_NUMBER: _ClassVar[int]
    STARTS_ON_FIELD_NUMBER: _ClassVar[int]
    CLOSED_ON_FIELD_NUMBER: _ClassVar[int]
    TOTAL_INVESTMENT_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    project_code: str
    project_name: str
    province_code: str
    owner_code: str
    project_group: str
    district: str
    sector: str
    starts_on: str
    closed_on: str
    total_investment: _common_pb2.Money
    effective_date: str
    revision: int
    def __init__(self, project_code: _Optional[str] = ..., project_name: _Optional[str] = ..., province_code: _Optional[str] = ..., owner_code: _Optional[str] = ..., project_group: _Optional[str] = ..., district: _Optional[str] = ..., sector: _Optional[str] = ..., starts_on: _Optional[str] = ..., closed_on: _Optional[str] = ..., total_investment: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., effective_date: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class OwnerRegistration(_message.Message):
    __slots__ = ("province_code", "owner_code", "owner_name", "head_name", "head_post", "supervisor_name", "effective_date", "revision")
    PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    OWNER_CODE_FIELD_NUMBER: _ClassVar[int]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    HEAD_NAME_FIELD_NUMBER: _ClassVar[int]
    HEAD_POST_FIELD_NUMBER: _ClassVar[int]
    SUPERVISOR_NAME_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    province_code: str
    owner_code: str
    owner_name: str
    head_name: str
    head_post: str
    supervisor_name: str
    effective_date: str
    revision: int
    def __init__(self, province_code: _Optional[str] = ..., owner_code: _Optional[str] = ..., owner_name: _Optional[str] = ..., head_name: _Optional[str] = ..., head_post: _Optional[str] = ..., supervisor_name: _Optional[str] = ..., effective_date: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class OfficerAssignment(_message.Message):
    __slots__ = ("province_code", "owner_code", "project_code", "officer_name", "officer_post", "officer_email", "effective_date", "revision")
    PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    OWNER_CODE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_CODE_FIELD_NUMBER: _ClassVar[int]
    OFFICER_NAME_FIELD_NUMBER: _ClassVar[int]
    OFFICER_POST_FIELD_NUMBER: _ClassVar[int]
    OFFICER_EMAIL_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    province_code: str
    owner_code: str
    project_code: str
    officer_name: str
    officer_post: str
    officer_email: str
    effective_date: str
    revision: int
    def __init__(self, province_code: _Optional[str] = ..., owner_code: _Optional[str] = ..., project_code: _Optional[str] = ..., officer_name: _Optional[str] = ..., officer_post: _Optional[str] = ..., officer_email: _Optional[str] = ..., effective_date: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class PlanEvent(_message.Message):
    __slots__ = ("header", "revision", "schedule", "project", "owner", "officer", "reallocation")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    REALLOCATION_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.EventHeader
    revision: PlanRevision
    schedule: BaselineSchedule
    project: ProjectRegistration
    owner: OwnerRegistration
    officer: OfficerAssignment
    reallocation: Reallocation
    def __init__(self, header: _Optional[_Union[_common_pb2.EventHeader, _Mapping]] = ..., revision: _Optional[_Union[PlanRevision, _Mapping]] = ..., schedule: _Optional[_Union[BaselineSchedule, _Mapping]] = ..., project: _Optional[_Union[ProjectRegistration, _Mapping]] = ..., owner: _Optional[_Union[OwnerRegistration, _Mapping]] = ..., officer: _Optional[_Union[OfficerAssignment, _Mapping]] = ..., reallocation: _Optional[_Union[Reallocation, _Mapping]] = ...) -> None: ...

class PlanBatch(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[PlanEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[PlanEvent, _Mapping]]] = ...) -> None: ...
