"""What the API takes and answers; OpenAPI follows from it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.alert.alert_queries import AlertRow, ChangeRow
from services.alert.figures import Figures, SubjectFigures
from services.alert.handling_store import TakenStep
from services.domain.alert_lifecycle import AlertState, AlertTransition
from services.domain.handling import Cause, Handling, Level, Stage, StepKind
from services.domain.lag_rules import RuleName, Severity
from services.domain.progress import SubjectType
from services.runtime.clock import VIETNAM

Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


LEVELS: dict[Level, Literal["officer", "head_of_unit", "supervisor"]] = {
    Level.OFFICER: "officer",
    Level.HEAD_OF_UNIT: "head_of_unit",
    Level.SUPERVISOR: "supervisor",
}


def left_out_not_null(schema: dict[str, Any]) -> None:
    """A query parameter is left out, never null: the description says only what may be sent."""
    for field in schema["properties"].values():
        for option in field.pop("anyOf", []):
            if option != {"type": "null"}:
                field.update(option)
        if field.get("default", ...) is None:
            del field["default"]


class AlertFilter(BaseModel):
    """Which alerts, by equality; every filter given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=left_out_not_null)

    state: AlertState | None = Field(None, description="open, resolved or cancelled.")
    severity: Severity | None = Field(None, description="info, warning or critical.")
    min_severity: Severity | None = Field(
        None, description="That severity or a more urgent one: warning leaves out what is information."
    )
    rule: RuleName | None = Field(None, description="The rule's name.")
    subject_type: SubjectType | None = Field(None, description="What the alert is about.")
    subject_code: Code | None = Field(None, description="The subject's code.")
    province: Code | None = Field(None, description="Province code, for example 96.")
    owner: Code | None = Field(None, description="Code of the accountable unit.")
    budget_year: Annotated[int, Field(ge=2000, le=2100)] | None = Field(None, description="The budget year.")
    stage: Stage | None = Field(None, description="Of open alerts: how far their handling has come.")
    assignee: Name | None = Field(None, description="Who is asked to take care of it, exactly as written.")

    def columns(self) -> dict[str, object]:
        """The filters given, by column; a list where any of several values will do."""
        given = {
            "state": self.state,
            "severity": self._severities(),
            "rule": self.rule,
            "subject_type": self.subject_type,
            "subject_code": self.subject_code,
            "province_code": self.province,
            "owner_code": self.owner,
            "budget_year": self.budget_year,
            "stage": self.stage,
            "assignee": self.assignee,
        }
        return {
            name: value if isinstance(value, int | list) else str(value)
            for name, value in given.items()
            if value is not None
        }

    def _severities(self) -> Severity | list[str] | None:
        if self.min_severity is None:
            return self.severity
        urgent = [each for each in Severity if each.is_at_least(self.min_severity)]
        return [str(each) for each in urgent if self.severity in (None, each)]

    def parameters(self) -> dict[str, str]:
        """The filters given, as query parameters in a fixed order."""
        names = sorted(AlertFilter.model_fields)
        return {name: str(getattr(self, name)) for name in names if getattr(self, name) is not None}


class AlertQuery(AlertFilter):
    """A page of alerts."""

    limit: Annotated[int, Field(ge=1, le=500)] = Field(50, description="Most alerts on a page.")
    cursor: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Where the page before ended: its next_cursor. Opaque."
    )


FeedToken = Annotated[str, Field(min_length=1, max_length=200)]


class FeedQuery(AlertQuery):
    """A page of a feed: a reader asks once in a while and follows no pages, so it gets more at once."""

    limit: Annotated[int, Field(ge=1, le=500)] = Field(200, description="Most alerts on a page.")
    token: FeedToken | None = Field(None, description="A feed's token, where no header can be sent.")


class TableQuery(AlertFilter):
    """Which alerts a table holds."""

    token: FeedToken | None = Field(None, description="A feed's token, where no header can be sent.")


class StreamQuery(TableQuery):
    """Which alerts a stream is about, and after which event it goes on."""

    last_event_id: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = Field(
        None,
        description="As the header Last-Event-ID, which counts before it. Default: what comes from now on.",
    )


class HandlingOut(BaseModel):
    """Who takes care of an open alert, and by when."""

    stage: Stage = Field(description="open until somebody acknowledged it.")
    level: Literal["officer", "head_of_unit", "supervisor"] = Field(description="Who is asked now.")
    assignee: str = Field(description="His name; empty where the accountable officer is not named.")
    acknowledge_by: datetime | None = Field(description="After this it goes one level up; null for never.")
    snoozed_until: datetime | None = Field(description="Until when it rests.")
    cause: Cause | None = Field(description="The cause of delay that the officer gave.")
    promised_by: date | None = Field(description="By which day he said that it will no longer lag.")
    is_overdue: bool = Field(description="Not acknowledged in time, or the promised day has passed.")

    @classmethod
    def of(cls, handling: Handling, now: datetime) -> HandlingOut:
        promise = handling.promise
        return cls(
            stage=handling.stage,
            level=LEVELS[handling.level],
            assignee=handling.assignee,
            acknowledge_by=handling.acknowledge_by,
            snoozed_until=handling.snoozed_until,
            cause=promise.cause if promise else None,
            promised_by=promise.by if promise else None,
            is_overdue=handling.is_overdue(now, now.astimezone(VIETNAM).date()),
        )


class StepOut(BaseModel):
    """A step of handling, with how the alert stood after it."""

    kind: StepKind = Field(description="What was done.")
    raised_sequence: int = Field(
        description="The change that had raised the alert: each raising is handled anew."
    )
    taken_at: datetime = Field(description="When.")
    actor: str = Field(description="By whom: the token's name; giaingan where time did it.")
    note: str = Field(description="In the actor's words; may be empty.")
    stage: Stage
    level: Literal["officer", "head_of_unit", "supervisor"]
    assignee: str
    acknowledge_by: datetime | None
    snoozed_until: datetime | None
    cause: Cause | None
    promised_by: date | None

    @classmethod
    def of(cls, step: TakenStep) -> StepOut:
        after, promise = step.after, step.after.promise
        return cls(
            kind=step.kind,
            raised_sequence=step.raised_sequence,
            taken_at=step.taken_at,
            actor=step.actor,
            note=step.note,
            stage=after.stage,
            level=LEVELS[after.level],
            assignee=after.assignee,
            acknowledge_by=after.acknowledge_by,
            snoozed_until=after.snoozed_until,
            cause=promise.cause if promise else None,
            promised_by=promise.by if promise else None,
        )


class AlertOut(BaseModel):
    """An alert as it stands."""

    alert_id: UUID = Field(description="The alert's id; one per subject, rule and budget year.")
    state: AlertState = Field(
        description="open, resolved once its condition no longer holds, or cancelled: it never held."
    )
    severity: Severity = Field(description="How urgent it is; of a resolved one, how urgent it was.")
    rule: RuleName = Field(description="The rule that flags.")
    rule_version: int = Field(description="The rule's version.")
    budget_year: int = Field(description="The budget year.")
    as_of: date = Field(description="The day up to which the figures count.")
    subject: SubjectFigures = Field(description="What it is about, and who answers for it.")
    title_vi: str = Field(description="In one line, in Vietnamese.")
    title_en: str = Field(description="In one line, in English.")
    reason_vi: str = Field(description="Why, in full Vietnamese sentences.")
    reason_en: str = Field(description="Why, in full English sentences.")
    finding: Figures = Field(description="The figures it rests on.")
    sequence: int = Field(description="How many changes it has had.")
    opened_at: datetime = Field(description="When it was first opened.")
    updated_at: datetime = Field(description="When it last changed.")
    resolved_at: datetime | None = Field(description="When it was closed; null while it is open.")
    transition: AlertTransition = Field(description="Its last change.")
    caused_by: list[UUID] = Field(
        description="Ids of late events behind the last change, latest value date first, at most 100."
    )
    correction_vi: str = Field(description="What the last change corrected of what was told, in Vietnamese.")
    correction_en: str = Field(description="What the last change corrected of what was told, in English.")
    handling: HandlingOut | None = Field(description="Who takes care of it; null once it is closed.")

    @classmethod
    def of(cls, row: AlertRow, handling: HandlingOut | None) -> Self:
        return cls.model_validate({**_fields(row), "handling": handling})


class ChangeOut(BaseModel):
    """One change of an alert."""

    change_id: UUID = Field(description="The change's id, the same over every delivery.")
    sequence: int = Field(description="1 for the first change of the alert.")
    transition: AlertTransition = Field(description="What happened.")
    severity: Severity = Field(description="How urgent it was then.")
    rule_version: int = Field(description="The version of the rule that judged.")
    as_of: date = Field(description="The day up to which the figures counted.")
    reason_vi: str = Field(description="Why, as told then, in Vietnamese.")
    reason_en: str = Field(description="Why, as told then, in English.")
    finding: Figures = Field(description="The figures it rested on.")
    recorded_at: datetime = Field(description="When it was recorded.")
    judged_on: date | None = Field(description="The day judged; null in changes of earlier versions.")
    raised_on: date | None = Field(description="Since when the alert stands, by what was known then.")
    caused_by: list[UUID] = Field(
        description="Ids of late events behind it, latest value date first, at most 100."
    )
    correction_vi: str = Field(description="What it corrected of what was told, in Vietnamese; may be empty.")
    correction_en: str = Field(description="What it corrected of what was told, in English; may be empty.")

    @classmethod
    def of(cls, row: ChangeRow) -> ChangeOut:
        return cls(
            change_id=row.change_id,
            sequence=row.sequence,
            transition=AlertTransition(row.transition),
            severity=Severity(row.severity),
            rule_version=row.rule_version,
            as_of=row.as_of,
            reason_vi=row.reason_vi,
            reason_en=row.reason_en,
            finding=Figures.model_validate(row.figures),
            recorded_at=row.recorded_at,
            judged_on=row.judged_on,
            raised_on=row.raised_on,
            caused_by=row.caused_by or [],
            correction_vi=row.correction_vi or "",
            correction_en=row.correction_en or "",
        )


class AlertDetail(AlertOut):
    """An alert with everything that ever happened to it."""

    changes: list[ChangeOut] = Field(description="Oldest first.")
    steps: list[StepOut] = Field(description="What people and time did with it, oldest first.")

    @classmethod
    def with_history(
        cls,
        row: AlertRow,
        handling: HandlingOut | None,
        changes: list[ChangeRow],
        steps: list[TakenStep],
    ) -> AlertDetail:
        return cls.model_validate(
            {
                **_fields(row),
                "handling": handling,
                "changes": [ChangeOut.of(change) for change in changes],
                "steps": [StepOut.of(step) for step in steps],
            }
        )


class AlertPage(BaseModel):
    """Alerts, newest update first."""

    items: list[AlertOut] = Field(description="The page.")
    next_cursor: str | None = Field(description="Give it as cursor for the next page; null on the last.")


def _fields(row: AlertRow) -> dict[str, object]:
    return {
        **{name: getattr(row, name) for name in AlertOut.model_fields if name in AlertRow.__slots__},
        "subject": row.figures["subject"],
        "finding": row.figures,
        "caused_by": row.caused_by or [],
        "correction_vi": row.correction_vi or "",
        "correction_en": row.correction_en or "",
    }
