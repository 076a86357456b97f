"""The routes by which people take care of alerts."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.alert.alert_queries import columns_of, no_such_alert
from services.alert.handle_alerts import HandleAlerts, Wanted
from services.alert.http_models import HandlingOut
from services.contracts.stated.days import Day, UtcMoment
from services.contracts.stated.field_types import Reason
from services.domain.handling import Cause, Promise, StepKind
from services.runtime import json_body
from services.runtime.access import Scope, caller
from services.runtime.api import Api, uuid_of
from services.runtime.clock import Clock


def _single_line(text: str) -> str:
    return " ".join(text.split())


Assignee = Annotated[Reason, Field(max_length=200), AfterValidator(_single_line)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoteIn(_Body):
    """What there is to say."""

    note: Reason = Field(description="Kept for good.")


class MaybeNoteIn(_Body):
    """A step that explains itself, or not."""

    note: Reason | None = Field(None, description="Kept for good.")


class PromiseIn(MaybeNoteIn):
    """Why it lags, and by when it will no longer."""

    cause: Cause = Field(description="The official cause of delay (docs/HANDLING.md).")
    promised_by: Day = Field(description="The day by which it no longer lags; today or later.")

    def promise(self) -> Promise:
        return Promise(self.cause, self.promised_by)


class AcknowledgeIn(MaybeNoteIn):
    """Somebody takes it on. An alert that a subject lags asks for cause and day."""

    cause: Cause | None = Field(None, description="The official cause of delay; with promised_by.")
    promised_by: Day | None = Field(None, description="The day by which it no longer lags; with cause.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.cause is None) is not (self.promised_by is None):
            raise ValueError("cause and promised_by: give both, or neither")
        return self

    def promise(self) -> Promise | None:
        return Promise(self.cause, self.promised_by) if self.cause and self.promised_by else None


class AssignIn(MaybeNoteIn):
    """Whom it is handed to."""

    assignee: Assignee = Field(description="The officer's name; he has to acknowledge it.")


class SnoozeIn(NoteIn):
    """Until when it rests, and why."""

    until: UtcMoment = Field(description="With its offset from UTC; no later than the policy allows.")


class HandlingApi:
    """The steps as routes; a unit takes care of its own alerts alone."""

    def __init__(self, handle: HandleAlerts, *, clock: Clock) -> None:
        self._handle = handle
        self._clock = clock

    def install(self, api: Api) -> None:
        """Bind the routes."""
        api.route(
            "POST",
            "/v1/alerts/<alert_id>/acknowledge",
            summary="Take an open alert on; with cause and day where a subject lags.",
            **_takes(AcknowledgeIn),
        )(self.acknowledge)
        api.route(
            "POST",
            "/v1/alerts/<alert_id>/assign",
            summary="Hand an open alert to an officer, who has to acknowledge it.",
            **_takes(AssignIn),
        )(self.assign)
        api.route(
            "POST",
            "/v1/alerts/<alert_id>/snooze",
            summary="Let an acknowledged alert rest until an instant.",
            **_takes(SnoozeIn),
        )(self.snooze)
        api.route(
            "POST",
            "/v1/alerts/<alert_id>/wake",
            summary="End an alert's rest.",
            **_takes(MaybeNoteIn),
        )(self.wake)
        api.route(
            "POST",
            "/v1/alerts/<alert_id>/escalate",
            summary="Pass an open alert on to the next level.",
            **_takes(MaybeNoteIn),
        )(self.escalate)
        api.route(
            "POST",
            "/v1/alerts/<alert_id>/promise",
            summary="Name cause and promised day anew.",
            **_takes(PromiseIn),
        )(self.promise)
        api.route(
            "POST",
            "/v1/alerts/<alert_id>/note",
            summary="Say something about an open alert.",
            **_takes(NoteIn),
        )(self.note)

    def acknowledge(self, alert_id: str, body: AcknowledgeIn) -> HandlingOut:
        return self._take(alert_id, Wanted(StepKind.ACKNOWLEDGED, body.note, promise=body.promise()))

    def assign(self, alert_id: str, body: AssignIn) -> HandlingOut:
        return self._take(alert_id, Wanted(StepKind.ASSIGNED, body.note, assignee=body.assignee))

    def snooze(self, alert_id: str, body: SnoozeIn) -> HandlingOut:
        return self._take(alert_id, Wanted(StepKind.SNOOZED, body.note, until=body.until))

    def wake(self, alert_id: str, body: MaybeNoteIn) -> HandlingOut:
        return self._take(alert_id, Wanted(StepKind.WOKEN, body.note))

    def escalate(self, alert_id: str, body: MaybeNoteIn) -> HandlingOut:
        return self._take(alert_id, Wanted(StepKind.ESCALATED, body.note))

    def promise(self, alert_id: str, body: PromiseIn) -> HandlingOut:
        return self._take(alert_id, Wanted(StepKind.PROMISED, body.note, promise=body.promise()))

    def note(self, alert_id: str, body: NoteIn) -> HandlingOut:
        return self._take(alert_id, Wanted(StepKind.NOTED, body.note))

    def _take(self, alert_id: str, wanted: Wanted) -> HandlingOut:
        known = uuid_of(alert_id)
        of_unit = columns_of(caller().unit)
        after = self._handle.take(known, wanted, caller=caller(), within=of_unit) if known else None
        if after is None:
            raise no_such_alert(alert_id)
        return HandlingOut.of(after, self._clock.now())


def _takes(body: type[BaseModel]) -> dict[str, Any]:
    """What the routes have in common."""
    return {
        "scopes": (Scope.ALERT_ACT,),
        "body": body,
        "read_body": json_body.reader(body),
        "response": HandlingOut,
        "problems": (404, 409),
    }
