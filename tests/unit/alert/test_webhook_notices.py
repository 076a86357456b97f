"""A notice as the SDK of CloudEvents reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.v1.event import CloudEvent

from services.alert.webhooks import notices
from services.alert.webhooks.notices import Notice
from tests.support.alert_examples import ca_mau_alert

PUBLIC_URL = "https://alerts.example.vn/"
CHANGE = UUID("11111111-1111-4111-8111-111111111111")
FIRST = UUID("22222222-2222-4222-8222-222222222222")
LATE = UUID("33333333-3333-4333-8333-333333333333")
ALERT = ca_mau_alert()
CANCELLED = Notice(
    change_id=CHANGE,
    alert_id=ALERT.alert_id,
    sequence=2,
    transition="cancelled",
    state="cancelled",
    severity="warning",
    rule="behind_target",
    rule_version=1,
    subject_type="province",
    subject_code="96",
    budget_year=2022,
    as_of=date(2022, 5, 31),
    judged_on=date(2022, 5, 31),
    raised_on=None,
    figures=ALERT.finding.model_dump(mode="json"),
    reason_vi="Hủy cảnh báo",
    reason_en="Cancelled",
    correction_vi="Hủy",
    correction_en="Cancelled",
    caused_by=[LATE],
    raised_by=FIRST,
    recorded_at=datetime(2022, 6, 1, 1, 2, 3, 456_000, tzinfo=UTC),
)


def read(body: bytes) -> CloudEvent:
    """By the SDK, which refuses what is no CloudEvent 1.0."""
    event = from_http_event(HTTPMessage(headers={"content-type": notices.CONTENT_TYPE}, body=body))
    assert isinstance(event, CloudEvent)
    return event


def test_a_cancellation_names_the_notice_that_raised_it_and_the_late_events() -> None:
    event = read(notices.event_of(CANCELLED, public_url=PUBLIC_URL))
    assert event.get_specversion() == "1.0"
    assert event.get_id() == str(CHANGE)
    assert event.get_type() == "vn.giaingan.alert.cancelled.v1"
    assert event.get_source() == "https://alerts.example.vn"
    assert event.get_subject() == "province/96"
    assert event.get_time() == CANCELLED.recorded_at
    data = event.get_data()
    assert isinstance(data, dict)
    assert (data["raised_by"], data["caused_by"]) == (str(FIRST), [str(LATE)])
    assert (data["reason_vi"], data["reason_en"]) == ("Hủy cảnh báo", "Cancelled")
    assert data["alert_url"] == f"https://alerts.example.vn/v1/alerts/{ALERT.alert_id}"
    assert data["explanation_url"] == f"{data['alert_url']}/explanation?sequence=2"
    assert data["finding"] == CANCELLED.figures


def test_what_raises_an_alert_names_no_notice_before() -> None:
    opened = replace(CANCELLED, transition="opened", state="open", raised_by=None, caused_by=[])
    data = read(notices.event_of(opened, public_url=PUBLIC_URL)).get_data()
    assert isinstance(data, dict)
    assert (data["raised_by"], data["caused_by"]) == (None, [])


@pytest.mark.parametrize("reordered", [False, True])
def test_told_twice_the_bytes_are_the_same(reordered: bool) -> None:
    figures = dict(reversed([*CANCELLED.figures.items()])) if reordered else CANCELLED.figures
    again = replace(CANCELLED, figures=figures)
    assert notices.event_of(again, public_url=PUBLIC_URL) == notices.event_of(
        CANCELLED, public_url=PUBLIC_URL
    )


def test_a_test_is_an_event_too() -> None:
    event = read(notices.event_of_test(CHANGE, public_url=PUBLIC_URL, at=CANCELLED.recorded_at))
    assert (event.get_type(), event.get_id()) == ("vn.giaingan.alert.test.v1", str(CHANGE))
