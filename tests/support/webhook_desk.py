"""Alerts that change on a desk, and what of it was sent to webhooks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from flask.testing import FlaskClient

from services.alert.webhooks.sender import WebhookSender
from services.domain.progress import Progress, Subject, SubjectType
from tests.support import ca_mau
from tests.support.alerting import Desk, settings_for
from tests.support.webhooks import SETTINGS, Received, Reply, ResetError, sending_loop


def sending(desk: Desk, **settings: Any) -> AbstractContextManager[WebhookSender]:
    """The loop on the desk's database, without chance in its waits."""
    return sending_loop(settings_for(desk.database_url, **(dict(SETTINGS) | settings)), chance=lambda: 0.0)


def project(number: int = 0, *, owner: str = "O1", **figures: Any) -> Progress:
    """A project of an owner of Cà Mau, behind its target."""
    code = f"P{number}-{owner}"
    subject = Subject(SubjectType.PROJECT, code, f"Dự án {number}", "96", owner_code=owner, owner_name="Ban")
    return ca_mau.province(subject=subject, **figures)


def caught_up(number: int = 0, **figures: Any) -> Progress:
    """The same, behind no more."""
    return project(number, disbursed=1_500_000_000_000, version=2, **figures)


def deliveries(client: FlaskClient, made: dict[str, Any]) -> list[dict[str, Any]]:
    """The log of a webhook, newest first."""
    answer = client.get(f"/v1/webhooks/{made['endpoint_id']}/deliveries")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def states(desk: Desk) -> list[str]:
    """Where each message stands, oldest first."""
    return [
        state for (state,) in desk.rows("SELECT state FROM alert.webhook_delivery ORDER BY made_at, sequence")
    ]


def is_all_told(desk: Desk) -> bool:
    """Whether nothing is left to be made or sent."""
    ((left,),) = desk.rows(
        "SELECT (SELECT count(*) FROM alert.webhook_unrouted)"
        "     + (SELECT count(*) FROM alert.webhook_delivery WHERE state = 'pending')"
    )
    return bool(left == 0)


def attempts(desk: Desk) -> int:
    """How many were written down."""
    ((count,),) = desk.rows("SELECT count(*) FROM alert.webhook_attempt")
    return int(count)


def fail(*_: Received) -> Reply:
    """An answer of 500."""
    return Reply(500, body=b"internal error")


def reset(*_: Received) -> Reply:
    """The connection is reset."""
    raise ResetError
