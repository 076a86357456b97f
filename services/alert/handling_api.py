"""The routes by which people take care of alerts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.alert.alert_queries import columns_of, no_such_alert
from services.alert.handle_alerts import HandleAlerts, Wanted
from services.alert.http_models import HandlingOut
from services.contracts.stated.field_types import Reason
from services.domain.handling import Cause, Promise, StepKind
from services.runtime import json_body
from services.runtime.access import Scope, caller
from services.runtime.api import Api, uuid_of
from services.runtime.clock import Clock

BodyT = TypeVar("BodyT", bound=BaseModel)


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
    promised_by: date = Field(description="The day by which it no longer lags; today or later.")

    def promise(self) -> Promise:
        return Promise(self.cause, self.promised_by)


class AcknowledgeIn(MaybeNoteIn):
    """Somebody takes it on. An alert that a subject lags asks for cause and day."""

    cause: Cause | None = Field(None, description="The official cause of delay; with promised_by.")
    promised_by: date | None = Field(None, description="The day by which it no longer lags; with cause.")

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

    until: AwareDatetime = Field(description="With its offset from UTC; no later than the policy allows.")


@dataclass(frozen=True, slots=True)
class _Route(Generic[BodyT]):
    """The last part of a step's path, its body, and the step that the body wants."""

    name: str
    summary: str
    body: type[BodyT]
    wanted: Callable[[BodyT], Wanted]


_ROUTES: tuple[_Route[Any], ...] = (
    _Route(
        "acknowledge",
        "Take an open alert on; with cause and day where a subject lags.",
        AcknowledgeIn,
        lambda body: Wanted(StepKind.ACKNOWLEDGED, promise=body.promise()),
    ),
    _Route(
        "assign",
        "Hand an open alert to an officer, who has to acknowledge it.",
        AssignIn,
        lambda body: Wanted(StepKind.ASSIGNED, assignee=body.assignee),
    ),
    _Route(
        "snooze",
        "Let an acknowledged alert rest until an instant.",
        SnoozeIn,
        lambda body: Wanted(StepKind.SNOOZED, until=body.until),
    ),
    _Route("wake", "End an alert's rest.", MaybeNoteIn, lambda _: Wanted(StepKind.WOKEN)),
    _Route(
        "escalate",
        "Pass an open alert on to the next level.",
        MaybeNoteIn,
        lambda _: Wanted(StepKind.ESCALATED),
    ),
    _Route(
        "promise",
        "Name cause and day anew.",
        PromiseIn,
        lambda body: Wanted(StepKind.PROMISED, promise=body.promise()),
    ),
    _Route("note", "Say something about an open alert.", NoteIn, lambda _: Wanted(StepKind.NOTED)),
)


def install(api: Api, handle: HandleAlerts, *, clock: Clock) -> None:
    """Bind the routes; a unit takes care of its own alerts alone."""
    for route in _ROUTES:
        api.route(
            "POST",
            f"/v1/alerts/<alert_id>/{route.name}",
            summary=route.summary,
            scopes=(Scope.ALERT_ACT,),
            body=route.body,
            read_body=json_body.reader(route.body),
            response=HandlingOut,
            problems=(404, 409),
        )(_step(route, handle, clock))


def _step(route: _Route[BodyT], handle: HandleAlerts, clock: Clock) -> Callable[..., HandlingOut]:
    def take(alert_id: str, body: BodyT) -> HandlingOut:
        known = uuid_of(alert_id)
        wanted = replace(route.wanted(body), note=getattr(body, "note", None) or "")
        of_unit = columns_of(caller().unit)
        after = handle.take(known, wanted, caller=caller(), within=of_unit) if known else None
        if after is None:
            raise no_such_alert(alert_id)
        return HandlingOut.of(after, clock.now())

    return take
