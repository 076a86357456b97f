"""What the webhook routes take and answer; OpenAPI follows from it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.alert.http_models import left_out_not_null
from services.alert.webhook_address import MAX_URL
from services.alert.webhooks.delivery_store import DeliveryRow
from services.alert.webhooks.endpoint_store import Endpoint, EndpointKey
from services.domain.alert_lifecycle import AlertState, AlertTransition
from services.domain.lag_rules import RuleName, Severity
from services.domain.webhook_retries import AttemptOutcome, DeliveryState

Url = Annotated[str, Field(min_length=1, max_length=MAX_URL, description="https, on port 443 or 8443.")]
Description = Annotated[
    str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", description="Whose it is, for officers.")
]
Rules = Annotated[list[RuleName], Field(max_length=50, description="Only these rules; empty: every rule.")]
Severities = Annotated[
    list[Severity],
    Field(
        max_length=10,
        description="Only alerts that have, or had since it was made, one of these; empty: every severity.",
    ),
]
States = Annotated[
    list[AlertState], Field(max_length=10, description="Only changes into these states; empty: every state.")
]


class WebhookCheckIn(BaseModel):
    """An address to be checked."""

    model_config = ConfigDict(extra="forbid")

    url: Url


class WebhookCheck(BaseModel):
    """An address that may be called, with what its name resolved to."""

    url: str
    host: str
    port: int
    addresses: list[str] = Field(description="All addresses that the name has; each may be called.")


class WebhookIn(BaseModel):
    """A receiver to be told of alerts."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    description: Description = ""
    unit: (
        Annotated[str, Field(max_length=70, pattern=r"^([0-9]{2}(/[^\s\x00-\x1f\x7f]{1,64})?)?$")] | None
    ) = Field(
        None,
        description="What it is told of: a province (96), an owner within it (96/O1), or empty for "
        "everything. Left out: the token's own unit.",
    )
    rules: Rules = []
    severities: Severities = []
    states: States = []


class WebhookChange(BaseModel):
    """What to change of a receiver; what is left out, or null, stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    description: Description | None = None
    rules: Rules | None = None
    severities: Severities | None = None
    states: States | None = None
    enabled: bool | None = Field(
        None,
        strict=True,
        description="false: nothing more is sent, and what changes meanwhile is not kept for it. "
        "true: what was pending goes on.",
    )


class RotationIn(BaseModel):
    """How long the key before signs beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: Annotated[int, Field(ge=0, le=168, strict=True)] = Field(
        24, description="0: it ends at once, as where it is known to others."
    )


class KeyOut(BaseModel):
    """A key that signs. Its secret is shown once, where it is made."""

    key_id: UUID
    created_at: datetime
    expires_at: datetime | None = Field(description="It signs until then; null: until it is rotated.")

    @classmethod
    def of(cls, key: EndpointKey) -> KeyOut:
        return cls(key_id=key.key_id, created_at=key.created_at, expires_at=key.expires_at)


class WebhookOut(BaseModel):
    """A receiver as it stands."""

    endpoint_id: UUID
    url: str
    description: str
    unit: str = Field(description="What it is told of; empty: everything.")
    rules: list[str]
    severities: list[str]
    states: list[str]
    state: Literal["enabled", "disabled"]
    state_reason: str = Field(description="gone: it answered 410; by-officer; empty where it is enabled.")
    failing_since: datetime | None = Field(description="Since when no attempt succeeds; null where one did.")
    held_until: datetime | None = Field(description="It asked for nothing more until then.")
    created_at: datetime
    created_by: str = Field(description="The name of the token that made it.")
    changed_at: datetime
    keys: list[KeyOut] = Field(description="Those that sign now, newest first.")

    @classmethod
    def of(cls, endpoint: Endpoint, keys: list[EndpointKey]) -> WebhookOut:
        return cls.model_validate(_fields(endpoint, keys))


class WebhookWithSecret(WebhookOut):
    """A receiver with the secret of its new key, shown this once."""

    secret: str = Field(description="whsec_ and base64, as libraries of Standard Webhooks take it.")

    @classmethod
    def made(cls, endpoint: Endpoint, keys: list[EndpointKey], *, secret: str) -> WebhookWithSecret:
        return cls.model_validate({**_fields(endpoint, keys), "secret": secret})


class WebhookPage(BaseModel):
    """Receivers, newest first."""

    items: list[WebhookOut]
    next_cursor: str | None = Field(description="Give it as cursor for the next page; null on the last.")


class WebhookQuery(BaseModel):
    """A page of receivers."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=left_out_not_null)

    limit: Annotated[int, Field(ge=1, le=500)] = Field(50, description="Most on a page.")
    cursor: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Where the page before ended: its next_cursor. Opaque."
    )


class DeliveryQuery(WebhookQuery):
    """A page of the log of deliveries."""

    state: DeliveryState | None = Field(None, description="pending, delivered or given_up.")


class AttemptOut(BaseModel):
    """What came of one attempt."""

    attempted_at: datetime
    duration_ms: int
    outcome: AttemptOutcome = Field(description="delivered: 2xx; gone: 410; failed: all else.")
    status: int | None = Field(description="The HTTP status; null where nothing was answered.")
    error: str = Field(description="Why nothing was answered, in Vietnamese and English.")
    answer: str = Field(description="The beginning of the answer's body.")


class DeliveryOut(BaseModel):
    """A message to a receiver, and what came of it."""

    delivery_id: UUID
    message_id: UUID = Field(description="The header webhook-id, the same at every try: the change's id.")
    alert_id: UUID | None = Field(description="Null in a test.")
    sequence: int | None = Field(description="Which change of the alert; null in a test.")
    transition: AlertTransition | None = Field(description="What happened; null in a test.")
    state: DeliveryState
    tries: int = Field(description="Since it was made, or asked for again.")
    made_at: datetime
    next_try_at: datetime | None = Field(description="Null where it is settled.")
    settled_at: datetime | None
    attempts: list[AttemptOut] = Field(description="The latest 20, newest first.")

    @classmethod
    def of(cls, row: DeliveryRow) -> DeliveryOut:
        fields = {name: getattr(row, name) for name in cls.model_fields}
        attempts = [
            {name: getattr(attempt, name) for name in AttemptOut.model_fields} for attempt in row.attempts
        ]
        is_pending = row.state == DeliveryState.PENDING
        return cls.model_validate(
            {**fields, "attempts": attempts, "next_try_at": row.next_try_at if is_pending else None}
        )


class DeliveryPage(BaseModel):
    """Messages to a receiver, newest first."""

    items: list[DeliveryOut]
    next_cursor: str | None = Field(description="Give it as cursor for the next page; null on the last.")


def _fields(endpoint: Endpoint, keys: list[EndpointKey]) -> dict[str, object]:
    return {
        **{name: getattr(endpoint, name) for name in WebhookOut.model_fields if hasattr(endpoint, name)},
        "unit": endpoint.unit.code,
        "keys": [KeyOut.of(key) for key in keys],
    }
