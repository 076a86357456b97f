"""Changes of alerts on their way to real HTTPS receivers: who is told, how often, in which order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from services.domain.webhook_retries import MOST_TRIES
from services.runtime.access import Scope
from tests.integration.test_alert_corrections import LATE, MARCH, told
from tests.support.alerting import Desk, eventually, migrated
from tests.support.webhook_desk import (
    attempts,
    caught_up,
    deliveries,
    fail,
    is_all_told,
    project,
    reset,
    sending,
    states,
)
from tests.support.webhooks import SETTINGS, Received, Receiver, Reply, let_time_pass, make
from tests.support.webhooks import receiver as a_receiver


@pytest.fixture
def desk(database_url: str) -> Desk:
    migrated(database_url)
    return Desk(database_url)


@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    return desk.client(**SETTINGS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as running:
        yield running


# --- what is told, and to whom ---------------------------------------------------------------------


def test_each_change_is_told_once_in_order_signed_and_under_its_own_id(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    made = make(client, receiver.url)
    with sending(desk):
        desk.judge(project())
        desk.judge(caught_up())
        eventually(lambda: states(desk) == ["delivered", "delivered"])
    changes = desk.rows("SELECT change_id, sequence FROM alert.alert_change ORDER BY sequence")
    assert receiver.ids == [str(change) for change, _ in changes]
    for received in receiver.received:
        event = received.verified_by(made["secret"])
        assert event["id"] == received.message_id
        assert received.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    opened, resolved = receiver.events
    assert (opened["type"], resolved["type"]) == (
        "vn.giaingan.alert.opened.v1",
        "vn.giaingan.alert.resolved.v1",
    )
    assert resolved["data"]["raised_by"] == opened["id"]


def test_a_correction_that_clears_an_alert_is_told_as_its_cancellation_naming_the_first_notice(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    make(client, receiver.url, rules=["behind_target"])
    with sending(desk):
        desk.judge(told(1, MARCH, {MARCH: 100}))
        eventually(lambda: len(receiver.received) == 1)
        desk.judge(told(2, MARCH, {date(2022, 3, 15): 100, MARCH: 200}, (LATE, date(2022, 3, 15))))
        eventually(lambda: states(desk) == ["delivered", "delivered"])
    first, second = receiver.events
    assert second["type"] == "vn.giaingan.alert.cancelled.v1"
    assert second["data"]["raised_by"] == first["id"]
    assert second["data"]["caused_by"] == [str(LATE)]
    assert second["data"]["correction_vi"].startswith("Hủy cảnh báo")
    assert second["data"]["correction_en"].startswith("Cancelled")


def test_who_is_added_later_is_told_of_what_changes_later(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    with a_receiver() as early, sending(desk):
        make(client, early.url)
        desk.judge(project(1))
        eventually(lambda: len(early.received) == 1)
        make(client, receiver.url)
        desk.judge(project(2))
        eventually(lambda: len(early.received) == 2 and len(receiver.received) == 1)
        eventually(lambda: states(desk) == ["delivered"] * 3)
    assert receiver.ids == early.ids[1:]


def test_changes_of_while_no_sender_ran_are_told_by_the_next(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    make(client, receiver.url)
    desk.judge(project(1))
    desk.judge(project(2))
    assert desk.rows("SELECT count(*) FROM alert.webhook_unrouted") == [(2,)]
    with sending(desk):
        eventually(lambda: len(receiver.received) == 2)
    assert desk.rows("SELECT count(*) FROM alert.webhook_unrouted") == [(0,)]


def test_what_changed_before_it_was_made_is_not_told_though_no_sender_ran(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    desk.judge(project(1))
    make(client, receiver.url)
    desk.judge(project(2))
    with sending(desk):
        eventually(lambda: states(desk) == ["delivered"])
    assert [event["subject"] for event in receiver.events] == ["project/P2-O1"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 4),
        ({"rules": ["behind_target"]}, 4),
        ({"rules": ["over_plan"]}, 0),
        ({"states": ["resolved"]}, 1),
        ({"states": ["open"]}, 3),
        ({"severities": ["critical"]}, 0),
        ({"unit": "96"}, 4),
        ({"unit": "96/O2"}, 1),
        ({"unit": "49"}, 0),
    ],
)
def test_a_receiver_is_told_of_what_it_wants_and_of_its_unit_alone(
    desk: Desk, client: FlaskClient, receiver: Receiver, fields: dict[str, Any], expected: int
) -> None:
    with a_receiver() as everything:
        make(client, everything.url)
        make(client, receiver.url, **fields)
        with sending(desk):
            desk.judge(project(1), project(2), project(3, owner="O2"))
            desk.judge(caught_up(1))
            eventually(lambda: len(everything.received) == 4)
            eventually(lambda: is_all_told(desk))
        assert len(receiver.received) == expected
        assert set(receiver.ids) <= set(everything.ids)


def test_a_caller_of_a_unit_is_told_of_its_own_alone(desk: Desk, receiver: Receiver) -> None:
    make(desk.client(Scope.ALERT_ACT, unit="96/O2", **SETTINGS), receiver.url)
    with a_receiver() as everything, sending(desk):
        make(desk.client(**SETTINGS), everything.url)
        desk.judge(project(1), project(2, owner="O2"))
        eventually(lambda: len(everything.received) == 2)
        eventually(lambda: is_all_told(desk))
    assert [event["subject"] for event in receiver.events] == ["project/P2-O2"]


def test_an_owner_whose_code_begins_with_anothers_is_told_of_its_own_alone(
    desk: Desk, receiver: Receiver
) -> None:
    """Codes of owners may hold a stroke: ``B/1`` is another owner than ``B``."""
    make(desk.client(Scope.ALERT_ACT, unit="96/B/1", **SETTINGS), receiver.url)
    with a_receiver() as everything, sending(desk):
        make(desk.client(**SETTINGS), everything.url)
        desk.judge(project(1, owner="B"), project(2, owner="B/1"))
        eventually(lambda: len(everything.received) == 2)
        eventually(lambda: is_all_told(desk))
    assert [event["subject"] for event in receiver.events] == ["project/P2-B/1"]


def test_an_alert_that_was_critical_is_told_to_its_end(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    """A receiver that wants critical alerts is told that one became a warning, and that it ended."""
    make(client, receiver.url, severities=["critical"])
    desk.judge(project(1, disbursed=0))
    ((severity,),) = desk.rows("SELECT severity FROM alert.alert WHERE rule = 'behind_target'")
    assert severity == "critical"
    with sending(desk):
        desk.judge(project(1, version=2), caught_up(1))
        desk.judge(project(1, disbursed=1_500_000_000_000, version=3))
        ((changes,),) = desk.rows(
            "SELECT count(*) FROM alert.alert_change JOIN alert.alert AS a ON a.id = alert_id"
            " WHERE rule = 'behind_target'"
        )
        eventually(lambda: is_all_told(desk))
    behind = [event for event in receiver.events if event["data"]["rule"] == "behind_target"]
    assert len(behind) == changes > 1
    assert behind[-1]["type"] == "vn.giaingan.alert.resolved.v1"
    assert behind[-1]["data"]["severity"] != "critical"


# --- what fails ------------------------------------------------------------------------------------


@pytest.mark.parametrize("answering", [fail, reset, lambda _: Reply(302, {"Location": "https://127.0.0.1/"})])
def test_what_fails_is_tried_again_under_the_same_id_and_in_the_same_bytes(
    desk: Desk, client: FlaskClient, receiver: Receiver, answering: Callable[[Received], Reply]
) -> None:
    receiver.answering = answering
    made = make(client, receiver.url)
    with sending(desk):
        desk.judge(project())
        for tries in range(1, MOST_TRIES):
            eventually(lambda tries=tries: attempts(desk) == tries)  # type: ignore[misc]
            assert states(desk) == ["pending"]
            let_time_pass(desk.database_url)
        receiver.answering = lambda _: Reply(200)
        eventually(lambda: states(desk) == ["delivered"])
    assert len(receiver.received) == MOST_TRIES
    assert len(set(receiver.ids)) == 1
    assert set(receiver.bodies().values()) == {1}
    (delivery,) = deliveries(client, made)
    assert [attempt["outcome"] for attempt in delivery["attempts"]] == ["delivered"] + ["failed"] * 9


def test_after_ten_tries_it_is_given_up_and_is_sent_again_when_asked(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    receiver.answering = lambda got: fail() if got.event["data"]["sequence"] == 1 else Reply()
    made = make(client, receiver.url)
    desk.judge(project())
    desk.judge(caught_up())
    with sending(desk):
        for tries in range(1, MOST_TRIES):
            eventually(lambda tries=tries: attempts(desk) == tries)  # type: ignore[misc]
            assert states(desk) == ["pending", "pending"]
            let_time_pass(desk.database_url)
        # What came after it waited for it, and goes on now.
        eventually(lambda: states(desk) == ["given_up", "delivered"])
        receiver.answering = lambda _: Reply()
        (first,) = (each for each in deliveries(client, made) if each["sequence"] == 1)
        assert (first["tries"], first["state"], first["next_try_at"]) == (10, "given_up", None)
        assert first["attempts"][0]["answer"] == "internal error"
        path = f"/v1/webhooks/{made['endpoint_id']}/deliveries/{first['delivery_id']}/redeliver"
        assert client.post(path).status_code == 202
        eventually(lambda: states(desk) == ["delivered", "delivered"])
    assert len(set(receiver.ids)) == 2
    assert receiver.ids[-1] == receiver.ids[0]


def test_410_disables_it_and_nothing_more_is_sent(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    receiver.answering = lambda _: Reply(410)
    made = make(client, receiver.url)
    path = f"/v1/webhooks/{made['endpoint_id']}"
    with sending(desk):
        desk.judge(project(1), project(2))
        eventually(lambda: client.get(path).get_json()["state"] == "disabled")
        assert client.get(path).get_json()["state_reason"] == "gone"
        desk.judge(project(3))
        let_time_pass(desk.database_url)
        eventually(lambda: desk.rows("SELECT count(*) FROM alert.webhook_unrouted") == [(0,)])
        time.sleep(0.6)
        assert sorted(states(desk)) == ["given_up", "pending"]
        assert len(receiver.received) == 1
        receiver.answering = lambda _: Reply()
        client.patch(path, json={"enabled": True})
        eventually(lambda: sorted(states(desk)) == ["delivered", "given_up"])


def test_429_holds_all_that_goes_there_for_as_long_as_it_asks(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    receiver.answering = lambda _: Reply(429, {"Retry-After": "3600"})
    made = make(client, receiver.url)
    with sending(desk):
        desk.judge(project(1), project(2))
        eventually(lambda: attempts(desk) == 1)
        time.sleep(0.6)
        assert len(receiver.received) == 1
        ((held, wait),) = desk.rows(
            "SELECT extract(epoch FROM held_until - now()), extract(epoch FROM max(next_try_at) - now())"
            " FROM alert.webhook_endpoint JOIN alert.webhook_delivery USING (endpoint_id) GROUP BY held_until"
        )
        assert 3500 < held <= 3600
        assert 3500 < wait <= 3600
        assert client.get(f"/v1/webhooks/{made['endpoint_id']}").get_json()["held_until"] is not None
        receiver.answering = lambda _: Reply()
        let_time_pass(desk.database_url)
        eventually(lambda: states(desk) == ["delivered", "delivered"])


def test_an_alerts_changes_wait_for_each_other_and_other_alerts_do_not(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    receiver.answering = lambda got: Reply(500 if got.event["subject"] == "project/P1-O1" else 204)
    make(client, receiver.url)
    with sending(desk):
        desk.judge(project(1), project(2))
        desk.judge(caught_up(1), caught_up(2))
        eventually(lambda: sorted(states(desk)) == ["delivered", "delivered", "pending", "pending"])
        time.sleep(0.4)
        assert [event["data"]["sequence"] for event in receiver.events if "P1" in event["subject"]] == [1]
        receiver.answering = lambda _: Reply()
        let_time_pass(desk.database_url)
        eventually(lambda: states(desk) == ["delivered"] * 4)
    assert [e["data"]["sequence"] for e in receiver.events if "P1" in e["subject"]] == [1, 1, 2]


def test_metrics_tell_how_long_it_took_and_who_still_waits(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    def value(name: str, **labels: str) -> float:
        assert client.get("/metrics").status_code == 200
        return REGISTRY.get_sample_value(name, labels) or 0.0

    receiver.answering = fail
    make(client, receiver.url)
    failed = value("giaingan_webhook_attempts_total", outcome="failed")
    seconds = value("giaingan_alerts_delivery_seconds_count", channel="webhook")
    assert value("giaingan_webhook_oldest_pending_seconds") == 0
    with sending(desk):
        desk.judge(project())
        eventually(lambda: attempts(desk) == 1)
        assert value("giaingan_webhook_oldest_pending_seconds") > 0
        receiver.answering = lambda _: Reply()
        let_time_pass(desk.database_url)
        eventually(lambda: states(desk) == ["delivered"])
        assert value("giaingan_webhook_oldest_pending_seconds") == 0
        # Counted when it is written down.
        eventually(lambda: value("giaingan_alerts_delivery_seconds_count", channel="webhook") == seconds + 1)
    assert value("giaingan_webhook_attempts_total", outcome="failed") == failed + 1
