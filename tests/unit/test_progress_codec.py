"""Progress through Protobuf and back: nothing of it may be lost on the way."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.contracts.fields import UndecodableError
from services.contracts.gen.giaingan.v1 import progress_pb2
from services.contracts.progress_codec import decode_progress, encode_progress
from services.domain.course import Course
from services.domain.disbursement import Series
from services.domain.money import Money
from services.domain.plan import BaselineKind, BaselinePoint, BaselineSchedule
from services.domain.progress import (
    CompletedWork,
    FundLine,
    LateEvent,
    PeerCurve,
    Progress,
    SourceReach,
    Subject,
    SubjectType,
)

_FULL = Progress(
    subject=Subject(
        SubjectType.PROJECT,
        "P-1",
        "Cầu Kênh Hiệp Thành",
        "96",
        owner_code="bqlda",
        owner_name="Ban QLDA",
        accountable_officer="Nguyễn Văn A",
        project_group="B",
        district="Năm Căn",
        sector="giao thông",
    ),
    budget_year=2022,
    as_of=date(2022, 5, 31),
    business_date=date(2022, 7, 31),
    books_through=date(2022, 5, 31),
    lines=(FundLine("local.lottery", 100, 120, 90, 40, 10, 30, carry_over_plan=7),),
    baselines=(
        BaselineSchedule(
            source="",
            source_ref="",
            kind=BaselineKind.TARGET,
            scope_code="96",
            budget_year=2022,
            points=(BaselinePoint(date(2022, 3, 31), basis_points=2000),),
            decision_number="CTr",
            effective_date=date(2022, 1, 1),
        ),
    ),
    series=((Series.TREASURY_VOUCHERS, 40),),
    includes_estimate=True,
    plan_decision_number="12/QĐ-UBND",
    plan_effective_date=date(2022, 1, 12),
    last_movement_date=date(2022, 5, 20),
    ledger_watermark=17,
    version=3,
    course=Course((11, 139), (0, 40), (0, 10), (0, 30), (100, 120)),
    sources=(SourceReach("kbnn.ca-mau", date(2022, 5, 31)),),
    completed_work=CompletedWork(55, date(2022, 4, 30)),
    starts_on=date(2022, 1, 1),
    closed_on=date(2023, 6, 30),
    total_investment=1_000,
    advance_since=date(2022, 2, 1),
    peers=PeerCurve(
        "B/local.lottery",
        7,
        (
            BaselinePoint(date(2022, 4, 30), basis_points=1500),
            BaselinePoint(date(2022, 5, 31), amount=Money(9)),
        ),
    ),
    late_events=(LateEvent(UUID(int=1), date(2022, 4, 2)),),
    known_at=datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
)


def test_every_field_comes_back() -> None:
    empty = Progress(_FULL.subject, 2022, _FULL.as_of, _FULL.business_date, None, ())
    for field in fields(Progress):
        if field.name not in ("subject", "budget_year", "as_of", "business_date", "currency"):
            assert getattr(_FULL, field.name) != getattr(empty, field.name), field.name
    assert decode_progress(encode_progress(_FULL)) == _FULL
    assert decode_progress(encode_progress(empty)) == empty


def test_nothing_reported_is_not_zero() -> None:
    reported = replace(_FULL, completed_work=CompletedWork(0, date(2022, 4, 30)), total_investment=0)
    assert decode_progress(encode_progress(reported)) == reported


@pytest.mark.parametrize(
    ("days", "disbursed"),
    [([5, 5], [1, 2]), ([5, 4], [1, 2]), ([5], [1, 2])],
    ids=["a day twice", "days that fall", "lists of different lengths"],
)
def test_a_course_that_is_none_is_refused(days: list[int], disbursed: list[int]) -> None:
    message = progress_pb2.SubjectProgress.FromString(encode_progress(_FULL))
    message.course.days[:] = days
    message.course.disbursed[:] = disbursed
    with pytest.raises(UndecodableError, match="course"):
        decode_progress(message.SerializeToString())


def test_a_course_is_a_step_function() -> None:
    course = _FULL.course
    assert course.on(date(2022, 1, 11), 2022).plan == 0
    assert course.on(date(2022, 1, 12), 2022).plan == 100
    assert course.on(date(2022, 5, 19), 2022).disbursed == 0
    assert course.on(date(2022, 5, 20), 2022).disbursed == 40
    assert course.on(date(2023, 1, 31), 2022).plan == 120
    assert course.last_day(2022) == date(2022, 5, 20)
