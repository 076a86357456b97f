import datetime

from services.contracts.gen.giaingan.v1 import progress_pb2 as _progress_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AlertTransition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALERT_TRANSITION_UNSPECIFIED: _ClassVar[AlertTransition]
    ALERT_TRANSITION_OPENED: _ClassVar[AlertTransition]
    ALERT_TRANSITION_UPDATED: _ClassVar[AlertTransition]
    ALERT_TRANSITION_RESOLVED: _ClassVar[AlertTransition]
    ALERT_TRANSITION_REOPENED: _ClassVar[AlertTransition]
    ALERT_TRANSITION_CANCELLED: _ClassVar[AlertTransition]
ALERT_TRANSITION_UNSPECIFIED: AlertTransition
ALERT_TRANSITION_OPENED: AlertTransition
ALERT_TRANSITION_UPDATED: AlertTransition
ALERT_TRANSITION_RESOLVED: AlertTransition
ALERT_TRANSITION_REOPENED: AlertTransition
ALERT_TRANSITION_CANCELLED: AlertTransition

class AlertChange(_message.Message):
    __slots__ = ("change_id", "alert_id", "sequence", "transition", "subject_type", "subject_code", "rule", "rule_version", "budget_year", "severity", "as_of", "finding_json", "reason_vi", "reason_en", "recorded_at", "caused_by", "correction_vi", "correction_en", "judged_on")
    CHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_CODE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    RULE_VERSION_FIELD_NUMBER: _ClassVar[int]
    BUDGET_YEAR_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    FINDING_JSON_FIELD_NUMBER: _ClassVar[int]
    REASON_VI_FIELD_NUMBER: _ClassVar[int]
    REASON_EN_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    CAUSED_BY_FIELD_NUMBER: _ClassVar[int]
    CORRECTION_VI_FIELD_NUMBER: _ClassVar[int]
    CORRECTION_EN_FIELD_NUMBER: _ClassVar[int]
    JUDGED_ON_FIELD_NUMBER: _ClassVar[int]
    change_id: str
    alert_id: str
    sequence: int
    transition: AlertTransition
    subject_type: _progress_pb2.SubjectType
    subject_code: str
    rule: str
    rule_version: int
    budget_year: int
    severity: str
    as_of: str
    finding_json: str
    reason_vi: str
    reason_en: str
    recorded_at: _timestamp_pb2.Timestamp
    caused_by: _containers.RepeatedScalarFieldContainer[str]
    correction_vi: str
    correction_en: str
    judged_on: str
    def __init__(self, change_id: _Optional[str] = ..., alert_id: _Optional[str] = ..., sequence: _Optional[int] = ..., transition: _Optional[_Union[AlertTransition, str]] = ..., subject_type: _Optional[_Union[_progress_pb2.SubjectType, str]] = ..., subject_code: _Optional[str] = ..., rule: _Optional[str] = ..., rule_version: _Optional[int] = ..., budget_year: _Optional[int] = ..., severity: _Optional[str] = ..., as_of: _Optional[str] = ..., finding_json: _Optional[str] = ..., reason_vi: _Optional[str] = ..., reason_en: _Optional[str] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., caused_by: _Optional[_Iterable[str]] = ..., correction_vi: _Optional[str] = ..., correction_en: _Optional[str] = ..., judged_on: _Optional[str] = ...) -> None: ...
