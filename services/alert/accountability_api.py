"""Who answers for which alerts, over HTTP."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.alert import accountability_store
from services.alert.alert_queries import columns_of
from services.alert.handle_alerts import HandleAlerts
from services.alert.http_models import Code, left_out_not_null
from services.contracts.stated.days import Day
from services.domain.accountability import Account, PromiseFate, accounts
from services.runtime.access import Scope, caller
from services.runtime.api import Api
from services.runtime.clock import VIETNAM, Clock
from services.runtime.postgres import Pool

Seconds = Annotated[float, Field(ge=0, description="Seconds from raising to acknowledgement.")]
Count = Annotated[int, Field(ge=0)]


class AccountabilityQuery(BaseModel):
    """Of which units, and of alerts raised when."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=left_out_not_null)

    province: Code | None = Field(None, description="Province code, for example 96.")
    owner: Code | None = Field(None, description="Code of the accountable unit.")
    since: Day | None = Field(None, description="Raised on this day or later, in Vietnam.")
    until: Day | None = Field(None, description="Raised on this day or earlier.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError("until: a day before since")
        return self

    def columns(self) -> dict[str, str]:
        given = {"province_code": self.province, "owner_code": self.owner}
        return {name: code for name, code in given.items() if code is not None}


class AccountOut(BaseModel):
    """What one officer of one unit has to answer for. An alert that was raised twice counts twice."""

    province_code: str = Field(description="Code of the province.")
    owner_code: str = Field(description="Code of the accountable unit; empty for a whole province.")
    owner_name: str = Field(description="Its name.")
    officer: str = Field(
        description="Whom the alert was last assigned to, else the accountable officer; may be empty."
    )
    raised: Count = Field(description="Alerts raised.")
    open: Count = Field(description="Of these, open now.")
    lagging: Count = Field(description="Of the open, those that say that a subject lags.")
    unacknowledged: Count = Field(description="Of the open, those that nobody has acknowledged.")
    overdue: Count = Field(description="Of the open, not acknowledged in time, or past the promised day.")
    escalated: Count = Field(description="Passed on to the head of the unit or further.")
    cancelled: Count = Field(description="Cancelled by a correction: counted in nothing else but raised.")
    acknowledged: Count = Field(description="Acknowledged, open or not.")
    median_to_acknowledge: Seconds | None = Field(description="Half were acknowledged sooner.")
    longest_to_acknowledge: Seconds | None = Field(description="The one that waited longest.")
    promises_kept: Count = Field(description="Resolved by the promised day.")
    promises_broken: Count = Field(description="The promised day passed before.")
    promises_pending: Count = Field(description="The promised day is still to come.")

    @classmethod
    def of(cls, account: Account) -> AccountOut:
        median, times = account.median_to_acknowledge, account.to_acknowledge
        return cls(
            province_code=account.officer.province_code,
            owner_code=account.officer.owner_code,
            owner_name=account.owner_name,
            officer=account.officer.name,
            raised=account.raised,
            open=account.open,
            lagging=account.lagging,
            unacknowledged=account.unacknowledged,
            overdue=account.overdue,
            escalated=account.escalated,
            cancelled=account.cancelled,
            acknowledged=len(times),
            median_to_acknowledge=median.total_seconds() if median is not None else None,
            longest_to_acknowledge=times[-1].total_seconds() if times else None,
            promises_kept=account.promises[PromiseFate.KEPT],
            promises_broken=account.promises[PromiseFate.BROKEN],
            promises_pending=account.promises[PromiseFate.PENDING],
        )


class Accountability(BaseModel):
    """By province, unit and officer."""

    items: list[AccountOut]


def install(api: Api, pool: Pool, handle: HandleAlerts, *, clock: Clock) -> None:
    """Bind the route."""

    @api.route(
        "GET",
        "/v1/accountability",
        summary="Per officer and unit: alerts open and overdue, time to acknowledge, promises kept.",
        scopes=(Scope.READ,),
        query=AccountabilityQuery,
        response=Accountability,
        problems=(503,),
    )
    def read_accountability(query: AccountabilityQuery) -> Accountability:
        now = clock.now()
        with pool.transaction() as cursor:
            found = accounts(
                accountability_store.raisings(
                    cursor,
                    filters=query.columns(),
                    within=columns_of(caller().unit),
                    since=query.since,
                    until=query.until,
                    begun=handle.begun,
                ),
                now=now,
                today=now.astimezone(VIETNAM).date(),
            )
        return Accountability(items=[AccountOut.of(account) for account in found])
