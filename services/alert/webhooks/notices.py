"""A change of an alert as a CloudEvent (version 1.0, structured JSON), byte for byte the same at each try."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_TYPE = "vn.giaingan.alert.{what}.v1"
_TEST_VI = "Thông báo thử: địa chỉ này nhận được cảnh báo giải ngân."
_TEST_EN = "A test: this address receives disbursement alerts."


@dataclass(frozen=True, slots=True)
class Notice:
    """A change as it was told. ``raised_by``: the change that raised what this one carries on; ``None`` in
    one that raises itself. ``figures`` has the shape of ``figures.Figures``."""

    change_id: UUID
    alert_id: UUID
    sequence: int
    transition: str
    state: str
    severity: str
    rule: str
    rule_version: int
    subject_type: str
    subject_code: str
    budget_year: int
    as_of: date
    judged_on: date | None
    raised_on: date | None
    figures: Mapping[str, Any]
    reason_vi: str
    reason_en: str
    correction_vi: str
    correction_en: str
    caused_by: Sequence[UUID]
    raised_by: UUID | None
    recorded_at: datetime


def event_of(notice: Notice, *, public_url: str) -> bytes:
    """The body of a notice. Amounts are whole đồng, rates shares of 1."""
    alert_url = f"{_source(public_url)}/v1/alerts/{notice.alert_id}"
    data: dict[str, Any] = {
        "alert_id": str(notice.alert_id),
        "sequence": notice.sequence,
        "transition": notice.transition,
        "state": notice.state,
        "severity": notice.severity,
        "rule": notice.rule,
        "rule_version": notice.rule_version,
        "budget_year": notice.budget_year,
        "as_of": notice.as_of.isoformat(),
        "judged_on": _day(notice.judged_on),
        "raised_on": _day(notice.raised_on),
        "subject": notice.figures["subject"],
        "reason_vi": notice.reason_vi,
        "reason_en": notice.reason_en,
        # What it corrects: the notice that raised the alert, and the late events that changed what it said.
        "raised_by": str(notice.raised_by) if notice.raised_by else None,
        "caused_by": [str(each) for each in notice.caused_by],
        "correction_vi": notice.correction_vi,
        "correction_en": notice.correction_en,
        "finding": notice.figures,
        "alert_url": alert_url,
        "explanation_url": f"{alert_url}/explanation?sequence={notice.sequence}",
    }
    return _event(
        what=notice.transition,
        message_id=notice.change_id,
        public_url=public_url,
        subject=f"{notice.subject_type}/{notice.subject_code}",
        at=notice.recorded_at,
        data=data,
    )


def event_of_test(message_id: UUID, *, public_url: str, at: datetime) -> bytes:
    """The body of a test."""
    data = {"reason_vi": _TEST_VI, "reason_en": _TEST_EN}
    return _event(what="test", message_id=message_id, public_url=public_url, subject="test", at=at, data=data)


def _event(
    *, what: str, message_id: UUID, public_url: str, subject: str, at: datetime, data: Mapping[str, Any]
) -> bytes:
    event = {
        "specversion": "1.0",
        "id": str(message_id),
        "source": _source(public_url),
        "type": _TYPE.format(what=what),
        "subject": subject,
        "time": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False, sort_keys=True).encode()


def _source(public_url: str) -> str:
    return public_url.rstrip("/")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
