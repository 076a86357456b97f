"""One receiver beside others, one sender beside another; keys, tests and addresses on the way."""

from __future__ import annotations

import base64
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from services.alert.webhooks import delivery_store
from services.alert.webhooks.delivery_store import Attempt, Claimed
from services.alert.webhooks.sender import APPLICATION
from services.domain.webhook_retries import verdict
from services.runtime.postgres import Cursor, connect, transaction
from tests.support.alerting import Desk, eventually, migrated
from tests.support.webhook_desk import attempts, deliveries, fail, project, sending, states
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


def test_however_many_fail_the_others_have_half_of_the_senders(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    under_way = Counter[str]()
    lock = threading.Lock()

    def hang(_: Received) -> Reply:
        with lock:
            under_way["now"] += 1
            under_way["most"] = max(under_way["most"], under_way["now"])
        time.sleep(1.5)
        with lock:
            under_way["now"] -= 1
        return Reply(500)

    with a_receiver() as dead, sending(desk, webhook_senders=4):
        dead.answering = fail
        for _ in range(6):
            make(client, dead.url)
        make(client, receiver.url)
        desk.judge(project())
        eventually(lambda: attempts(desk) == 7)
        dead.answering = hang
        let_time_pass(desk.database_url)
        eventually(lambda: under_way["most"] == 2)
        desk.judge(*(project(number) for number in range(1, 21)))
        eventually(lambda: len(receiver.received) == 21)
        assert under_way["most"] == 2
        dead.answering = lambda _: Reply()


def test_however_many_are_slow_the_others_have_half_of_the_senders(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    """Slow and sound, with older messages that wait: they would be first for every sender."""

    def answer_late(_: Received) -> Reply:
        time.sleep(1.5)
        return Reply()

    with a_receiver() as slow, sending(desk, webhook_senders=2):
        slow.answering = answer_late
        for _ in range(3):
            make(client, slow.url)
        desk.judge(*(project(number) for number in range(10)))
        eventually(lambda: attempts(desk) >= 3)
        make(client, receiver.url)
        desk.judge(*(project(number) for number in range(10, 20)))
        eventually(lambda: len(receiver.received) == 10, seconds=10)
        assert len(slow.received) < 30
        slow.answering = lambda _: Reply()


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


def claim(cursor: Cursor, *, lease: timedelta) -> list[Claimed]:
    """All that is due."""
    return delivery_store.claim(cursor, at_most=9, holding_up_at_most=9, slow=(), lease=lease)


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
            (frozen,) = claim(cursor, lease=timedelta(0))
        with transaction(connection) as cursor:
            (other,) = claim(cursor, lease=timedelta(minutes=1))
            assert other.message_id == frozen.message_id
        with transaction(connection) as cursor:
            assert not delivery_store.record(cursor, frozen, attempt, verdict(500, tries=1))
            assert claim(cursor, lease=timedelta(minutes=1)) == []
        assert desk.rows("SELECT tries, state FROM alert.webhook_delivery") == [(0, "pending")]
        with transaction(connection) as cursor:
            assert delivery_store.record(cursor, frozen, attempt, verdict(200, tries=1))
            assert not delivery_store.record(cursor, other, attempt, verdict(500, tries=1))
        assert desk.rows("SELECT tries, state FROM alert.webhook_delivery") == [(1, "delivered")]
    finally:
        connection.close()
    assert attempts(desk) == 3


def test_a_database_that_goes_away_while_something_is_sent_is_waited_for(
    desk: Desk, client: FlaskClient, receiver: Receiver
) -> None:
    def cut(_: Received) -> Reply:
        receiver.answering = lambda _: Reply()
        cut_off = desk.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            APPLICATION,
        )
        assert cut_off == [(True,)]
        return Reply()

    receiver.answering = cut
    make(client, receiver.url)
    with sending(desk):
        desk.judge(project())
        eventually(lambda: states(desk) == ["delivered"])
        # And it goes on.
        desk.judge(project(1))
        eventually(lambda: states(desk) == ["delivered"] * 2)
    assert len(receiver.ids) == len(set(receiver.ids)) == 2


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
