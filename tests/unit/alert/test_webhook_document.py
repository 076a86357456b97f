"""What receivers read (docs/WEBHOOKS.md) is what is sent: fields, types, waits, answers."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from uuid import UUID

from services.alert.webhooks import notices
from services.domain.alert_lifecycle import AlertTransition
from services.domain.webhook_retries import MOST_TRIES, verdict
from services.runtime.config import Settings
from tests.support import tidy
from tests.unit.alert.test_webhook_notices import CANCELLED

DOCUMENT = (tidy.ROOT / "docs" / "WEBHOOKS.md").read_text(encoding="utf-8")
_UNITS = {"s": timedelta(seconds=1), "min": timedelta(minutes=1), "h": timedelta(hours=1)}


def test_every_field_of_the_event_is_documented_and_no_other() -> None:
    event = json.loads(notices.event_of(CANCELLED, public_url="https://alerts.example.vn"))
    data = event.pop("data")
    sent = {*event, *(f"data.{name}" for name in data)} - {"specversion", "datacontenttype"}
    _, _, rest = DOCUMENT.partition("| field of the event |")
    table, _, _ = rest.partition("\n\n")
    named = {
        name for row in table.splitlines()[1:] for name in re.findall(r"`([a-z_.]+)`", row.split("|")[1])
    }
    assert named == sent


def test_every_transition_is_named() -> None:
    (row,) = [line for line in DOCUMENT.splitlines() if line.startswith("| `type` |")]
    assert {each.value for each in AlertTransition} | {"test"} == set(re.findall(r"`([a-z]+)`", row)) - {
        "type"
    }


def test_the_waits_are_those_that_are_waited() -> None:
    (row,) = [line for line in DOCUMENT.splitlines() if line.startswith("| after the one before |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")][2:]
    documented = [int(cell.split()[0]) * _UNITS[cell.split()[1]] for cell in cells]
    assert documented == [verdict(500, tries=tries).next_try_in for tries in range(1, MOST_TRIES)]


def test_the_time_for_an_answer_is_the_settings() -> None:
    seconds = Settings.model_fields["webhook_timeout_seconds"].default
    assert f"there are {seconds:g} s for the whole answer" in DOCUMENT


def test_a_test_event_has_its_type() -> None:
    body = notices.event_of_test(UUID(int=1), public_url="https://x", at=CANCELLED.recorded_at)
    assert f"`{json.loads(body)['type']}`" in DOCUMENT
