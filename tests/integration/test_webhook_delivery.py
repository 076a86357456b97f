"""Changes of alerts on their way to real HTTPS receivers: who is told, how often, in which order."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from services.alert.webhooks import delivery_store
from services.alert.webhooks.delivery_store import Attempt
from services.alert.webhooks.sender import WebhookSender
from services.domain.progress import Progress, Subject, SubjectType
from services.domain.webhook_retries import MOST_TRIES, verdict
from services.runtime.access import Scope
from services.runtime.postgres import connect, transaction
from tests.integration.test_alert_corrections import LATE, MARCH, told
from tests.support import ca_mau
from tests.support.alerting import Desk, eventually, migrated, settings_for
from tests.support.webhooks import (
    SETTINGS,
    Received,
    Receiver,
    Reply,
    ResetError,
    let_time_pass,
    make,
    sending_loop,
)
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


def sending(desk: Desk, **settings: Any) -> AbstractContextManager[WebhookSender]:
    return sending_loop(settings_for(desk.database_url, **(dict(SETTINGS) | settings)), chance=lambda: 0.0)


def project(number: int = 0, *, owner: str = "O1", **figures: Any) -> Progress:
    code = f"P{number}-{owner}"
    subject = Subject(SubjectType.PROJECT, code, f"Dự án {number}", "96", owner_code=owner, owner_name="Ban")
    return ca_mau.province(subject=subject, **figures)


def caught_up(number: int = 0, **figures: Any) -> Progress:
    return project(number, disbursed=1_500_000_000_000, version=2, **figures)


def deliveries(client: FlaskClient, made: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/webhooks/{made['endpoint_id']}/deliveries")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def states(desk: Desk) -> list[str]:
    return [
        state for (state,) in desk.rows("SELECT state FROM alert.webhook_delivery ORDER BY made_at, sequence")
    ]


def attempts(desk: Desk) -> int:
    ((count,),) = desk.rows("SELECT count(*) FROM alert.webhook_attempt")
    return int(count)


def fail(*_: Received) -> Reply:
    return Reply(500, body=b"internal error")


def reset(*_: Received) -> Reply:
    raise ResetError


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


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 4),
        ({"rules": ["behind_target"]}, 4),
        ({"rules": ["over_plan"]}, 0),
        ({"states": ["resolved"]}, 1),
        ({"states": ["open"]}, 3),
        ({"severities": ["info"]}, 0),
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
            eventually(lambda: set(states(desk)) == {"delivered"})
        assert len(receiver.received) == expected
        assert set(receiver.ids) <= set(everything.ids)


def test_a_caller_of_a_unit_is_told_of_its_own_alone(desk: Desk, receiver: Receiver) -> None:
    make(desk.client(Scope.ALERT_ACT, unit="96/O2", **SETTINGS), receiver.url)
    with a_receiver() as everything, sending(desk):
        make(desk.client(**SETTINGS), everything.url)
        desk.judge(project(1), project(2, owner="O2"))
        eventually(lambda: len(everything.received) == 2)
        eventually(lambda: set(states(desk)) == {"delivered"})
    assert [event["subject"] for event in receiver.events] == ["project/P2-O2"]


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
        eventually(lambda: set(states(desk)) == {"delivered"})
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


# --- one receiver and the others --------------------------------------------------------------------


def test_a_receiver_that_hangs_holds_up_nobody_else(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    release = threading.Event()

    def hang(_: Received) -> Reply:
        release.wait(20)
        return Reply()

    with a_receiver() as slow, sending(desk, webhook_timeout_seconds=15.0, webhook_senders=2):
        slow.answering = hang
        make(client, slow.url)
        make(client, receiver.url)
        desk.judge(*(project(number) for number in range(20)))
        try:
            eventually(lambda: len(receiver.received) == 20, seconds=10)
            # And of the slow one's, one alone is under way.
            assert len(slow.received) == 1
        finally:
            release.set()
        eventually(lambda: states(desk) == ["delivered"] * 40)


def test_two_senders_send_each_message_once(desk: Desk, client: FlaskClient, receiver: Receiver) -> None:
    under_way: list[int] = [0, 0]
    lock = threading.Lock()

    def count(_: Received) -> Reply:
        with lock:
            under_way[0] += 1
            under_way[1] = max(under_way)
        time.sleep(0.02)
        with lock:
            under_way[0] -= 1
        return Reply()

    receiver.answering = count
    make(client, receiver.url)
    with sending(desk), sending(desk):
        for start in range(0, 30, 10):
            desk.judge(*(project(number) for number in range(start, start + 10)))
        eventually(lambda: states(desk) == ["delivered"] * 30)
    assert len(receiver.ids) == len(set(receiver.ids)) == 30
    assert under_way[1] == 1
    assert attempts(desk) == 30


def test_of_a_sender_whose_lease_ended_a_failure_does_not_count_and_a_success_does(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    """As of a process that was frozen for longer than its lease, while another one went on."""
    make(client, receiver.url)
    desk.judge(project())
    connection = connect(desk.database_url, application="test")
    attempt = Attempt(datetime.now(UTC), timedelta(seconds=1), 500)
    try:
        with transaction(connection) as cursor:
            delivery_store.make_deliveries(cursor)
            (frozen,) = delivery_store.claim(cursor, at_most=9, lease=timedelta(0))
        with transaction(connection) as cursor:
            (other,) = delivery_store.claim(cursor, at_most=9, lease=timedelta(minutes=1))
            assert other.message_id == frozen.message_id
        with transaction(connection) as cursor:
            assert not delivery_store.record(cursor, frozen, attempt, verdict(500, tries=1))
            assert delivery_store.claim(cursor, at_most=9, lease=timedelta(minutes=1)) == []
        assert desk.rows("SELECT tries, state FROM alert.webhook_delivery") == [(0, "pending")]
        with transaction(connection) as cursor:
            assert delivery_store.record(cursor, frozen, attempt, verdict(200, tries=1))
            assert not delivery_store.record(cursor, other, attempt, verdict(500, tries=1))
        assert desk.rows("SELECT tries, state FROM alert.webhook_delivery") == [(1, "delivered")]
    finally:
        connection.close()
    assert attempts(desk) == 3


# --- keys, tests, addresses ---------------------------------------------------------------------------


def test_after_a_rotation_either_secret_verifies_until_the_old_one_ends(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    made = make(client, receiver.url)
    path = f"/v1/webhooks/{made['endpoint_id']}"
    rotated = client.post(f"{path}/rotate-key", json={}).get_json()
    with sending(desk):
        desk.judge(project(1))
        eventually(lambda: len(receiver.received) == 1)
        assert len(receiver.received[0].headers["webhook-signature"].split()) == 2
        for secret in (made["secret"], rotated["secret"]):
            receiver.received[0].verified_by(secret)
        ended = client.post(f"{path}/rotate-key", json={"overlap_hours": 0}).get_json()
        desk.judge(project(2))
        eventually(lambda: len(receiver.received) == 2)
    receiver.received[1].verified_by(ended["secret"])
    for secret in (made["secret"], rotated["secret"]):
        with pytest.raises(Exception, match="No matching signature"):
            receiver.received[1].verified_by(secret)


def test_a_test_goes_the_same_way_and_is_tried_once(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    made = make(client, receiver.url)
    path = f"/v1/webhooks/{made['endpoint_id']}/test"
    with sending(desk):
        answer = client.post(path)
        assert (answer.status_code, answer.get_json()["state"]) == (202, "pending")
        eventually(lambda: states(desk) == ["delivered"])
        event = receiver.received[0].verified_by(made["secret"])
        assert event["type"] == "vn.giaingan.alert.test.v1"
        assert event["id"] == answer.get_json()["message_id"]
        receiver.answering = fail
        client.post(path)
        eventually(lambda: states(desk) == ["delivered", "given_up"])
    assert len(receiver.received) == 2


def test_an_address_that_turned_inside_is_not_called(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    """Checked when it was made, and anew at each try: what a name means now is what counts."""
    made = make(client, receiver.url)
    with sending(desk, webhook_inside_networks=None):
        desk.judge(project())
        eventually(lambda: attempts(desk) == 1)
    assert receiver.received == []
    (delivery,) = deliveries(client, made)
    (attempt,) = delivery["attempts"]
    assert (attempt["outcome"], attempt["status"]) == ("failed", None)
    assert " / " in attempt["error"]


def test_what_cannot_be_signed_is_not_sent_and_says_so(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    made = make(client, receiver.url)
    desk.judge(project())
    with sending(desk, webhook_key=base64.b64encode(b"another key of the installation!").decode()):
        eventually(lambda: attempts(desk) == 1)
    assert receiver.received == []
    assert "installation is missing" in deliveries(client, made)[0]["attempts"][0]["error"]
    # With the old key beside the new one it goes on.
    let_time_pass(desk.database_url)
    both = base64.b64encode(b"another key of the installation!").decode() + "," + SETTINGS["webhook_key"]
    with sending(desk, webhook_key=both):
        eventually(lambda: states(desk) == ["delivered"])
    receiver.received[0].verified_by(made["secret"])


def test_the_log_pages_by_state(desk: Desk, client: FlaskClient, receiver: Receiver) -> None:
    made = make(client, receiver.url)
    with sending(desk):
        desk.judge(*(project(number) for number in range(5)))
        eventually(lambda: states(desk) == ["delivered"] * 5)
    path = f"/v1/webhooks/{made['endpoint_id']}/deliveries"
    found: list[UUID] = []
    cursor = ""
    while True:
        page = client.get(f"{path}?limit=2&state=delivered{cursor}").get_json()
        found += [item["message_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(map(str, found)) == sorted(receiver.ids)
    assert client.get(f"{path}?state=pending").get_json()["items"] == []
