"""Progress and alert changes to Protobuf bytes, and progress back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from uuid import UUID

from services.contracts.fields import (
    UndecodableError,
    iso,
    label,
    member,
    optional_date,
    parse,
    read_point,
    read_schedule,
    timestamp,
    write_point,
    write_schedule,
)
from services.contracts.gen.giaingan.v1 import alert_pb2, disbursement_pb2, plan_pb2, progress_pb2
from services.domain.course import Course
from services.domain.disbursement import Reporter, Series
from services.domain.plan import PlanLevel
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

_SERIES_PARTS: Mapping[Series, tuple[Reporter, bool]] = {
    Series.TREASURY_VOUCHERS: (Reporter.TREASURY, False),
    Series.TREASURY_STATEMENTS: (Reporter.TREASURY, True),
    Series.OWNER_VOUCHERS: (Reporter.OWNER, False),
    Series.OWNER_STATEMENTS: (Reporter.OWNER, True),
}
_SERIES_BY_PARTS = {parts: series for series, parts in _SERIES_PARTS.items()}


def encode_progress(progress: Progress) -> bytes:
    """The value of one record of the progress topic."""
    subject = progress.subject
    return progress_pb2.SubjectProgress(
        subject_type=label(progress_pb2.SubjectType, subject.type),
        subject_code=subject.code,
        subject_name=subject.name,
        province_code=subject.province_code,
        owner_code=subject.owner_code,
        owner_name=subject.owner_name,
        accountable_officer=subject.accountable_officer,
        budget_year=progress.budget_year,
        as_of=progress.as_of.isoformat(),
        business_date=progress.business_date.isoformat(),
        books_through=iso(progress.books_through),
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
                carry_over_plan=line.carry_over_plan,
            )
            for line in progress.lines
        ],
        series=[_series_balance(series, disbursed) for series, disbursed in progress.series],
        includes_estimate=progress.includes_estimate,
        level=label(plan_pb2.PlanLevel, subject.level),
        plan_decision_number=progress.plan_decision_number,
        plan_effective_date=iso(progress.plan_effective_date),
        last_movement_date=iso(progress.last_movement_date),
        ledger_watermark=progress.ledger_watermark,
        version=progress.version,
        baselines=[write_schedule(schedule) for schedule in progress.baselines],
        project_group=subject.project_group,
        district=subject.district,
        sector=subject.sector,
        course=progress_pb2.Course(
            days=progress.course.days,
            disbursed=progress.course.disbursed,
            work_certified=progress.course.work_certified,
            advance_outstanding=progress.course.advance_outstanding,
            plan=progress.course.plan,
        ),
        sources=[
            progress_pb2.SourceReach(source=each.source, reaches=each.reaches.isoformat())
            for each in progress.sources
        ],
        completed_work=progress.completed_work.cumulative if progress.completed_work else None,
        completed_work_as_of=iso(progress.completed_work.as_of if progress.completed_work else None),
        starts_on=iso(progress.starts_on),
        closed_on=iso(progress.closed_on),
        total_investment=progress.total_investment,
        advance_since=iso(progress.advance_since),
        peers=_peers(progress.peers) if progress.peers else None,
        late_events=[
            progress_pb2.LateEvent(event_id=str(each.event_id), value_date=each.value_date.isoformat())
            for each in progress.late_events
        ],
        known_at=timestamp(progress.known_at) if progress.known_at else None,
    ).SerializeToString()


def _peers(peers: PeerCurve) -> progress_pb2.PeerCurve:
    return progress_pb2.PeerCurve(
        scope_code=peers.scope_code,
        members=peers.members,
        points=[write_point(point) for point in peers.points],
    )


def _series_balance(series: Series, disbursed: int) -> progress_pb2.SeriesBalance:
    reporter, statements = _SERIES_PARTS[series]
    return progress_pb2.SeriesBalance(
        reporter=label(disbursement_pb2.Reporter, reporter), statements=statements, disbursed=disbursed
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
    caused_by: Iterable[UUID] = (),
    correction_vi: str = "",
    correction_en: str = "",
    judged_on: date | None = None,
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
        recorded_at=timestamp(recorded_at),
        caused_by=[str(event_id) for event_id in caused_by],
        correction_vi=correction_vi,
        correction_en=correction_en,
        judged_on=iso(judged_on),
    ).SerializeToString()


def decode_progress(value: bytes | None) -> Progress:
    """A subject's progress. Raises ``UndecodableError``."""
    message = parse(progress_pb2.SubjectProgress, value)
    try:
        return _progress(message)
    except (ValueError, TypeError) as error:
        raise UndecodableError(str(error)) from error


def _progress(message: progress_pb2.SubjectProgress) -> Progress:
    return Progress(
        subject=Subject(
            type=member(progress_pb2.SubjectType, message.subject_type, SubjectType),
            code=message.subject_code,
            name=message.subject_name,
            province_code=message.province_code,
            owner_code=message.owner_code,
            owner_name=message.owner_name,
            accountable_officer=message.accountable_officer,
            level=member(plan_pb2.PlanLevel, message.level, PlanLevel),
            project_group=message.project_group,
            district=message.district,
            sector=message.sector,
        ),
        budget_year=message.budget_year,
        as_of=date.fromisoformat(message.as_of),
        business_date=date.fromisoformat(message.business_date),
        books_through=optional_date(message.books_through),
        lines=tuple(
            FundLine(
                fund_source=line.fund_source,
                initial_plan=line.initial_plan,
                current_plan=line.current_plan,
                allocated_plan=line.allocated_plan,
                disbursed=line.disbursed,
                work_certified=line.work_certified,
                advance_outstanding=line.advance_outstanding,
                carry_over_plan=line.carry_over_plan,
            )
            for line in message.lines
        ),
        baselines=tuple(read_schedule(schedule) for schedule in message.baselines),
        series=tuple(
            (
                _SERIES_BY_PARTS[
                    member(disbursement_pb2.Reporter, balance.reporter, Reporter), balance.statements
                ],
                balance.disbursed,
            )
            for balance in message.series
        ),
        currency=message.currency_code,
        includes_estimate=message.includes_estimate,
        plan_decision_number=message.plan_decision_number,
        plan_effective_date=optional_date(message.plan_effective_date),
        last_movement_date=optional_date(message.last_movement_date),
        ledger_watermark=message.ledger_watermark,
        version=message.version,
        course=_course(message.course),
        sources=tuple(SourceReach(each.source, date.fromisoformat(each.reaches)) for each in message.sources),
        completed_work=(
            CompletedWork(message.completed_work, date.fromisoformat(message.completed_work_as_of))
            if message.HasField("completed_work")
            else None
        ),
        starts_on=optional_date(message.starts_on),
        closed_on=optional_date(message.closed_on),
        total_investment=message.total_investment if message.HasField("total_investment") else None,
        advance_since=optional_date(message.advance_since),
        peers=(
            PeerCurve(
                message.peers.scope_code,
                message.peers.members,
                tuple(read_point(point) for point in message.peers.points),
            )
            if message.HasField("peers")
            else None
        ),
        late_events=tuple(
            LateEvent(UUID(each.event_id), date.fromisoformat(each.value_date))
            for each in message.late_events
        ),
        known_at=message.known_at.ToDatetime(UTC) if message.HasField("known_at") else None,
    )


def _course(message: progress_pb2.Course) -> Course:
    """Raises ``ValueError`` where its lists are not as long as each other, or its days do not rise."""
    course = Course(
        tuple(message.days),
        tuple(message.disbursed),
        tuple(message.work_certified),
        tuple(message.advance_outstanding),
        tuple(message.plan),
    )
    amounts = (course.disbursed, course.work_certified, course.advance_outstanding, course.plan)
    if any(len(each) != len(course.days) for each in amounts):
        raise ValueError("the lists of a course are not as long as each other")
    if any(left >= right for left, right in pairwise(course.days)):
        raise ValueError("the days of a course do not rise")
    return course
